"""Exposure, canvassing, access and speciality, each alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.demand.access import (
    accessibility,
    daytime_people,
    gaussian_decay,
    huff_shares,
)
from recommender.demand.observations.exposure import rates_when_shown
from recommender.demand.observations.survey_outliers import first_per_target, flag_survey_outliers
from recommender.demand.small_areas.location_quotient import location_quotients


def test_uneven_exposure_is_undone() -> None:
    rng = np.random.default_rng(0)
    n = 200_000
    keen = rng.random(n) < 0.5
    propensity = np.where(keen, 0.4, 0.05)  # shown mostly to those who like it
    shown = rng.random(n) < propensity
    booked = rng.random(n) < np.where(keen, 0.3, 0.1)
    product = np.zeros(shown.sum(), dtype=np.intp)
    found = rates_when_shown(product, booked[shown], propensity[shown], np.array([0.0]))
    assert booked[shown].mean() > 0.26
    assert found.rate[0] == pytest.approx(0.2, abs=0.01)
    assert not found.fallback[0]
    assert found.sample[0] < shown.sum()


def test_thin_exposure_is_refused_and_the_fallback_speaks() -> None:
    found = rates_when_shown(
        np.array([0, 0, 1]),
        np.array([True, True, False]),
        np.array([0.5, 0.01, np.nan]),
        np.array([0.07, 0.02]),
    )
    assert found.fallback.all()
    np.testing.assert_array_equal(found.rate, [0.07, 0.02])
    assert found.sample[1] == 0.0


def test_a_crowd_out_of_proportion_is_set_aside_in_one_row_or_many() -> None:
    area = np.array([0, 1, 2, 3, 0])
    people = np.full(4, 5000.0)
    question, channel = np.zeros(5, dtype=np.intp), np.zeros(5, dtype=np.intp)
    question[4] = 1
    one = flag_survey_outliers(
        np.array([10_000.0, 40, 50, 60, 30]), area, question, channel, people
    )
    assert one.tolist() == [True, False, False, False, False]
    many = flag_survey_outliers(
        np.r_[np.ones(3000), [40.0, 50, 60]],
        np.r_[np.zeros(3000), [1, 2, 3]].astype(np.intp),
        np.zeros(3003, dtype=np.intp),
        np.zeros(3003, dtype=np.intp),
        people,
    )
    assert many[:3000].all()
    assert not many[3000:].any()


def test_more_answers_than_people_are_never_taken() -> None:
    flagged = flag_survey_outliers(
        np.array([90.0, 80.0]), np.array([0, 1]), np.array([0, 0]), np.array([0, 0]),
        np.array([50.0, np.nan]),
    )  # fmt: skip
    assert flagged.tolist() == [True, False]


def test_one_resident_counts_once() -> None:
    kept = first_per_target(np.array([1, 1, 2, 1]), np.array([5, 5, 5, 6]))
    assert kept.tolist() == [True, False, True, True]


def test_ten_minute_circle_by_hand() -> None:
    assert gaussian_decay(np.array([0.0, 10.0, 11.0])).tolist() == [1.0, 0.0, 0.0]
    half = gaussian_decay(np.array([5.0]))[0]
    minutes = np.array([[0.0], [5.0], [20.0]])
    found = accessibility(minutes, np.array([100.0, 200, 50]), np.array([30.0]))
    fit_poisson_lognormal = 30 / (100 + 200 * half)
    np.testing.assert_allclose(found, [fit_poisson_lognormal, half * fit_poisson_lognormal, 0.0])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_huff_shares_sum_to_one(places: int, venues: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares = huff_shares(rng.gamma(1, 10, venues) + 0.1, rng.uniform(0, 60, (places, venues)))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


def test_workers_count_at_noon_of_a_weekday_only() -> None:
    residents, workers = np.array([1000.0, 1000.0]), np.array([5000.0, np.nan])
    noon = daytime_people(residents, workers, weekday=True, noon=True)
    assert noon[0] > 5 * noon[1]
    np.testing.assert_array_equal(
        daytime_people(residents, workers, weekday=False, noon=True), residents
    )


def test_a_speciality_stands_out_beyond_noise_or_not_at_all() -> None:
    expected = np.full((6, 40), 10.0)
    group = np.repeat([0, 1], 20)
    expected[0, :20] = 40.0
    found = location_quotients(expected, np.full((6, 40), 0.3), group)
    assert found.best[0] == 0
    assert found.ratio[0, 0] > 1.2
    unsure = location_quotients(expected, np.full((6, 40), 3.0), group)
    assert (unsure.best == -1).all()
    alike = location_quotients(np.full((6, 40), 10.0), np.full((6, 40), 0.3), group)
    assert (alike.best == -1).all()
