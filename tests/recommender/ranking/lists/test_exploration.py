import numpy as np
import pytest

from recommender.ranking.lists.exploration import RateTable, sample_slot, win_chances


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
    np.testing.assert_allclose(win_chances(table, np.arange(6)[None, :])[0], won, atol=0.01)


def test_logged_propensity_is_how_often_an_event_wins(table: RateTable) -> None:
    runs = 40_000
    pool = np.tile([5, 1, 0, 3, 4, -1], (runs, 1))
    winner, propensity = sample_slot(table, pool, np.random.default_rng(6).random(runs))
    for event in (5, 1, 0, 3, 4):
        logged = np.unique(propensity[winner == event])
        assert len(logged) == 1
        assert (winner == event).mean() == pytest.approx(logged[0], abs=0.01)


def test_each_row_draws_from_its_own_pool(table: RateTable) -> None:
    pool = np.array([[0, 1, -1], [4, -1, -1], [2, 3, 5], [-1, -1, -1]])
    for chance in (0.0, 0.3, 0.999999):
        winner, propensity = sample_slot(table, pool, np.full(4, chance))
        assert winner[0] in (0, 1)
        assert winner[1] == 4
        assert winner[2] in (2, 3, 5)
        assert winner[3] == -1
        assert propensity[1] == propensity[3] == 1
        assert ((propensity > 0) & (propensity <= 1)).all()


def test_without_showings_bookings_alone_do_not_break() -> None:
    table = RateTable.learn(np.array([0.0, 40.0]), np.zeros(2))
    assert win_chances(table, np.array([[0, 1]])).sum() == pytest.approx(1)
    assert table.trials[1] > table.trials[0]
