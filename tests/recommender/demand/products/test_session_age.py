"""What sessions tell grows old as fast as it does, and not at all where nothing changes."""

import numpy as np
import pytest

from recommender.demand.products.session_age import Held, age_weights, learn_half_life


def held(changing: bool) -> Held:
    """Forty products with a session a month for three years; their appeal drifts, or stays."""
    rng = np.random.default_rng(4)
    products, months = 40, 36
    steps = rng.normal(0.0, 0.35 if changing else 0.0, (products, months)).cumsum(axis=1)
    rate = np.exp(rng.normal(0.0, 0.5, (products, 1)) + steps - steps.mean())
    product = np.repeat(np.arange(products), months)
    age = np.tile(30.0 * (months - 1 - np.arange(months)), products)
    demand = rng.poisson(50.0 * rate.ravel()).astype(float)
    size = np.full(len(age), 20.0)
    return Held(demand, np.full(len(age), 50.0), age, product, product % 4, size)


def test_where_appeal_drifts_the_latest_sessions_count_most() -> None:
    assert learn_half_life(held(changing=True)) <= 182.0


def test_where_nothing_changes_all_of_the_past_counts_alike() -> None:
    assert learn_half_life(held(changing=False)) == np.inf


def test_nothing_held_or_one_period_alone_says_nothing() -> None:
    some = held(changing=True)
    assert learn_half_life(Held(*(part[:0] for part in some))) == np.inf
    assert learn_half_life(Held(*(part[some.age < 60] for part in some))) == np.inf


def test_weights_halve_with_every_half_life_and_the_future_counts_whole() -> None:
    found = age_weights(np.array([-5.0, 0.0, 100.0, 200.0]), 100.0)
    assert found == pytest.approx([1.0, 1.0, 0.5, 0.25])
    assert age_weights(np.array([1e6]), np.inf) == pytest.approx([1.0])
