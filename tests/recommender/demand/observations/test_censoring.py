"""Hidden demand is found again, where simpler corrections fall short."""

import numpy as np
import pytest
from scipy.stats import nbinom

from recommender.demand.observations.censoring import tail_mean, unconstrain
from recommender.demand.observations.gravity import gravity_attendances, learn_reach


@pytest.mark.parametrize(("tightness", "within"), [(1.3, 0.03), (1.0, 0.05), (0.8, 0.08)])
def test_planted_demand_is_found_again(tightness: float, within: float) -> None:
    rng = np.random.default_rng(0)
    products, sessions = 300, 4
    rate = rng.gamma(4, 15, products)
    product = np.repeat(np.arange(products), sessions)
    demand = rng.negative_binomial(5, 5 / (5 + rate[product])).astype(float)
    seats = np.maximum(10.0, np.round(60 * tightness * rng.lognormal(0, 0.4, len(product))))
    full = demand >= seats
    waiting = rng.binomial(np.maximum(demand - seats, 0).astype(int), 0.4).astype(float)
    taken = np.minimum(demand, seats)
    seen = taken + waiting
    found = unconstrain(
        taken, waiting, full, np.ones(len(product)), product, np.zeros(products, dtype=np.intp)
    )
    without = unconstrain(
        taken, 0 * waiting, full, np.ones(len(product)), product, np.zeros(products, dtype=np.intp)
    )
    assert without.demand.sum() == pytest.approx(demand.sum(), rel=0.09)
    assert seen.sum() < 0.95 * demand.sum()
    assert found.demand.sum() == pytest.approx(demand.sum(), rel=within)
    assert (found.demand >= seen).all()
    assert (found.demand[~full] == seen[~full]).all()
    assert 2.5 < found.size[0] < 10


def test_tail_mean_agrees_with_the_sum() -> None:
    values = np.arange(0, 5000)
    for mean, size, bound in ((30.0, 3.0, 50), (5.0, 100.0, 5), (80.0, 1.0, 1), (10.0, 2.0, 0)):
        mass = nbinom.pmf(values, size, size / (size + mean))
        above = values >= bound
        exact = (values * mass)[above].sum() / mass[above].sum()
        one = tail_mean(np.array([float(bound)]), np.array([mean]), np.array([size]))
        assert one[0] == pytest.approx(exact, rel=1e-6)


def test_tail_mean_stays_above_the_bound_far_out() -> None:
    found = tail_mean(np.array([5000.0]), np.array([2.0]), np.array([100.0]))
    assert 5000 <= found[0] < 5100


def test_without_full_sessions_nothing_changes() -> None:
    seen = np.array([3.0, 10.0, 0.0])
    found = unconstrain(
        seen,
        np.zeros(3),
        np.zeros(3, dtype=bool),
        np.ones(3),
        np.array([0, 0, 1]),
        np.array([0, 0, 0]),
    )
    np.testing.assert_array_equal(found.demand, seen)
    assert found.rate[2] > 0


def test_a_category_with_one_full_session_stays_finite() -> None:
    found = unconstrain(
        np.array([40.0]), np.zeros(1), np.array([True]), np.ones(1), np.array([0]), np.array([0])
    )
    assert 40 <= found.demand[0] < 400


def test_reach_is_learnt_from_who_came_from_where() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 6000, (8, 2))
    metres = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    truth = np.exp(0.4 * np.eye(8) - 0.5 * metres / 1000)
    expected = np.full((8, 8), 400.0)
    expected[:, 7] = 0.0
    found = learn_reach(rng.poisson(expected * truth).astype(float), expected, metres)
    assert found.per_km == pytest.approx(0.5, abs=0.08)
    np.testing.assert_allclose(found.reach, truth, rtol=0.25, atol=0.05)
    np.testing.assert_allclose(gravity_attendances(np.ones((8, 1)), truth)[:, 0], truth.sum(axis=0))


def test_without_points_own_street_and_others_still_differ() -> None:
    expected = np.full((5, 5), 100.0)
    counts = np.where(np.eye(5) > 0, 300.0, 50.0)
    found = learn_reach(counts, expected)
    np.testing.assert_allclose(found.reach, counts / expected, rtol=0.05)


@pytest.mark.parametrize("scarcity", [1.0, 2.0, 4.0])
def test_the_moment_a_session_filled_up_tells_its_demand(scarcity: float) -> None:
    rng = np.random.default_rng(0)
    products, sessions = 200, 4
    product = np.repeat(np.arange(products), sessions)
    mean = rng.gamma(3, 20, products)[product] * rng.gamma(6, 1 / 6, len(product))
    demand = rng.poisson(mean).astype(float)
    seats = np.maximum(np.round(60 / scarcity * rng.lognormal(0, 0.4, len(product))), 3.0)
    full = demand > seats
    # Arrivals are even in time; the first to find it full stands on the waiting list.
    elapsed, early = np.full(len(product), np.nan), demand.copy()
    for j in full.nonzero()[0]:
        arrivals = np.sort(rng.random(int(demand[j])))
        elapsed[j], early[j] = arrivals[int(seats[j])], seats[j] + 1
    taken = np.minimum(demand, seats)
    found = unconstrain(
        taken,
        np.zeros(len(product)),
        full,
        np.ones(len(product)),
        product,
        np.zeros(products, dtype=np.intp),
        early=early,
        elapsed=elapsed,
    )
    assert taken.sum() < 0.9 * demand.sum()
    assert found.demand.sum() == pytest.approx(demand.sum(), rel=0.03)
    assert np.corrcoef(found.demand[full], demand[full])[0, 1] > 0.9
