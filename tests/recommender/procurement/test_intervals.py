"""Intervals of lines and totals cover what they say, judged by simulated outcomes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.procurement.benefit import competing
from recommender.procurement.intervals import ErrorShares, cell_bounds, outcomes, total_interval
from recommender.procurement.plan import cell_attendance, make_lines
from recommender.procurement.problem import ProcurementProblem

Z80 = 1.2815515655446004


def lognormal(problem_of: Any, sd: float, seats: float = np.inf) -> ProcurementProblem:
    """8 streets x 30 products with an 80 % interval of demand that a lognormal has."""
    demand = np.random.default_rng(3).gamma(4.0, 20.0, (8, 30))
    median = demand * np.exp(-(sd**2) / 2)
    problem: ProcurementProblem = problem_of(demand.tolist(), [1000] * 30, [10**7])
    return replace(
        problem,
        low=median * np.exp(-Z80 * sd),
        high=median * np.exp(Z80 * sd),
        log_sd=np.full(demand.shape, sd),
        seats=np.full(demand.shape, seats),
    )


def simulated(problem: ProcurementProblem, n: int, shares: ErrorShares, seed: int) -> Any:
    """Attendances of n sessions in every cell, shape (draws, S, P)."""
    s, p = problem.expected.shape
    street, product = (axis.ravel() for axis in np.indices((s, p)))
    drawn = sum(problem.repeat_factor[product] ** k for k in range(n))
    found = outcomes(
        problem.expected[street, product] * drawn,
        problem.log_sd[street, product],
        n * problem.seats[street, product],
        product,
        product % 3,
        shares=shares,
        draws=2000,
        seed=seed,
    )
    return found.reshape(-1, s, p)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("seats", [np.inf, 130.0])
def test_four_in_five_outcomes_of_a_line_lie_inside(problem_of: Any, n: int, seats: float) -> None:
    problem = lognormal(problem_of, 0.5, seats)
    counts = np.full((8, 30), n, dtype=np.int64)
    low, high = cell_bounds(problem, counts)
    rng = np.random.default_rng(1)
    shape = (2000, 8, 30)
    demand = problem.expected * np.exp(0.5 * rng.standard_normal(shape) - 0.125)
    found = np.zeros(shape)
    for k in range(n):  # each session has its own luck, and people come in whole numbers
        drawn = demand * problem.repeat_factor**k * np.exp(0.35 * rng.standard_normal(shape))
        found += np.minimum(rng.poisson(drawn), problem.seats)
    inside = ((found >= np.floor(low)) & (found <= np.ceil(high))).mean(axis=0)
    free = high < n * problem.seats - 1e-9  # where seats do not cut the interval off
    assert free.any()
    off = 0.06 if np.isinf(seats) else 0.12  # one of two sessions may be full
    np.testing.assert_allclose(inside[free], 0.8, atol=off)
    assert (inside[~free] > 0.78).all()  # a full house is inside, however many more would come
    lines = make_lines(problem, counts[None])
    assert lines[0].low == pytest.approx(
        low[problem.streets.position(lines[0].street), problem.products.position(lines[0].product)]
    )


@pytest.mark.parametrize("shares", [ErrorShares(), ErrorShares(0, 0, 0), ErrorShares(1, 0, 0)])
def test_four_in_five_totals_lie_inside(problem_of: Any, shares: ErrorShares) -> None:
    problem = lognormal(problem_of, 0.5, 130.0)
    counts = np.ones((8, 30), dtype=np.int64)
    low, high = total_interval(problem, counts, np.arange(30) % 3, shares=shares)
    totals = simulated(problem, 1, shares, 99).sum(axis=(1, 2))
    assert ((totals >= low) & (totals <= high)).mean() == pytest.approx(0.8, abs=0.04)


def test_a_total_is_narrower_than_the_sum_of_ends(problem_of: Any) -> None:
    problem = lognormal(problem_of, 0.5)
    counts = np.ones((8, 30), dtype=np.int64)
    category = np.arange(30) % 3
    ends = [float(each.sum()) for each in cell_bounds(problem, counts)]
    low, high = total_interval(problem, counts, category)
    assert ends[0] < low < problem.expected.sum() < high < ends[1]
    own = total_interval(problem, counts, category, shares=ErrorShares(0, 0, 0))
    assert own[1] - own[0] < 0.5 * (high - low)
    assert total_interval(problem, np.zeros_like(counts), category) == (0.0, 0.0)


def test_a_total_knows_of_competition_and_of_caps_that_may_be_off(competing_problem) -> None:
    counts = np.ones((2, 6), dtype=np.int64)
    low, high = total_interval(competing_problem, counts, competing_problem.category)
    alone = cell_attendance(competing_problem, counts, competing_problem.expected)
    together = competing(competing_problem, alone).sum()
    # Demand is certain here: all of the width comes from the caps.
    assert low < together < high
    assert 0.03 < high / low - 1 < 0.6
    free = replace(competing_problem, competition=None)
    assert total_interval(free, counts, free.category) == pytest.approx((alone.sum(),) * 2)
