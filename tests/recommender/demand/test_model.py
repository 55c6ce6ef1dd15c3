"""A model of known figures: seasons, supply, catalogue, intervals, suppression."""

from typing import Any

import numpy as np
import pytest

from recommender.demand.explain import explain
from recommender.demand.model import DemandModel, interval
from recommender.errors import UnknownIdError, UsageError
from recommender.types import IdMap

STREETS, PRODUCTS = IdMap(["s1", "s2"]), IdMap(["a", "b", "c"])


def known(**changes: Any) -> DemandModel:
    """Two streets and three products in two categories; the second category peaks in January."""
    shape = (2, 3)
    expected = np.array([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]])
    season = np.ones((2, 12))
    season[1] = 0.9
    season[1, 0] = 2.1
    values: dict[str, Any] = {
        "streets": STREETS,
        "products": PRODUCTS,
        "street_names": ("one", "two"),
        "titles": ("A", "B", "C"),
        "population": np.array([100.0, 100.0]),
        "categories": ("film", "lecture"),
        "group": np.array([0, 1, 1]),
        "expected": expected,
        "log_sd": np.full(shape, 0.5),
        "bookings": np.array([[5, 0, 1], [5, 0, 1]]),
        "survey_votes": np.zeros(shape, dtype=np.int64),
        "contributors": np.full(shape, 50),
        "step_rates": np.array([[0.1] * 3, [0.2] * 3, [0.3] * 3]),
        "within_reach": np.full(shape, 100.0),
        "step_age_bands": np.full(shape, 25.0),
        "step_street_ratios": np.full(shape, 28.0),
        "repeat_factor": np.array([0.7, 0.5]),
        "season": season,
        "listed_from": np.array(["2027-01-01", "NaT", "2027-06-01"], "datetime64[D]"),
        "listed_until": np.array(["2027-03-31", "NaT", "NaT"], "datetime64[D]"),
        "effective_impressions": np.array([500.0, 0.0, 2.0]),
        "planned_street": np.array([0, 0, 1]),
        "planned_product": np.array([1, 1, 2]),
        "planned_month": np.array(["2027-01", "2027-02", "2027-07"], "datetime64[M]"),
        "planned_seats": np.array([80.0, 20.0, 60.0]),
    }
    return DemandModel(**(values | changes))


def test_a_period_takes_the_mean_of_its_months() -> None:
    model = known()
    np.testing.assert_allclose(model.season_of("2027-01"), [1.0, 2.1])
    np.testing.assert_allclose(model.season_of("2027Q1"), [1.0, 1.3])
    estimate = model.estimate(STREETS, PRODUCTS, "2027Q1")
    np.testing.assert_allclose(estimate.expected[0], [10.0, 26.0, 39.0])


def test_supply_counts_the_seats_of_the_period() -> None:
    model = known()
    np.testing.assert_array_equal(model.supply("2027Q1"), [[0, 100, 0], [0, 0, 0]])
    np.testing.assert_array_equal(model.supply("2027-02"), [[0, 20, 0], [0, 0, 0]])
    assert model.supply("2027").sum() == 160.0


def test_the_gap_sets_all_planned_sessions_against_all_their_seats() -> None:
    model = known(season=np.ones((2, 12)))
    gap = model.estimate(STREETS, PRODUCTS, "2027Q1").gap
    # Two sessions of b, the second with half the draw of the first, and 100 seats.
    assert gap[0, 1] == pytest.approx(20.0 * 1.5 - 100.0)
    # Nothing planned: one session's attendances.
    assert gap[0, 0] == pytest.approx(10.0)
    assert gap[1, 1] == pytest.approx(50.0)
    never_tired = known(season=np.ones((2, 12)), repeat_factor=np.ones(2))
    assert never_tired.estimate(STREETS, PRODUCTS, "2027Q1").gap[0, 1] == pytest.approx(-60.0)


def test_the_catalogue_of_a_period() -> None:
    model = known()
    assert list(model.listed("2027Q1").ids) == ["a", "b"]
    assert list(model.listed("2027Q2").ids) == ["b", "c"]


def test_a_part_of_the_grid_shows_no_more_than_the_whole() -> None:
    model = known(contributors=np.array([[3, 50, 50], [50, 50, 50]]))
    whole = model.estimate(STREETS, PRODUCTS, "2027Q1").suppressed
    assert whole[0, 0]
    part = model.estimate(IdMap(["s1"]), IdMap(["b", "a"]), "2027Q1").suppressed
    np.testing.assert_array_equal(part[0], whole[0, [1, 0]])


def test_an_interval_holds_80_percent_of_its_lognormal() -> None:
    rng = np.random.default_rng(0)
    mean, sd = np.full(1, 30.0), np.full(1, 0.6)
    low, high = interval(mean, sd)
    drawn = rng.lognormal(np.log(30.0) - 0.5 * 0.6**2, 0.6, 200_000)
    assert drawn.mean() == pytest.approx(30.0, rel=0.01)
    assert ((drawn >= low) & (drawn <= high)).mean() == pytest.approx(0.8, abs=0.005)


def test_what_is_unknown_is_refused() -> None:
    model = known()
    with pytest.raises(UnknownIdError):
        model.estimate(IdMap(["s9"]), PRODUCTS, "2027Q1")
    with pytest.raises(UsageError):
        model.estimate(STREETS, PRODUCTS, "2027Q5")


def test_the_arrays_give_the_model_back() -> None:
    model = known()
    again = DemandModel.from_arrays(model.to_arrays())
    for name, array in model.to_arrays().items():
        np.testing.assert_array_equal(again.to_arrays()[name], array)


def test_no_figure_exceeds_the_people_within_reach() -> None:
    few = known(within_reach=np.full((2, 3), 12.0))
    estimate = few.estimate(STREETS, PRODUCTS, "2027-01")
    assert estimate.high.max() == estimate.expected.max() == 12.0
    assert (estimate.low <= estimate.expected).all()
    # Reach weighs people, and still nobody comes twice.
    everyone = known(within_reach=np.full((2, 3), 9_999.0), population=np.array([7.0, 8.0]))
    assert everyone.estimate(STREETS, PRODUCTS, "2027-01").expected.max() == 15.0
    *_, last = explain(few, "s2", "c", "2027-01")
    assert last.figure == 12.0


def test_what_leaves_the_model_does_not_depend_on_suppressed_cells() -> None:
    few = np.array([[3, 3, 50], [3, 3, 50]])
    model = known(contributors=few)
    hidden = model.suppressed()
    assert hidden.tolist() == [[True, True, False]] * 2
    changed = known(
        contributors=few,
        expected=np.where(hidden, 777.0, model.expected),
        log_sd=np.where(hidden, 0.01, model.log_sd),
        bookings=np.where(hidden, 9, model.bookings),
        survey_votes=np.where(hidden, 40, model.survey_votes),
        step_age_bands=np.where(hidden, 5.0, model.step_age_bands),
        step_street_ratios=np.where(hidden, 6.0, model.step_street_ratios),
    )
    one, other = (each.estimate(STREETS, PRODUCTS, "2027Q1") for each in (model, changed))
    for name in ("expected", "low", "high", "evidence_bookings", "evidence_surveys", "gap"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    # The product's rate for the people within reach; own bookings do not count where they are few.
    came = np.median([30.0 / 28.0, 60.0 / 28.0])
    np.testing.assert_allclose(one.expected[:, 0], 0.1 * 100.0 * came)
    raw = changed.fitted_estimate(STREETS, PRODUCTS, "2027Q1")
    assert raw.expected.max() > 50


def test_intervals_widen_with_each_quarter_ahead() -> None:
    model = known(drift=np.array(0.04), known_until=np.array("2027-01", "datetime64[M]"))
    near, next_, later, far = (
        model.estimate(STREETS, PRODUCTS, period) for period in ("2027Q1", "2027Q2", "2027", "2039")
    )
    base = known().estimate(STREETS, PRODUCTS, "2027Q1")
    np.testing.assert_allclose(near.high, base.high)
    # 0.5² + 0.04 a quarter; the mean stays.
    widened = interval(next_.expected, np.full((2, 3), np.sqrt(0.25 + 0.04)))
    np.testing.assert_allclose(next_.low, widened[0])
    assert (later.low > far.low).all()
    copied = DemandModel.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(
        copied.estimate(STREETS, PRODUCTS, "2028").low,
        model.estimate(STREETS, PRODUCTS, "2028").low,
    )


def test_bundles_of_before_drift_was_learnt_are_read() -> None:
    arrays = known().to_arrays()
    older = {name: a for name, a in arrays.items() if name not in ("drift", "known_until")}
    assert DemandModel.from_arrays(older).drift == 0.0
