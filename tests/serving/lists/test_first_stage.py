"""Where candidates are many: what the first stage may and may not change."""

from collections.abc import Callable

import numpy as np
import pytest

from data.dataset import Dataset
from recommender.ranking.listing import ListPolicy
from recommender.ranking.model import SuggestionModel
from serving.suggesting import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


def test_distilled_scores_are_the_full_ones_for_nobody_and_close_for_somebody(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    dataset = plain_world()
    full = suggester(model, dataset).engine
    quick = suggester(model, dataset, policy=ListPolicy(full_up_to=0)).engine.quick
    assert quick is not None
    everybody = full.ask_residents(0, 8)
    truth = full.scores(everybody, np.arange(60)).total
    found = quick.score(everybody.residents, everybody.streets)
    nobody = everybody.residents < 0
    np.testing.assert_allclose(found[nobody], truth[nobody], atol=1e-5)
    for row in np.flatnonzero(~nobody):
        assert np.corrcoef(found[row], truth[row])[0, 1] > 0.8
        alone = quick.score(everybody.residents[[row]], everybody.streets[[row]])
        np.testing.assert_allclose(alone[0], found[row], rtol=1e-4, atol=1e-5)


def test_where_a_first_stage_chooses_lists_are_still_the_full_rankers(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    dataset = plain_world()
    full, engine = (
        suggester(model, dataset, policy=ListPolicy(full_up_to=most, shortlist=12)).engine
        for most in (600, 0)
    )
    asked = full.ask_residents(0, 8)
    wanted, found = full.lists(asked, 5), engine.lists(asked, 5)
    same = [len(set(a) & set(b)) / 5 for a, b in zip(wanted.columns, found.columns, strict=True)]
    assert np.mean(same) > 0.9
    # What is in both lists has the full ranker's score there.
    for row in range(8):
        scores = dict(
            zip(wanted.columns[row], wanted.score[row] - wanted.variety[row], strict=True)
        )
        for column, score in zip(
            found.columns[row], found.score[row] - found.variety[row], strict=True
        ):
            if column in scores:
                assert score == pytest.approx(scores[column], abs=1e-4)
