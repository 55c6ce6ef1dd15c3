"""Independent verification: whether a plan keeps every rule, whoever made it.

Nothing here uses the linear model or the solver. What a plan comes to is counted from its sessions
in whole sessions and whole fen, and every rule of the registry judges these counts.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.plan import ProcurementPlan, Tour
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import RULES
from recommender.procurement.rules.rule import PlanCounts
from recommender.procurement.rules.values import Violation


def verify_plan(problem: ProcurementProblem, plan: ProcurementPlan) -> tuple[Violation, ...]:
    """Everything a plan breaks; its lines are compared with the sessions they stand for.

    Parameters
    ----------
    problem
        The rules.
    plan
        The plan.

    Returns
    -------
    Empty when the plan keeps every rule.
    """
    broken = list(verify_sessions(problem, plan.sessions, plan.tours))
    counted = np.zeros_like(plan.sessions)
    for line in plan.lines:
        position = (
            problem.buyers.position(line.buyer),
            problem.streets.position(line.street),
            problem.products.position(line.product),
        )
        counted[position] += line.sessions
    for b, s, p in zip(*np.nonzero(counted != plan.sessions), strict=True):
        street, product = problem.streets.ids[s], problem.products.ids[p]
        found, bound = int(counted[b, s, p]), int(plan.sessions[b, s, p])
        broken.append(Violation("lines.sessions", street, product, found, bound))
    paid = sum(line.amount_fen for line in plan.lines)
    due = sum(_paid(problem, plan.sessions, plan.tours).values())
    if paid != due:
        broken.append(Violation("lines.amount_fen", found=paid, bound=due))
    promised, counted_on = sum(line.expected for line in plan.lines), _promised(problem, plan)
    if abs(promised - counted_on) > 1e-6 * max(1.0, counted_on):
        broken.append(Violation("lines.expected", found=promised, bound=counted_on))
    return tuple(broken)


def _promised(problem: ProcurementProblem, plan: ProcurementPlan) -> float:
    """Attendances of the whole plan, its sessions competing, counted without the model's code."""
    cells = plan.sessions.sum(axis=0)
    mass: dict[tuple[int, int], float] = {}
    plain = 0.0
    for s, p in zip(*np.nonzero(cells), strict=True):
        drawn = _cell(problem, int(s), int(p), int(cells[s, p]), caution=0.0)
        plain += drawn
        if problem.competition is not None:
            key = int(s), int(problem.category[p])
            mass[key] = mass.get(key, 0.0) + drawn
    if problem.competition is None:
        return plain
    caps, totals = problem.competition.category_caps, problem.competition.street_caps
    streets = [0.0] * len(problem.streets)
    for (s, c), x in mass.items():
        streets[s] += _saturated(x, float(caps[s, c]))
    return sum(_saturated(x, float(cap)) for x, cap in zip(streets, totals, strict=True))


def _saturated(mass: float, cap: float) -> float:
    return mass if math.isinf(cap) else cap * (1 - math.exp(-mass / cap))


def verify_sessions(
    problem: ProcurementProblem, sessions: NDArray[np.int64], tours: tuple[Tour, ...] = ()
) -> tuple[Violation, ...]:
    """Everything that sessions break.

    Parameters
    ----------
    problem
        The rules.
    sessions
        Shape (B, S, P).
    tours
        Which of them tour together.

    Returns
    -------
    Empty when they keep every rule.
    """
    if (sessions < 0).any():
        return (Violation("sessions", found=int(sessions.min()), bound=0),)
    cells = sessions.sum(axis=0)
    by_product = cells.sum(axis=0)
    counts = PlanCounts(
        sessions=sessions,
        tours=tours,
        cells=cells,
        by_product=by_product,
        paid_fen=_paid(problem, sessions, tours),
        spent_fen=by_product * problem.price_fen,
        level=_attendance(problem, cells),
    )
    return tuple(violation for rule in RULES for violation in rule.verify(problem, counts))


def _paid(
    problem: ProcurementProblem, sessions: NDArray[np.int64], tours: tuple[Tour, ...]
) -> Mapping[str, int]:
    paid = {
        buyer: sum(
            int(sessions[b, s, p]) * int(problem.price_fen[p])
            for s, p in zip(*np.nonzero(sessions[b]), strict=True)
        )
        for b, buyer in enumerate(problem.buyers.ids)
    }
    for tour in tours:
        saving = int(problem.touring_discount * int(problem.price_fen[tour.product]))
        for buyer, _ in (tour.first, tour.second):
            paid[problem.buyers.ids[buyer]] -= tour.sessions * saving
    return paid


def _attendance(problem: ProcurementProblem, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Attendances a street before sessions compete, counted cell by cell."""
    level = np.zeros(len(problem.streets))
    for s, p in zip(*np.nonzero(cells), strict=True):
        level[s] += _cell(problem, int(s), int(p), int(cells[s, p]), caution=problem.caution)
    return level


def _cell(problem: ProcurementProblem, s: int, p: int, n: int, *, caution: float) -> float:
    """What n sessions of a cell draw alone."""
    q = float(problem.repeat_factor[p])
    low, expected = float(problem.low[s, p]), float(problem.expected[s, p])
    demand = expected - caution * (expected - low)
    wanted, room = demand * sum(q**k for k in range(n)), n * float(problem.seats[s, p])
    sd = float(problem.log_sd[s, p])
    if sd > 0 and wanted > 0 and 0 < room < math.inf:
        ratio = math.log(room / wanted) / sd
        return wanted * _normal(ratio - sd / 2) + room * _normal(-ratio - sd / 2)
    return min(wanted, room)


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2
