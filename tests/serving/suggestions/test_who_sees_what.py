"""Every list against a slow and obvious checker, on worlds full of gaps and conflicts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from data.dataset import Dataset
from recommender.errors import UnknownIdError
from recommender.ranking.lists.assembly import ListPolicy
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.suggestions.batch import suggest_all
from serving.suggestions.list_tables import ListTables
from serving.suggestions.refusals import NoEventsError, NothingEligibleError
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A seed cannot be made simpler, and every example fits a world."""


@given(seed=st.integers(0, 10**6), n=st.sampled_from([1, 6, 50]), full=st.booleans())
@settings(max_examples=15, deadline=None, phases=NO_SHRINKING)
def test_no_list_holds_what_it_may_not_and_none_is_short(
    model: SuggestionModel,
    seed: int,
    n: int,
    full: bool,
    random_world: Worlds,
    suggester: Makes,
    checker: Any,
) -> None:
    dataset = random_world(seed)
    policy = ListPolicy(full_up_to=600 if full else 0)
    made = suggester(model, dataset, policy=policy)
    slow = checker(dataset, made.list_tables.inputs.reach_m)
    for resident in dataset["residents"]["resident_id"]:
        wanted = {event for event in slow.events if slow.eligible(resident, event)}
        if not wanted:
            with pytest.raises(NothingEligibleError):
                made.for_resident(resident, n)
            continue
        listed = [line.event_id for line in made.for_resident(resident, n)]
        assert set(listed) <= wanted
        assert len(listed) == len(set(listed)) == min(n, len(wanted))


@given(seed=st.integers(0, 10**6))
@settings(max_examples=6, deadline=None, phases=NO_SHRINKING)
def test_place_lists_and_similar_events_can_be_booked(
    model: SuggestionModel,
    seed: int,
    random_world: Worlds,
    suggester: Makes,
    checker: Any,
) -> None:
    dataset = random_world(seed)
    made = suggester(model, dataset)
    slow = checker(dataset, made.list_tables.inputs.reach_m)
    open_ = {event for event in slow.events if slow.bookable(event)}
    if len(open_) < 2:
        return
    for place in ("310105101", "v0"):
        assert {line.event_id for line in made.for_place(place, 50)} <= open_
    for event in list(slow.events)[:5]:
        found = [line.event_id for line in made.similar(event, 50)]
        assert set(found) == open_ - {event}


def test_unknown_names_are_told(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, plain_world())
    for ask in (made.for_resident, made.for_place, made.similar):
        with pytest.raises(UnknownIdError, match="nowhere"):
            ask("nowhere")


def test_nothing_ahead_is_told(
    model: SuggestionModel,
    plain_world: Worlds,
    suggester: Makes,
    now: datetime,
) -> None:
    dataset = plain_world()
    late = ListTables(dataset, now + timedelta(days=900))
    with pytest.raises(NoEventsError, match="no event lies ahead"):
        Suggester(model, late, model_version="m1").for_resident("r05")
    muted = pd.DataFrame(
        [{"resident_id": "r05", "target_kind": "venue", "target": "v1"}], dtype="str"
    )
    with pytest.raises(NothingEligibleError, match="muted by the resident"):
        suggester(model, dataset, muted=muted).for_resident("r05")


def test_lists_without_any_event_say_what_is_missing_and_exit_with_3(
    model: SuggestionModel,
    plain_world: Worlds,
    now: datetime,
    tmp_path: Path,
) -> None:
    dataset = plain_world()
    late = Suggester(model, ListTables(dataset, now + timedelta(days=900)), model_version="m1")
    unpublished = dataset.replace(
        events=dataset["events"].assign(published_at=pd.Timestamp(now) + pd.Timedelta(days=1))
    )
    early = Suggester(model, ListTables(unpublished, now), model_version="m1")
    for made, finding in ((late, "none starts later"), (early, r"it is not published yet \(60\)")):
        for ask in (
            lambda made=made: made.for_resident("r05"),
            lambda made=made: made.for_place("v1"),
            lambda made=made: made.similar("e1"),
            lambda made=made: suggest_all(made, 5, tmp_path / "lists.parquet"),
        ):
            with pytest.raises(NoEventsError, match=finding) as refused:
                ask()
            assert refused.value.exit_code == 3
        block = made.engine.ask_residents(0, 3)
        assert made.engine.lists(block, 10).columns.shape == (3, 0)
