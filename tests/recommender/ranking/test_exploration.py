import numpy as np
import pytest

from recommender.ranking.exploration import RateTable, explore, win_chances


@pytest.fixture
def table() -> RateTable:
    bookings = np.array([0.0, 3.0, 30.0, 1.0, 0.0, 12.0])
    showings = np.array([0.0, 40.0, 900.0, 200.0, 3.0, 250.0])
    return RateTable.learn(bookings, showings)


def test_chances_are_those_of_thompson_sampling(table: RateTable) -> None:
    """Against the definition: draw every rate, take the highest, count."""
    rng = np.random.default_rng(5)
    bookings = np.array([0.0, 3.0, 30.0, 1.0, 0.0, 12.0])
    showings = np.array([0.0, 40.0, 900.0, 200.0, 3.0, 250.0])
    rate = bookings.sum() / showings.sum()
    draws = rng.beta(20 * rate + bookings, 20 * (1 - rate) + showings - bookings, (200_000, 6))
    won = np.bincount(draws.argmax(axis=1), minlength=6) / 200_000
    np.testing.assert_allclose(win_chances(table, np.arange(6)), won, atol=0.01)


def test_logged_propensity_is_how_often_an_event_stands_there(table: RateTable) -> None:
    rng = np.random.default_rng(6)
    pool = np.array([5, 1, 0, 3, 4])
    runs = 20_000
    shown = [dict.fromkeys(range(6), 0), dict.fromkeys(range(6), 0)]
    logged: list[dict[int, float]] = [{}, {}]
    for _ in range(runs):
        for slot, (event, propensity) in enumerate(explore(table, pool, 2, rng=rng)):
            shown[slot][event] += 1
            logged[slot][event] = propensity
    for slot in (0, 1):
        assert sum(logged[slot].values()) == pytest.approx(1.0)
        for event, propensity in logged[slot].items():
            assert shown[slot][event] / runs == pytest.approx(propensity, abs=0.015)


def test_slots_never_show_the_same_event(table: RateTable) -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        events = [event for event, _ in explore(table, np.arange(6), 3, rng=rng)]
        assert len(set(events)) == 3


def test_a_small_pool_fills_fewer_slots(table: RateTable) -> None:
    assert explore(table, np.array([2]), 2, rng=np.random.default_rng(8)) == [(2, 1.0)]


def test_without_showings_bookings_alone_do_not_break() -> None:
    table = RateTable.learn(np.array([0.0, 40.0]), np.zeros(2))
    chances = win_chances(table, np.array([0, 1]))
    assert chances.sum() == pytest.approx(1)
    assert table.trials[1] > table.trials[0]
