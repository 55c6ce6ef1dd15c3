"""The first stage chooses, the ranker orders, and the width is as large as is measured."""

import numpy as np
import pytest

from recommender.ranking.model.two_stage import TwoStageRanking

EVERYBODY = np.arange(26)
FREE = np.zeros((26, 10), dtype=np.float32)


@pytest.fixture(scope="module")
def ranking_of(circles_snapshot, model_of):
    def make(first, ranker, **options):
        bound = model_of(first, ranker).bind(circles_snapshot)
        candidates = circles_snapshot.bookable(circles_snapshot.as_of)
        assert len(candidates) == 10
        return TwoStageRanking(bound, candidates, circles_snapshot.as_of, **options), bound

    return make


@pytest.fixture(scope="module")
def streets(circles_snapshot):
    return circles_snapshot.resident_street.astype(np.intp)


def test_of_few_candidates_all_meet_the_ranker(ranking_of, streets, circles_snapshot):
    ranking, bound = ranking_of({"lead": -1.0}, {"content": 1.0, "lead": -0.1})
    assert ranking.first_ is None
    shift = np.arange(10, dtype=np.float32)[None, :] * np.ones((26, 1), np.float32)
    columns, value = ranking.best(EVERYBODY, streets, shift, 3)
    assert columns.shape == (26, 10)
    candidates = circles_snapshot.bookable(circles_snapshot.as_of)
    total = bound.rank(EVERYBODY, candidates, circles_snapshot.as_of, streets)
    np.testing.assert_array_equal(value, total + shift)


def test_as_many_are_chosen_as_hold_nine_in_ten_of_the_rankers_first(ranking_of, monkeypatch):
    # Of ten candidates the ranker's first ten are at depths 1 to 10.
    ranking, _ = ranking_of({"lead": 1.0}, {"lead": 1.0}, full_up_to=0)
    assert ranking.width_ == 9
    monkeypatch.setattr("recommender.ranking.model.two_stage.FIRST", 2)
    agree, _ = ranking_of({"lead": 1.0}, {"lead": 1.0}, full_up_to=0)
    against, _ = ranking_of({"lead": 1.0}, {"lead": -1.0}, full_up_to=0)
    assert (agree.width_, against.width_) == (2, 10)


def test_what_was_chosen_has_the_rankers_score_and_what_may_not_be_shown_is_never_in_the_way(
    ranking_of, streets, circles_snapshot
):
    ranking, bound = ranking_of({"lead": 1.0}, {"content": 1.0, "lead": -0.5}, full_up_to=0)
    ranking.width_ = 4
    candidates = circles_snapshot.bookable(circles_snapshot.as_of)
    lead = np.argsort(circles_snapshot.event_starts[candidates])
    shift = FREE.copy()
    shift[:, lead[-2:]] = -np.inf  # the two that the first stage likes best
    columns, value = ranking.best(EVERYBODY, streets, shift, 3)
    assert columns.shape == (26, 4)
    np.testing.assert_array_equal(columns, np.sort(np.tile(lead[-6:-2], (26, 1)), axis=1))
    total = bound.rank(EVERYBODY, candidates, circles_snapshot.as_of, streets)
    np.testing.assert_allclose(
        value, np.take_along_axis(total, columns, axis=1), rtol=1e-5, atol=1e-6
    )
    wider, _ = ranking.best(EVERYBODY, streets, shift, 7)
    assert wider.shape == (26, 7)


def test_whoever_wants_no_profile_is_ranked_for_as_nobody(ranking_of, streets):
    for full_up_to in (600, 0):
        ranking, _ = ranking_of(
            {"content": 1.0, "lead": 0.1}, {"als": 1.0, "lead": 0.1}, full_up_to=full_up_to
        )
        mine = ranking.best(np.array([25]), streets[[25]], FREE[:1], 10)
        nobody = ranking.best(np.array([-1]), streets[[25]], FREE[:1], 10)
        np.testing.assert_array_equal(mine[0], nobody[0])
        np.testing.assert_array_equal(mine[1], nobody[1])
