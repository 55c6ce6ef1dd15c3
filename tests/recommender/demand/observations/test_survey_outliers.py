"""Answers out of proportion are set aside."""

import numpy as np

from recommender.demand.observations.survey_outliers import first_per_target, flag_survey_outliers


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
