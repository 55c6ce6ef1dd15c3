"""Recent levels: weights by evidence and by error, and levels that agree."""

import numpy as np
import pytest

from recommender.demand.recency import (
    LEVELS,
    Combination,
    Origin,
    Window,
    combine,
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
    return Origin(told, [Window(told * ratio, told), *3 * [None]], attended)


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
    found = combine(Origin(told, [Window(seen, told), *3 * [None]]), GROUPS, prior_combination())
    forecast = found[level][0] / sum_level(level, told, GROUPS)
    return float(forecast.ravel()[0] / forecast.ravel()[-1])


def test_a_forecast_is_the_weighted_mean_of_logarithms() -> None:
    prior = prior_combination()
    weights = {**prior.weights, "district": np.array([0.75, 0.0, 0.0, 0.0, 0.0])}
    variances = {**prior.variances, "district": np.array([0.1, 0.0])}
    learnt = Combination(weights, variances, prior.widths)
    found, variance = combine(origin(2.0, 1e6), GROUPS, learnt)["district"]
    assert found[0, 0] / 24e6 == pytest.approx(2.0**0.75, rel=1e-4)
    assert variance[0, 0] == pytest.approx(0.1)


def test_all_levels_have_the_total_of_the_district() -> None:
    rng = np.random.default_rng(4)
    told = rng.gamma(1.0, 40.0, (STREETS, PRODUCTS))
    seen = rng.poisson(told * rng.lognormal(0.0, 0.5, told.shape)).astype(float)
    windows = [Window(seen, told), Window(3 * seen, 3 * told), *2 * [Window(seen, told)]]
    found = combine(Origin(told, windows), GROUPS, prior_combination())
    totals = [forecast.sum() for forecast, _ in found.values()]
    assert totals == pytest.approx([totals[0]] * len(LEVELS))


def test_factors_bring_every_level_near_what_was_seen() -> None:
    told = np.full((STREETS, PRODUCTS), 100.0)
    ratio = np.array([0.5, 1.0, 1.0, 2.0])[:, None] * np.where(GROUPS["category"] == 0, 1.5, 0.75)
    seen = told * ratio
    at = Origin(told, [Window(seen, told), Window(3 * seen, 3 * told), *2 * [Window(seen, told)]])
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
        Origin(told, [Window(seen, told), *3 * [None]]), GROUPS, prior_combination()
    )
    assert np.isfinite(factor).all()
    assert factor[:, 5] == pytest.approx(factor[:, 4])
    assert (factor[:, 5] > 1.1 * factor[:, 0]).all()


def test_nothing_expected_is_nothing_moved() -> None:
    none = np.zeros((STREETS, PRODUCTS))
    factor = level_factors(
        Origin(none, [Window(none, none), *3 * [None]]), GROUPS, prior_combination()
    )
    assert np.array_equal(factor, np.ones_like(none))


def test_the_total_follows_a_damped_trend() -> None:
    told = np.full((STREETS, PRODUCTS), 1000.0)
    none: list[Window | None] = [None] * 4
    found = combine(Origin(told, none, trend=0.2), GROUPS, prior_combination())
    total = float(found["district"][0].sum()) / told.sum()
    assert 1.05 < total < 1.2
    assert found["street"][0] == pytest.approx(total * told.sum(axis=1, keepdims=True))


def test_more_on_the_shelf_draws_no_more_than_what_came() -> None:
    told = np.full((STREETS, PRODUCTS), 100.0)
    seen, before = 0.5 * told, 0.5 * told
    seen[0], before[0] = 2.0 * seen[0], 2.0 * before[0]
    windows = [Window(seen, before), *3 * [None]]
    held, stands = (
        combine(Origin(told, windows, standing=standing), GROUPS, prior_combination())["street"][0]
        for standing in (False, True)
    )
    # As many as the sessions let expect came; on a shelf it is the first street that stands out.
    assert held[0] == pytest.approx(held[1])
    assert stands[0] > 1.05 * stands[1]
