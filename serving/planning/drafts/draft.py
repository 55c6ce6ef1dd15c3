"""A draft: the lines of the signed document with the officers' changes applied in their order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.problem import ProcurementProblem
from serving.planning.drafts.edits import (
    ADD,
    LOCK,
    PLACE,
    REMOVE,
    RESET,
    RESTORE,
    SESSIONS,
    UNLOCK,
    Edit,
)
from serving.planning.drafts.posed import PosedPlan


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line of a draft.

    Attributes
    ----------
    line_id
        As in the signed document, or of the edit that added it.
    buyer, street, product
        Identifiers.
    sessions
        As the draft has them; a removed line keeps its number.
    venue_id
        ``None``: no hall yet, or none needed.
    months
        Such as ``2027-01×2;2027-02×1``; an officer's month or day stands alone.
    planned
        The document's line; ``None`` for an added one.
    locked, removed, touched
        What officers did; ``touched`` by any change that still stands.
    """

    line_id: str
    buyer: str
    street: str
    product: str
    sessions: int
    venue_id: str | None
    months: str
    planned: Mapping[str, Any] | None
    locked: bool = False
    removed: bool = False
    touched: bool = False

    @property
    def added(self) -> bool:
        """Whether an officer added it."""
        return self.planned is None

    @property
    def counted(self) -> int:
        """Sessions that the draft buys."""
        return 0 if self.removed else self.sessions

    @property
    def planned_sessions(self) -> int:
        """Sessions of the signed document."""
        return int(self.planned["sessions"]) if self.planned is not None else 0


def draft_lines(content: Mapping[str, Any], edits: Sequence[Edit]) -> list[DraftLine]:
    """The draft of a plan.

    Parameters
    ----------
    content
        The signed document.
    edits
        Oldest first; one of a line that is not there changes nothing.

    Returns
    -------
    The document's lines in their order, then the added ones.
    """
    lines = {line["line_id"]: _as_planned(line) for line in content["lines"]}
    for edit in edits:
        if edit.kind == ADD:
            lines[edit.line_id] = DraftLine(
                edit.line_id,
                str(edit.change["buyer"]),
                str(edit.change["street"]),
                str(edit.change["product"]),
                int(edit.change["sessions"]),
                None,
                "",
                None,
                touched=True,
            )
        elif edit.line_id in lines:
            lines[edit.line_id] = _changed(lines[edit.line_id], edit)
    return [line for line in lines.values() if not (line.added and line.removed)]


def _as_planned(line: Mapping[str, Any]) -> DraftLine:
    return DraftLine(
        line["line_id"],
        line["buyer_code"],
        line["street_code"],
        line["product_id"],
        int(line["sessions"]),
        line["venue_id"],
        line["months"] or "",
        line,
    )


def _changed(line: DraftLine, edit: Edit) -> DraftLine:
    match edit.kind:
        case kind if kind == SESSIONS:
            line = replace(line, sessions=int(edit.change["sessions"]))
        case kind if kind == PLACE:
            when = str(edit.change["when"])
            line = replace(
                line,
                venue_id=edit.change["venue_id"] or None,
                months=when or line.months,
            )
        case kind if kind == REMOVE:
            line = replace(line, removed=True, locked=False)
        case kind if kind == RESTORE:
            line = replace(line, removed=False)
        case kind if kind == LOCK:
            line = replace(line, locked=True, removed=False)
        case kind if kind == UNLOCK:
            line = replace(line, locked=False)
        case kind if kind == RESET and line.planned is not None:
            return _as_planned(line.planned)
    return replace(line, touched=_differs(line))


def _differs(line: DraftLine) -> bool:
    if line.planned is None:
        return True
    first = _as_planned(line.planned)
    return replace(line, touched=False) != first


def host_street(problem: ProcurementProblem, street: str, product: str) -> str:
    """The street that a problem counts a line in.

    Parameters
    ----------
    problem
        What serves all streets is allowed in one of them.
    street, product
        Of the line; the street may be the district.

    Returns
    -------
    The street itself where the problem has it.
    """
    if street in problem.streets or product not in problem.products:
        return street
    hosts = np.flatnonzero(problem.allowed[:, problem.products.position(product)])
    return str(problem.streets.ids[hosts[0]]) if len(hosts) else street


def hosted(posed: PosedPlan, lines: Sequence[DraftLine]) -> list[DraftLine]:
    """Lines of the whole district in the street that the problem counts them in.

    Parameters
    ----------
    posed
        The plan's problem: what serves all streets is allowed in one of them.
    lines
        A draft, its district-wide lines by the district's code.

    Returns
    -------
    The lines in their order.
    """
    return [
        replace(line, street=host_street(posed.problem, line.street, line.product))
        for line in lines
    ]


def bought_lines(
    problem: ProcurementProblem, lines: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Lines of a document as a problem counts them: courses whole, the district's in one street.

    Parameters
    ----------
    problem
        The planning problem.
    lines
        Of a document: buyer_code, street_code, product_id, sessions (lessons of a course).

    Returns
    -------
    The same names, one line a buyer, street and product.
    """
    sessions: dict[tuple[str, str, str], int] = {}
    for line in lines:
        product = line["product_id"]
        cell = line["buyer_code"], host_street(problem, line["street_code"], product), product
        sessions[cell] = sessions.get(cell, 0) + int(line["sessions"])
    found = []
    for (buyer, street, product), n in sessions.items():
        known = product in problem.products
        each = int(problem.sessions_each[problem.products.position(product)]) if known else 1
        found.append(
            {"buyer_code": buyer, "street_code": street, "product_id": product,
             "sessions": -(-n // each)}
        )  # fmt: skip
    return found


def sessions_of(posed: PosedPlan, lines: Sequence[DraftLine]) -> NDArray[np.int64]:
    """Session counts of a draft as they are bought, courses whole; shape (B, S, P).

    Parameters
    ----------
    posed
        The plan's problem.
    lines
        The draft; lines of what the problem does not know count nothing.

    Returns
    -------
    Shape (B, S, P).
    """
    problem = posed.problem
    shape = (len(problem.buyers), len(problem.streets), len(problem.products))
    sessions = np.zeros(shape, dtype=np.int64)
    for line in lines:
        known = (
            line.buyer in problem.buyers
            and line.street in problem.streets
            and line.product in problem.products
        )
        if known:
            at = (
                problem.buyers.position(line.buyer),
                problem.streets.position(line.street),
                problem.products.position(line.product),
            )
            sessions[at] += line.counted
    return -(-sessions // problem.sessions_each)
