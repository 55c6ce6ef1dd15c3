"""Reasons of whole blocks say what those of single places say."""

from collections.abc import Callable

import numpy as np
import pytest

from data.dataset import Dataset
from recommender.ranking.features.registry import FAMILIES
from recommender.ranking.lists.boosts import Boosts
from recommender.ranking.lists.explanations import reasons_for
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.messages.catalogue import LANGUAGES, reasons_text
from serving.suggestions.batch import _reasons
from serving.suggestions.block_reasons import BlockReasons, Sentences
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


@pytest.mark.parametrize("boosts", [None, Boosts.parse({"district": {"category:film": 5.0}})])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_block_tells_what_single_lists_tell(
    model: SuggestionModel, random_world: Worlds, suggester: Makes, lang: str, boosts: Boosts | None
) -> None:
    made = suggester(model, random_world(3), boosts=boosts)
    asked = made.engine.ask_residents(0, 12)
    lists = made.engine.lists(asked, 10)
    single = [reasons_text(reasons, lang) for reasons in made.reasons(asked, lists)]
    assert _reasons(made, asked, lists, lang) == single
    assert len(single) == (lists.columns >= 0).sum() > 0
    assert len(set(single)) > 1


def test_whatever_moved_the_score_is_told_alike(
    model: SuggestionModel, random_world: Worlds, suggester: Makes
) -> None:
    codes: set[str] = set()
    for seed in range(8):
        made = suggester(model, random_world(seed))
        asked = made.engine.ask_residents(0, 12)
        lists = made.engine.lists(asked, 8)
        rng, shape = np.random.default_rng(seed), lists.columns.shape
        # Few families speak, so that every one of them is told somewhere.
        moved = {
            name: np.where(rng.random(shape) < 0.3, rng.normal(size=shape), 0)
            for name in [*FAMILIES, "boost"]
        }
        single = []
        for row in range(len(lists.columns)):
            filled = np.flatnonzero(lists.columns[row] >= 0)
            known = made.evidence.evidence(
                int(asked.residents[row]),
                int(asked.streets[row]),
                lists.columns[row][filled],
                made.list_tables.eligibility_context.distance_m[int(asked.facts.home[row])],
            )
            for at, evidence in zip(filled.tolist(), known, strict=True):
                told = reasons_for({name: float(v[row, at]) for name, v in moved.items()}, evidence)
                codes |= {reason.code for reason in told}
                single.append(reasons_text(told, "zh"))
        block = BlockReasons(made.list_tables, made.evidence, "zh").texts(asked, lists, moved)
        assert block == single
    assert {"policy", "time", "price", "quality", "collaborative", "content"} <= codes


def test_histories_are_those_of_single_residents(
    model: SuggestionModel, random_world: Worlds, suggester: Makes
) -> None:
    evidence = suggester(model, random_world(4)).evidence
    residents = np.array([3, -1, 0, 5])
    for resident, row in zip(residents.tolist(), evidence.histories(residents), strict=True):
        assert row[row >= 0].tolist() == evidence.history(resident).tolist()
    assert evidence.histories(np.array([-1])).tolist() == [[-1]]


def test_equal_sentences_are_made_once() -> None:
    said = Sentences("en")
    assert said.number("time") == said.number("time") != said.number("price")
    assert said.joined(np.array([[0, 1, -1], [-1, -1, -1]])) == [
        f"{said.texts[0]};{said.texts[1]}",
        "",
    ]
