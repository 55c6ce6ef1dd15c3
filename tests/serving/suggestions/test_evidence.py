"""What is told of a list: its arithmetic, its reasons, what was explored."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest

from data.dataset import Dataset
from recommender.ranking.lists.boosts import Boosts
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.messages.catalogue import reason_text
from serving.suggestions.frames import COLUMNS, suggestions_frame
from serving.suggestions.list_tables import ListTables
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


def test_the_arithmetic_adds_up(model: SuggestionModel, plain_world: Worlds, now: datetime) -> None:
    boosts = Boosts.parse({"district": {"category:film": 0.7, "tag:舞蹈": 0.2}})
    made = Suggester(
        model,
        ListTables(plain_world(), now, boosts=boosts),
        model_version="m1",
        prices=np.linspace(0, 3, 60),
    )
    seen, paid = set(), 0.0
    for resident in made.list_tables.snapshot.residents.ids:
        lines, sums = made.explain(made.ask(resident), 12)
        assert [line.score for line in lines] == [told.score for told in sums]
        ranked = [line.score for line in lines if line.slot != "explore"]
        assert ranked == sorted(ranked, reverse=True)
        for told in sums:
            assert sum(told.parts.values()) == pytest.approx(told.score, abs=1e-4)
            seen |= set(told.parts)
            column = made.list_tables.text.event_id.index(told.event_id)
            assert told.capacity_price == pytest.approx(column * 3 / 59, abs=1e-6)
            paid += told.capacity_price
    assert {"boost", "diversity"} <= seen
    assert "capacity_price" not in seen
    assert paid > 0


def test_reasons_speak_both_languages_and_share_the_credit(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, plain_world())
    lines = made.for_resident("r05", 10)
    assert any(line.reasons for line in lines)
    for line in lines:
        assert sum(reason.weight for reason in line.reasons) <= 1 + 1e-6
        for lang in ("zh", "en"):
            assert all(reason_text(reason, lang) for reason in line.reasons)
    frame = suggestions_frame(lines, "en")
    assert tuple(frame.columns) == COLUMNS
    assert frame["starts_at"].str.endswith("+08:00").all()


def test_exploration_is_marked_and_logged(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, plain_world())
    lines = made.for_resident("r05", 10)
    assert [line.slot for line in lines] == ["ranked"] * 9 + ["explore"]
    assert all(line.propensity == 1 for line in lines[:9])
    assert 0 < lines[-1].propensity < 1
