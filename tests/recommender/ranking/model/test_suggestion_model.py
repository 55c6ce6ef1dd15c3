"""A bound model answers with its ranker's totals, its calibration's chances, and their parts."""

import numpy as np
import pytest

from recommender.ranking.features.registry import FAMILIES
from recommender.ranking.model.suggestion_model import SuggestionModel


@pytest.fixture(scope="module")
def model(model_of):
    return model_of({"lead": 1.0}, {"content": 2.0, "als": 0.5, "lead": -0.25})


@pytest.fixture(scope="module")
def bound(model, circles_snapshot):
    return model.bind(circles_snapshot)


@pytest.fixture(scope="module")
def ahead(circles_snapshot):
    return circles_snapshot.bookable(circles_snapshot.as_of)


def test_totals_are_the_weighted_signals_and_chances_their_logistic_curve(
    model_of, circles_snapshot, ahead
):
    bound = model_of({}, {"seats": 1.0}).bind(circles_snapshot)
    found = bound.score(np.array([0, 24, -1]), ahead, circles_snapshot.as_of)
    total = np.full((3, 10), np.log1p(30))  # every session has thirty seats
    np.testing.assert_allclose(found.total, total, rtol=1e-5)
    chance = 1 / (1 + np.exp(-(-3.0 + 0.5 * total)))
    np.testing.assert_allclose(found.probability, chance, rtol=1e-5)
    shows = bound.ready.context.quality.show_rate[ahead]
    np.testing.assert_allclose(found.attendance, chance * shows, rtol=1e-5)
    assert found.contributions == {}


def test_each_circle_is_told_of_its_own(bound, circles_snapshot, ahead):
    total = bound.score(np.array([0, 12]), ahead, circles_snapshot.as_of).total
    opera = np.array([int(name[1:]) % 2 == 0 for name in circles_snapshot.events.take(ahead)])
    assert total[0, opera].mean() > total[0, ~opera].mean() + 1
    assert total[1, ~opera].mean() > total[1, opera].mean() + 1


def test_contributions_add_up_to_the_total_and_belong_to_the_family_of_their_signal(
    bound, circles_snapshot, ahead
):
    at = circles_snapshot.as_of
    found = bound.score(np.array([0, 13, 25]), ahead, at, explain=True)
    assert found.contributions.keys() == FAMILIES.keys()
    np.testing.assert_allclose(sum(found.contributions.values()), found.total, atol=1e-5)
    moved = {name for name, part in found.contributions.items() if part.any()}
    assert moved == {"content", "collaborative", "schedule"}
    assert (found.contributions["schedule"] < 0).all()
    assert not found.contributions["content"][2].any()  # no profile is wanted


def test_blocks_and_own_lists_give_what_the_common_list_gives(
    bound, circles_snapshot, ahead, monkeypatch
):
    everybody, at = np.arange(-1, 26), circles_snapshot.as_of
    whole = bound.score(everybody, ahead, at)
    own = bound.score(everybody, np.tile(ahead[::-1], (27, 1)), at)
    monkeypatch.setattr("recommender.ranking.model.suggestion_model._CELLS", 40)
    blocks = bound.score(everybody, ahead, at)
    for name in ("total", "probability", "attendance"):
        wanted = getattr(whole, name)
        np.testing.assert_allclose(getattr(blocks, name), wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(getattr(own, name)[:, ::-1], wanted, rtol=1e-5, atol=1e-6)
    streets = np.append(-1, circles_snapshot.resident_street).astype(np.intp)
    np.testing.assert_allclose(bound.rank(everybody, ahead, at, streets), whole.total, rtol=1e-5)


def test_nobody_asking_gets_an_empty_answer(bound, circles_snapshot, ahead):
    found = bound.score(np.array([], dtype=np.intp), ahead, circles_snapshot.as_of)
    assert found.total.shape == found.probability.shape == (0, 10)


def test_whoever_wants_no_profile_is_scored_as_nobody_from_the_same_street(
    bound, circles_snapshot, ahead
):
    at = circles_snapshot.as_of
    street = circles_snapshot.resident_street[[25]].astype(np.intp)
    mine = bound.score(np.array([25]), ahead, at)
    nobody = bound.score(np.array([-1]), ahead, at, streets=street)
    np.testing.assert_array_equal(mine.total, nobody.total)
    np.testing.assert_array_equal(mine.probability, nobody.probability)


def test_saved_and_loaded_it_answers_alike(model, bound, circles_snapshot, ahead):
    again = SuggestionModel.from_arrays(model.to_arrays())
    assert again.products.ids == circles_snapshot.products.ids
    assert again.half_life_days == model.half_life_days == 30.0
    everybody, at = np.arange(26), circles_snapshot.as_of
    one = bound.score(everybody, ahead, at)
    two = again.bind(circles_snapshot).score(everybody, ahead, at)
    np.testing.assert_array_equal(one.total, two.total)
    np.testing.assert_array_equal(one.attendance, two.attendance)
