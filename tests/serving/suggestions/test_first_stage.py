"""Where candidates are many: what the first stage may and may not change."""

from collections.abc import Callable

import numpy as np
import pytest

from data.dataset import Dataset
from recommender.ranking.features.registry import FIRST_STAGE_NAMES, columns
from recommender.ranking.lists.assembly import ListPolicy
from recommender.ranking.model.suggestion_model import SuggestionModel
from recommender.ranking.query import make_query
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


def test_the_first_stage_is_the_models_own_for_everybody_at_once_and_one_by_one(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    engine = suggester(model, plain_world(), policy=ListPolicy(full_up_to=0)).engine
    first_stage, list_tables = engine.first_stage, engine.inputs
    assert first_stage is not None
    asked = engine.ask_residents(0, 8)
    ask = make_query(
        list_tables.snapshot,
        asked.residents,
        list_tables.candidates,
        list_tables.at,
        asked.streets,
    )
    signals = engine.bound.signals(ask, first_stage=True)
    truth = model.first.predict(columns(signals, FIRST_STAGE_NAMES)).reshape(ask.shape)
    found = first_stage.score(asked.residents, asked.streets)
    assert (asked.residents < 0).any()
    np.testing.assert_allclose(found, truth, rtol=1e-4, atol=1e-4)
    for row in range(8):
        alone = first_stage.score(asked.residents[[row]], asked.streets[[row]])
        np.testing.assert_allclose(alone[0], found[row], rtol=1e-4, atol=1e-5)


def test_what_the_first_stage_chose_has_the_full_rankers_scores(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    dataset = plain_world()
    full, engine = (
        suggester(model, dataset, policy=ListPolicy(full_up_to=most, shortlist=12)).engine
        for most in (600, 0)
    )
    asked = full.ask_residents(0, 8)
    wanted, found = full.lists(asked, 5), engine.lists(asked, 5)
    # What is in both lists has the full ranker's score there; what exploration drew stands last.
    for row in range(8):
        assert len(set(found.columns[row])) == 5
        scores = dict(
            zip(wanted.columns[row], wanted.score[row] - wanted.diversity[row], strict=True)
        )
        for column, score, slot in zip(
            found.columns[row],
            found.score[row] - found.diversity[row],
            found.slot[row],
            strict=True,
        ):
            drawn = wanted.slot[row][wanted.columns[row] == column].any() or slot
            if column in scores and not drawn:
                assert score == pytest.approx(scores[column], abs=1e-4)
