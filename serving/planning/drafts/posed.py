"""The problem that a plan solved, kept with the plan so that changes can be judged at once.

Kept as one ``.npz`` of arrays (``allow_pickle=False``) whose first entry is a JSON description of
how they belong together.
"""

import io
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import insert

from recommender.demand import competition
from recommender.procurement import plan, problem, schedule
from recommender.procurement.audience_times import CalendarDays
from recommender.procurement.plan import Tour
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.schedule import VenueCalendar
from recommender.types import IdMap
from serving.planning.problem.building import Planning
from serving.planning.solution import Solved
from serving.store_tables import plan_problems

_KEPT = 4
"""Problems of a worker's latest drafts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PosedPlan:
    """What a plan was made from, and what things are called.

    Attributes
    ----------
    problem
        With the rules that held in the end; evenness without the margin that plans aim at.
    calendar, months
        Venues, and names of the months that sessions can be held in.
    tours
        Sessions that share a tour.
    titles, categories
        Of each product.
    venue_ids, venue_names
        Of the calendar's venues; the calendar may hold assumed ones behind them.
    street_names, buyer_names, supplier_names
        In the problem's order.
    easing
        (rule, place, subject, attendances): what a tenth more of each bound would gain.
    holidays, early
        Days such as ``2027-01-01`` on which nothing is scheduled: public holidays, and those before
        the lead time is over.
    """

    problem: ProcurementProblem
    calendar: VenueCalendar
    months: tuple[str, ...]
    tours: tuple[Tour, ...]
    titles: tuple[str, ...]
    categories: tuple[str, ...]
    venue_ids: tuple[str, ...]
    venue_names: tuple[str, ...]
    street_names: tuple[str, ...]
    buyer_names: tuple[str, ...]
    supplier_names: tuple[str, ...]
    easing: tuple[tuple[str, str, str, float], ...] = ()
    holidays: tuple[str, ...] = ()
    early: tuple[str, ...] = ()


def posed_plan(planning: Planning, solved: Solved) -> PosedPlan:
    """What is kept of a planning and its solution.

    Parameters
    ----------
    planning, solved
        What the plan was made from, and the plan.

    Returns
    -------
    The problem with names.
    """
    posed = solved.problem
    if posed.gini_max is not None:
        posed = replace(posed, gini_max=planning.problem.gini_max)
    streets = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    suppliers = planning.suppliers["name"].to_dict()
    return PosedPlan(
        problem=posed,
        calendar=planning.calendar,
        months=tuple(planning.months),
        tours=tuple(solved.plan.tours),
        titles=tuple(str(each) for each in planning.products["title"]),
        categories=tuple(str(each) for each in planning.products["category"]),
        venue_ids=tuple(str(each) for each in planning.venues["venue_id"]),
        venue_names=tuple(str(each) for each in planning.venues["name"]),
        street_names=tuple(str(streets[code] or code) for code in posed.streets.ids),
        buyer_names=tuple(str(each) for each in planning.buyers.names),
        supplier_names=tuple(str(suppliers.get(code) or code) for code in posed.suppliers.ids),
        holidays=_named_days(planning.days, planning.days.closed & ~planning.days.early),
        early=_named_days(planning.days, planning.days.early),
        easing=tuple((*key, float(gain)) for key, gain in solved.plan.easing.items()),
    )


def _named_days(calendar: CalendarDays, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(str(day) for day, held in zip(calendar.days, chosen, strict=True) if held)


def keep_posed(connection: sa.Connection, plan_id: str, posed: PosedPlan) -> None:
    """Keep the problem of a plan; a plan's problem never changes.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan.
    posed
        Its problem.
    """
    statement = insert(plan_problems).values(plan_id=plan_id, content=to_bytes(posed))
    connection.execute(statement.on_conflict_do_nothing())


_latest: OrderedDict[str, PosedPlan] = OrderedDict()


def read_posed(connection: sa.Connection, plan_id: str) -> PosedPlan | None:
    """The problem of a plan.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan.

    Returns
    -------
    ``None`` for plans of earlier releases, whose problem was not kept or had another shape.
    """
    held = _latest.get(plan_id)
    if held is not None:
        return held
    query = sa.select(plan_problems.c.content).where(plan_problems.c.plan_id == plan_id)
    content = connection.execute(query).scalar_one_or_none()
    posed = None if content is None else from_bytes(content)
    if posed is not None:
        _latest[plan_id] = posed
        while len(_latest) > _KEPT:
            _latest.popitem(last=False)
    return posed


_CLASSES: dict[str, type[Any]] = {
    "PosedPlan": PosedPlan,
    **{
        name: found
        for module in (problem, schedule, plan, competition)
        for name, found in vars(module).items()
        if isinstance(found, type) and is_dataclass(found)
    },
}


def to_bytes(posed: PosedPlan) -> bytes:
    """The problem as the content of one ``.npz``."""
    arrays: list[np.ndarray[Any, Any]] = []
    shape = json.dumps(_encoded(posed, arrays), ensure_ascii=False)
    written = io.BytesIO()
    named = {f"a{number}": each for number, each in enumerate(arrays)}
    np.savez_compressed(written, shape=np.array(shape), **named)  # type: ignore[arg-type]
    return written.getvalue()


def from_bytes(content: bytes) -> PosedPlan | None:
    """The problem again; ``None`` where it was written by a release with other parts."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        try:
            made = _decoded(json.loads(str(held["shape"])), held)
        except (KeyError, TypeError, ValueError):
            return None
    return made if isinstance(made, PosedPlan) else None


def _encoded(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, IdMap):
        return {"ids": list(value.ids)}
    if is_dataclass(value):
        parts = {each.name: _encoded(getattr(value, each.name), arrays) for each in fields(value)}
        return {"class": type(value).__name__, "fields": parts}
    if isinstance(value, Mapping):
        return {"map": {str(key): _encoded(each, arrays) for key, each in value.items()}}
    if isinstance(value, tuple | list):
        return {"items": [_encoded(each, arrays) for each in value]}
    return value.item() if isinstance(value, np.generic) else value


def _decoded(told: Any, arrays: Any) -> Any:
    if not isinstance(told, dict):
        return told
    ((kind, content),) = [(key, each) for key, each in told.items() if key != "fields"]
    match kind:
        case "array":
            return arrays[f"a{content}"]
        case "ids":
            return IdMap(content)
        case "map":
            return {key: _decoded(each, arrays) for key, each in content.items()}
        case "items":
            return tuple(_decoded(each, arrays) for each in content)
    parts = {key: _decoded(each, arrays) for key, each in told["fields"].items()}
    return _CLASSES[content](**parts)
