"""A plan's problem survives being kept, and what another release wrote is not misread."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from data.store.store import Store
from recommender.demand.competition import Competition
from recommender.procurement.plan import Tour
from recommender.types import IdMap
from serving.planning.document import PlanDocument
from serving.planning.drafts import posed
from serving.planning.drafts.posed import from_bytes, keep_posed, read_posed, to_bytes


def same(first: Any, second: Any) -> bool:
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    if is_dataclass(first) and not isinstance(first, IdMap):
        names = [each.name for each in fields(first)]
        return all(same(getattr(first, n), getattr(second, n)) for n in names)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def test_everything_comes_back_as_it_was(document: PlanDocument) -> None:
    kept = document.posed
    assert kept is not None
    competition = Competition(
        street_caps=np.array([100.0, np.inf]),
        category_caps=np.ones((2, 2)),
        wants=np.full((2, 2), 0.5),
        usual=np.ones((2, 2)),
    )
    whole = replace(
        kept,
        problem=replace(kept.problem, competition=competition, neighbours=((0, 1),)),
        tours=(Tour(0, (0, 0), (1, 1), 1),),
    )
    for each in (kept, whole):
        again = from_bytes(to_bytes(each))
        assert again is not None
        assert same(each, again)
    assert not same(kept, whole)
    assert kept.titles == ("演出", "讲座", "小戏")
    assert kept.venue_names == ("一", "二")


def test_what_another_release_wrote_is_not_misread(document: PlanDocument) -> None:
    assert document.posed is not None
    written = to_bytes(document.posed)

    def renamed(old: str, new: str) -> bytes:
        import io

        with np.load(io.BytesIO(written)) as held:
            parts = {name: held[name] for name in held.files}
        parts["shape"] = np.array(str(parts["shape"]).replace(old, new))
        out = io.BytesIO()
        np.savez(out, **parts)
        return out.getvalue()

    assert from_bytes(renamed("x-none", "x-none")) is not None
    assert from_bytes(renamed('"price_fen"', '"price"')) is None
    assert from_bytes(renamed('"VenueCalendar"', '"Diary"')) is None


def test_a_plans_problem_is_kept_once(database_url: str, document: PlanDocument) -> None:
    store = Store.connect(database_url)
    try:
        assert document.posed is not None
        with store.engine.begin() as connection:
            assert read_posed(connection, "PLAN-none") is None
            keep_posed(connection, "PLAN-1", document.posed)
            keep_posed(connection, "PLAN-1", replace(document.posed, titles=("a", "b", "c")))
            found = read_posed(connection, "PLAN-1")
            count = connection.execute(sa.text("SELECT count(*) FROM plan_problems")).scalar_one()
        assert count == 1
        assert found is not None
        assert found.titles == document.posed.titles
    finally:
        posed._latest.clear()
        store.close()
