import numpy as np
from scipy import optimize

from recommender.ranking.lists.seat_prices import best_columns, capacity_prices, expected_load


def everybody_sees_everything(
    value: np.ndarray, probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    events = np.broadcast_to(np.arange(value.shape[1]), value.shape)
    return events, value, probability


def test_a_crowded_event_gets_a_price_and_an_empty_one_none() -> None:
    rng = np.random.default_rng(1)
    probability = np.full((200, 3), 0.5)
    value = probability * np.array([1.2, 1.0, 0.9]) + rng.normal(0, 0.01, (200, 3))
    seats = np.array([10.0, 1000.0, np.inf])
    events, value, probability = everybody_sees_everything(value, probability)
    prices = capacity_prices(events, value, probability, seats, n=1)
    assert prices[0] > 0.15
    assert prices[1] == prices[2] == 0
    before = expected_load(events, probability, best_columns(value, 1), 3)
    priced = value - prices[events] * probability
    after = expected_load(events, probability, best_columns(priced, 1), 3)
    assert before[0] == 100
    assert after[0] <= 15


def test_priced_lists_come_close_to_the_linear_programme() -> None:
    rng = np.random.default_rng(2)
    residents, n_events, n = 300, 12, 3
    probability = rng.uniform(0.05, 0.4, (residents, n_events)) * rng.uniform(0.3, 1.5, n_events)
    probability = np.minimum(probability, 0.9)
    seats = rng.integers(5, 40, n_events).astype(float)
    events, value, probability = everybody_sees_everything(probability.copy(), probability)
    prices = capacity_prices(events, value, probability, seats, n=n, rounds=400)
    dual = float(
        prices @ seats + np.sort(value - prices[events] * probability, axis=1)[:, -n:].sum()
    )
    rows = np.repeat(np.arange(residents), n_events)
    per_event = np.zeros((n_events, residents * n_events))
    per_event[np.tile(np.arange(n_events), residents), np.arange(rows.size)] = probability.ravel()
    per_resident = np.zeros((residents, rows.size))
    per_resident[rows, np.arange(rows.size)] = 1
    best = -optimize.linprog(
        -value.ravel(),
        A_ub=np.vstack([per_event, per_resident]),
        b_ub=np.concatenate([seats, np.full(residents, n)]),
        bounds=(0, 1),
    ).fun
    assert best <= dual * (1 + 1e-9)  # weak duality: prices never promise too little
    assert dual <= best * 1.03


def test_a_sample_stands_for_everybody() -> None:
    rng = np.random.default_rng(3)
    probability = rng.uniform(0.1, 0.5, (4000, 6))
    seats = np.array([50.0, 80.0, 400.0, 400.0, 2000.0, 2000.0])
    whole = capacity_prices(*everybody_sees_everything(probability, probability), seats, n=2)
    part = probability[:1000]
    sampled = capacity_prices(*everybody_sees_everything(part, part), seats, n=2, scale=4.0)
    np.testing.assert_allclose(sampled, whole, atol=0.1)


def test_nothing_to_show_costs_nothing() -> None:
    value = np.full((3, 2), -np.inf)
    events, value, probability = everybody_sees_everything(value, np.zeros((3, 2)))
    assert capacity_prices(events, value, probability, np.array([1.0, 1.0]), n=1).tolist() == [0, 0]
