"""An independent verifier: whether a plan keeps every rule, whoever made it.

Nothing here uses the linear model or the solver. Every rule is read from the problem again and
counted in whole sessions and whole fen.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recommender.metrics.evenness import gini
from recommender.procurement.plan import ProcurementPlan, Tour
from recommender.procurement.problem import ProcurementProblem

_TOLERANCE = 1e-6


def verify_plan(problem: ProcurementProblem, plan: ProcurementPlan) -> tuple[str, ...]:
    """Everything a plan breaks, in words; empty when it keeps every rule.

    Also compares the lines with the sessions they stand for.
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
    if not np.array_equal(counted, plan.sessions):
        broken.append("the lines do not add up to the sessions")
    paid = sum(line.amount_fen for line in plan.lines)
    due = sum(_paid(problem, plan.sessions, plan.tours).values())
    if paid != due:
        broken.append(f"the lines cost {paid} fen, their sessions {due} fen")
    return tuple(broken)


def verify_sessions(
    problem: ProcurementProblem, sessions: NDArray[np.int64], tours: tuple[Tour, ...] = ()
) -> tuple[str, ...]:
    """Everything that sessions of shape (B, S, P) break, in words."""
    broken: list[str] = []
    if (sessions < 0).any():
        return ("negative sessions",)
    cells = sessions.sum(axis=0)
    by_product = cells.sum(axis=0)
    streets, products = problem.streets.ids, problem.products.ids

    for b, s, p in zip(*np.nonzero(sessions), strict=True):
        if not problem.serves[b, s]:
            broken.append(f"{problem.buyers.ids[b]} may not buy for {streets[s]}")
        if not problem.allowed[s, p]:
            broken.append(f"{products[p]} may not be held in {streets[s]}")
    for s, p in zip(*np.nonzero(cells > problem.sessions_per_cell), strict=True):
        broken.append(f"{streets[s]} takes {products[p]} {cells[s, p]} times")
    broken += [
        f"{products[p]}: {by_product[p]} of {problem.sessions_max[p]} sessions"
        for p in np.flatnonzero(by_product > problem.sessions_max)
    ]
    for s, p in zip(*np.nonzero(cells < problem.required), strict=True):
        broken.append(f"{streets[s]} lacks required {products[p]}")

    paid = _paid(problem, sessions, tours)
    for b, buyer in enumerate(problem.buyers.ids):
        if paid[buyer] > problem.budget_fen[b]:
            broken.append(f"{buyer} spends {paid[buyer]} of {problem.budget_fen[b]} fen")
    broken += _verify_tours(problem, sessions, tours)

    # Quotas and caps count list prices: a touring discount never makes room for a supplier.
    spent = by_product * problem.price_fen
    budget, spending = int(problem.budget_fen.sum()), int(spent.sum())
    for quota in problem.quotas:
        inside = problem.groups[quota.group]
        part, count = int(spent[inside].sum()), int(by_product[inside].sum())
        if part < quota.min_share * spending - _TOLERANCE * budget:
            broken.append(f"{quota.name}: {part} fen is below {quota.min_share:.0%} of {spending}")
        if part > quota.max_share * budget + _TOLERANCE * budget:
            broken.append(f"{quota.name}: {part} fen is above {quota.max_share:.0%} of {budget}")
        if count < quota.min_sessions:
            broken.append(f"{quota.name}: {count} sessions, at least {quota.min_sessions}")
        if quota.max_sessions is not None and count > quota.max_sessions:
            broken.append(f"{quota.name}: {count} sessions, at most {quota.max_sessions}")
    if problem.supplier_share_max < 1:
        for position, supplier in enumerate(problem.suppliers.ids):
            part = int(spent[problem.supplier == position].sum())
            if part > problem.supplier_share_max * budget + _TOLERANCE * budget:
                broken.append(f"supplier {supplier} gets {part} of {budget} fen")
    for limit in problem.slot_limits:
        count = int(cells[limit.street][problem.groups[limit.group]].sum())
        if count > limit.slots:
            broken.append(
                f"{streets[limit.street]}: {count} sessions in venues of more "
                f"than {limit.above_seats:g} seats, room for {limit.slots}"
            )

    level = _attendance(problem, cells)
    for s, street in enumerate(streets):
        if cells[s].sum() < problem.floor_sessions[s]:
            broken.append(f"{street}: {cells[s].sum()} sessions, below its floor")
        if level[s] < problem.floor_attendance * problem.residents[s] / 1000 - _TOLERANCE:
            broken.append(f"{street}: {level[s]:.0f} attendances, below its floor")
    if problem.gini_max is not None and len(streets) > 1:
        unevenness = gini(level / problem.residents)
        if unevenness > problem.gini_max + _TOLERANCE:
            broken.append(f"evenness: Gini {unevenness:.4f} above {problem.gini_max}")
    return tuple(broken)


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


def _verify_tours(
    problem: ProcurementProblem, sessions: NDArray[np.int64], tours: tuple[Tour, ...]
) -> list[str]:
    broken = []
    next_door = {frozenset(pair) for pair in problem.neighbours}
    toured = np.zeros_like(sessions)
    for tour in tours:
        if tour.sessions < 0 or frozenset((tour.first[1], tour.second[1])) not in next_door:
            broken.append(f"{problem.products.ids[tour.product]} tours between far streets")
        for buyer, street in (tour.first, tour.second):
            toured[buyer, street, tour.product] += tour.sessions
    if (toured > sessions).any():
        broken.append("more touring sessions than sessions")
    return broken


def _attendance(problem: ProcurementProblem, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Attendances a street, counted cell by cell."""
    level = np.zeros(len(problem.streets))
    for s, p in zip(*np.nonzero(cells), strict=True):
        n, q = int(cells[s, p]), float(problem.repeat_factor[p])
        low, expected = float(problem.low[s, p]), float(problem.expected[s, p])
        demand = expected - problem.caution * (expected - low)
        wanted, room = demand * sum(q**k for k in range(n)), n * float(problem.seats[s, p])
        sd = float(problem.log_sd[s, p])
        if sd > 0 and wanted > 0 and 0 < room < math.inf:
            ratio = math.log(room / wanted) / sd
            level[s] += wanted * _normal(ratio - sd / 2) + room * _normal(-ratio - sd / 2)
        else:
            level[s] += min(wanted, room)
    return level


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2
