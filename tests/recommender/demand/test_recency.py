"""Recent levels: weights by evidence and by error, and levels that agree."""

import numpy as np
import pytest

from recommender.demand.count_intervals import count_interval
from recommender.demand.recency import (
    LEVELS,
    Combination,
    Origin,
    Window,
    combine,
    learn_combination,
    level_factors,
    prior_combination,
    sum_level,
)

STREETS, PRODUCTS = 4, 6
GROUPS = {
    "product": np.arange(PRODUCTS),
    "supplier": np.array([0, 0, 1, 1, 2, 2]),
    "category": np.array([0, 0, 0, 1, 1, 1]),
    "all": np.zeros(PRODUCTS, dtype=np.intp),
}


def origin(ratio: float, expected: float, *, attended: np.ndarray | None = None) -> Origin:
    told = np.full((STREETS, PRODUCTS), expected)
    return Origin(told, [Window(told * ratio, told), None, None], attended)


def test_sums_of_levels() -> None:
    table = np.arange(24.0).reshape(STREETS, PRODUCTS)
    assert sum_level("district", table, GROUPS).tolist() == [[276.0]]
    assert sum_level("street", table, GROUPS)[1, 0] == table[1].sum()
    assert sum_level("street x category", table, GROUPS)[2].tolist() == [39.0, 48.0]
    assert sum_level("supplier", table, GROUPS)[0, 2] == table[:, 4:].sum()


@pytest.mark.parametrize("level", ["street x category", "street", "category"])
def test_the_weight_of_last_period_grows_with_its_attendances(level: str) -> None:
    few, many = (moved(level, expected) for expected in (0.01, 1000.0))
    assert 1.0 <= few < 1.01
    assert 1.01 < many < 2.0


def moved(level: str, expected: float) -> float:
    """How much further a first street and category seen twice as often moves than the last."""
    told = np.full((STREETS, PRODUCTS), expected)
    seen = told.copy()
    seen[0, :3] *= 2.0
    found = combine(Origin(told, [Window(seen, told), None, None]), GROUPS, prior_combination())
    forecast = found[level][0] / sum_level(level, told, GROUPS)
    return float(forecast.ravel()[0] / forecast.ravel()[-1])


def test_a_forecast_is_the_weighted_mean_of_logarithms() -> None:
    prior = prior_combination()
    weights = {**prior.weights, "district": np.array([0.75, 0.0, 0.0])}
    variances = {**prior.variances, "district": np.array([0.1, 0.0])}
    learnt = Combination(weights, variances, prior.widths)
    found, variance = combine(origin(2.0, 1e6), GROUPS, learnt)["district"]
    assert found[0, 0] / 24e6 == pytest.approx(2.0**0.75, rel=1e-4)
    assert variance[0, 0] == pytest.approx(0.1)


def test_all_levels_have_the_total_of_the_district() -> None:
    rng = np.random.default_rng(4)
    told = rng.gamma(1.0, 40.0, (STREETS, PRODUCTS))
    seen = rng.poisson(told * rng.lognormal(0.0, 0.5, told.shape)).astype(float)
    windows = [Window(seen, told), Window(3 * seen, 3 * told), Window(seen, told)]
    found = combine(Origin(told, windows), GROUPS, prior_combination())
    totals = [forecast.sum() for forecast, _ in found.values()]
    assert totals == pytest.approx([totals[0]] * len(LEVELS))


@pytest.mark.parametrize("returns", [True, False])
def test_past_periods_teach_whether_last_period_comes_again(returns: bool) -> None:
    rng = np.random.default_rng(0)
    told = np.full((STREETS, PRODUCTS), 200.0)
    past = []
    for _ in range(4):
        level = rng.lognormal(0, 0.6, told.shape)
        seen = rng.poisson(told * level)
        came = rng.poisson(told * level) if returns else rng.poisson(told)
        past.append(Origin(told, [Window(seen, told), None, None], came.astype(float)))
    learnt = learn_combination(past, GROUPS)
    weights = learnt.weights["street x product"]
    assert weights[0] > 0.7 if returns else weights[0] < 0.2
    assert weights.sum() <= 1.0 + 1e-9


def test_without_past_periods_the_prior_stands() -> None:
    learnt, prior = learn_combination([], GROUPS), prior_combination()
    assert learnt.widths == prior.widths
    assert all(np.array_equal(learnt.weights[x], prior.weights[x]) for x in LEVELS)
    assert all(np.array_equal(learnt.variances[x], prior.variances[x]) for x in LEVELS)


@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_intervals_learn_from_past_periods_how_wide_they_must_be(spread: float) -> None:
    rng = np.random.default_rng(2)
    told = np.full((STREETS, PRODUCTS), 60.0)

    def period() -> Origin:
        mean = told * rng.lognormal(-0.5 * spread**2, spread, told.shape)
        return Origin(told, [None, None, None], rng.poisson(mean).astype(float))

    learnt = learn_combination([period() for _ in range(6)], GROUPS)
    inside = []
    for _ in range(20):
        later = period()
        forecast, variance = combine(later, GROUPS, learnt)["street x product"]
        low, high = count_interval(forecast, np.sqrt(variance))
        inside.append(((low <= later.attended) & (later.attended <= high)).mean())
    assert 0.76 <= np.mean(inside) <= 0.88


def test_factors_bring_every_level_near_what_was_seen() -> None:
    told = np.full((STREETS, PRODUCTS), 100.0)
    ratio = np.array([0.5, 1.0, 1.0, 2.0])[:, None] * np.where(GROUPS["category"] == 0, 1.5, 0.75)
    seen = told * ratio
    at = Origin(told, [Window(seen, told), Window(3 * seen, 3 * told), Window(seen, told)])
    found = told * level_factors(at, GROUPS, prior_combination())
    for level in ("street", "category", "street x category", "district"):
        before, after, wanted = (sum_level(level, t, GROUPS) for t in (told, found, seen))
        off, still_off = (np.abs(np.log(table / wanted)).max() for table in (before, after))
        assert still_off < (0.7 * off if off > 0.2 else 0.1)


def test_products_without_sessions_follow_their_category() -> None:
    told = np.full((STREETS, PRODUCTS), 100.0)
    told[:, 5] = 0.0
    seen = told * np.where(GROUPS["category"] == 1, 3.0, 1.0)
    factor = level_factors(
        Origin(told, [Window(seen, told), None, None]), GROUPS, prior_combination()
    )
    assert np.isfinite(factor).all()
    assert factor[:, 5] == pytest.approx(factor[:, 4])
    assert (factor[:, 5] > 1.1 * factor[:, 0]).all()


def test_nothing_expected_is_nothing_moved() -> None:
    none = np.zeros((STREETS, PRODUCTS))
    factor = level_factors(
        Origin(none, [Window(none, none), None, None]), GROUPS, prior_combination()
    )
    assert np.array_equal(factor, np.ones_like(none))
