"""What a draft comes to: money, mix, matching, attendances, and which rules it breaks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.matching import plan_matching
from recommender.procurement.plan import Tour, evenness_of, make_lines
from recommender.procurement.rules.values import Violation
from recommender.procurement.verify import verify_sessions
from serving.planning.drafts.draft import DraftLine, sessions_of
from serving.planning.drafts.posed import PosedPlan


@dataclass(frozen=True, slots=True)
class Judgement:
    """A draft in figures.

    Attributes
    ----------
    budgets
        One a buyer: code, name, ``amount_fen``, ``budget_fen``.
    mix
        One a category, largest first: ``amount_fen``, ``share`` of the amount, ``sessions``.
    matching
        供需匹配度; ``None`` where it is not known.
    expected, sessions, amount_fen, gini
        Of the whole draft.
    by_line
        ``amount_fen`` and ``expected`` of each line, by its identifier.
    violations
        Rules that it breaks.
    misplaced
        (line, code) of halls, months and days that do not fit.
    """

    budgets: tuple[Mapping[str, Any], ...]
    mix: tuple[Mapping[str, Any], ...]
    matching: float | None
    expected: float
    sessions: int
    amount_fen: int
    gini: float
    by_line: Mapping[str, Mapping[str, float]]
    violations: tuple[Violation, ...]
    misplaced: tuple[tuple[DraftLine, str], ...]


def judge(
    posed: PosedPlan, lines: Sequence[DraftLine], *, free: Collection[tuple[str, str]] = ()
) -> Judgement:
    """Judge a draft by every rule of its plan, as the solver's own plans are judged.

    Parameters
    ----------
    posed
        The plan's problem.
    lines
        The draft.
    free
        (street, product) that an earlier draft required: this one may change its mind.

    Returns
    -------
    Its figures and what it breaks.
    """
    problem = posed.problem
    if free:
        required = problem.required.copy()
        for street, product in free:
            if street in problem.streets and product in problem.products:
                at = problem.streets.position(street), problem.products.position(product)
                required[at] = 0
        problem = replace(problem, required=required)
    sessions = sessions_of(posed, lines)
    tours = _possible(posed.tours, sessions)
    violations = verify_sessions(problem, sessions, tours)
    # Beyond the most sessions of a cell, demand is not known: the rule is broken anyway.
    counted = _cut(sessions, np.minimum(sessions.sum(axis=0), problem.sessions_per_cell))
    made = {(line.buyer, line.street, line.product): line for line in make_lines(problem, counted)}
    by_line = {}
    for line in lines:
        cell = made.get((line.buyer, line.street, line.product))
        price, each = _price(posed, line.product)
        share = 0.0 if cell is None else min(1.0, line.counted / (cell.sessions * each))
        by_line[line.line_id] = {
            "amount_fen": price * line.counted,
            "expected": 0.0 if cell is None else cell.expected * share,
        }
    paid = (sessions * problem.price_fen).sum(axis=(1, 2))
    for tour in tours:
        saving = int(problem.touring_discount * int(problem.price_fen[tour.product]))
        for buyer, _ in (tour.first, tour.second):
            paid[buyer] -= tour.sessions * saving
    return Judgement(
        budgets=tuple(
            {"code": code, "name": name, "amount_fen": int(amount), "budget_fen": int(budget)}
            for code, name, amount, budget in zip(
                problem.buyers.ids, posed.buyer_names, paid, problem.budget_fen, strict=True
            )
        ),
        mix=_mix(posed, sessions),
        matching=plan_matching(problem, counted, posed.categories)["matching"],
        expected=sum(line.expected for line in made.values()),
        sessions=sum(line.counted for line in lines),
        amount_fen=int(paid.sum()),
        gini=evenness_of(problem, counted),
        by_line=by_line,
        violations=violations,
        misplaced=tuple(_misplaced(posed, lines)),
    )


def _possible(tours: Sequence[Tour], sessions: NDArray[np.int64]) -> tuple[Tour, ...]:
    """The plan's tours that the draft still has both halves of."""
    left = sessions.copy()
    kept = []
    for tour in tours:
        sides = [(b, s, tour.product) for b, s in (tour.first, tour.second)]
        n = int(min(tour.sessions, *(left[side] for side in sides)))
        if n > 0:
            kept.append(replace(tour, sessions=n))
            for side in sides:
                left[side] -= n
    return tuple(kept)


def _cut(sessions: NDArray[np.int64], most: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sessions with no more than ``most`` in a cell, taken from the later buyers."""
    before = np.cumsum(sessions, axis=0) - sessions
    return np.clip(most[None] - before, 0, sessions)


def _price(posed: PosedPlan, product: str) -> tuple[int, int]:
    """Fen for one sitting, and sittings in one session that is bought."""
    problem = posed.problem
    if product not in problem.products:
        return 0, 1
    p = problem.products.position(product)
    each = int(problem.sessions_each[p])
    return int(problem.price_fen[p]) // each, each


def _mix(posed: PosedPlan, sessions: NDArray[np.int64]) -> tuple[Mapping[str, Any], ...]:
    by_product = sessions.sum(axis=(0, 1))
    found: dict[str, dict[str, Any]] = {}
    for p in np.flatnonzero(by_product):
        entry = found.setdefault(
            posed.categories[p],
            {"category": posed.categories[p], "sessions": 0, "amount_fen": 0},
        )
        entry["sessions"] += int(by_product[p] * posed.problem.sessions_each[p])
        entry["amount_fen"] += int(by_product[p] * posed.problem.price_fen[p])
    total = max(1, sum(entry["amount_fen"] for entry in found.values()))
    for entry in found.values():
        entry["share"] = entry["amount_fen"] / total
    return tuple(sorted(found.values(), key=lambda entry: -entry["amount_fen"]))


def _misplaced(posed: PosedPlan, lines: Sequence[DraftLine]) -> list[tuple[DraftLine, str]]:
    """Halls, months and days that officers chose and that do not fit."""
    problem, calendar = posed.problem, posed.calendar
    found: list[tuple[DraftLine, str]] = []
    held: dict[tuple[int, int], int] = {}
    for line in lines:
        if line.removed or line.product not in problem.products:
            continue
        product = problem.products.position(line.product)
        if line.months in posed.holidays:
            found.append((line, "holiday"))
        elif line.months in posed.early:
            found.append((line, "early"))
        months = months_of(line)
        venue = posed.venue_ids.index(line.venue_id) if line.venue_id in posed.venue_ids else -1
        for month, n in months.items():
            if month not in posed.months:
                found.append((line, "outside"))
                continue
            m = posed.months.index(month)
            if not calendar.open_months[product, m]:
                found.append((line, "closed"))
            if venue >= 0:
                held[venue, m] = held.get((venue, m), 0) + n
                if held[venue, m] > calendar.slots[venue, m]:
                    found.append((line, "full"))
        if venue < 0:
            continue
        if problem.streets.ids[int(calendar.street[venue])] != line.street:
            found.append((line, "elsewhere"))
        elif not calendar.suits(product)[venue]:
            found.append((line, "unsuitable"))
    return found


def months_of(line: DraftLine) -> dict[str, int]:
    """Sessions of a line by month; a month or day that an officer chose holds them all."""
    found: dict[str, int] = {}
    parts = [part.partition("×") for part in line.months.split(";") if part]
    if len(parts) == 1:
        return {parts[0][0][:7]: line.counted}
    for month, _, n in parts:
        found[month[:7]] = found.get(month[:7], 0) + (int(n) if n.isdecimal() else 1)
    return found
