"""Why, why not, and what if: answered by solving again and comparing."""

from dataclasses import dataclass, replace

import numpy as np

from recommender.procurement.plan import ProcurementPlan, Status, evenness_of
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import explain_rule
from recommender.procurement.rules.values import Explanation, RuleKey
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.local_reoptimisation import reoptimise_around
from recommender.procurement.solver.milp import plan_procurement
from recommender.procurement.solver.payers import merge_buyers
from recommender.procurement.solver.precedence import relax_in_order
from recommender.procurement.verify import verify_sessions


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What forcing one product into one street would cost.

    Attributes
    ----------
    possible
        Whether any plan can hold it.
    cost
        Weighted attendances lost against the plan, >= 0 up to the solver's gap.
    reasons
        Why it is impossible; empty when it is possible.
    displaced
        (street, product, sessions) that would be bought less.
    blocked
        Rules that one session more would break as the plan stands.
    """

    possible: bool
    cost: float
    reasons: tuple[Explanation, ...]
    displaced: tuple[tuple[str, str, int], ...] = ()
    blocked: tuple[Explanation, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Two plans compared: second minus first.

    Attributes
    ----------
    value, amount_fen, gini
        Differences of the whole plans.
    sessions
        (street, product, change) of every cell that differs.
    """

    value: float
    amount_fen: int
    gini: float
    sessions: tuple[tuple[str, str, int], ...]


def _reoptimised(
    problem: ProcurementProblem,
    posed: ProcurementProblem,
    plan: ProcurementPlan,
    street: int,
    product: int,
    deadline: Deadline,
) -> tuple[float, tuple[tuple[str, str, int], ...]] | None:
    """Loss and changes when little is bought anew under other rules; None: not that way."""
    best = reoptimise_around(problem, plan, street, product, deadline=deadline.part(0.2))
    other = reoptimise_around(posed, plan, street, product, deadline=deadline.part(0.25))
    if best is None or other is None:
        return None
    first, second = replace(plan, sessions=best[1]), replace(plan, sessions=other[1])
    return max(0.0, best[0] - other[0]), _changes(problem, first, second)


def why_not(
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    product: str,
    street: str,
    *,
    time_limit_s: float = 10.0,
    mip_gap: float = 0.002,
) -> WhyNot:
    """Solve again with one session of the product forced into the street.

    Parameters
    ----------
    problem
        The planning problem.
    plan
        The plan.
    product
        Its identifier.
    street
        Its code.
    time_limit_s
        Seconds for the solver.
    mip_gap
        Relative gap at which the search may stop.

    Returns
    -------
    Whether it can be had, what it costs, and what would give way.
    """
    p, s = problem.products.position(product), problem.streets.position(street)
    if plan.sessions[:, s, p].any():
        return WhyNot(True, 0.0, ())
    if not problem.allowed[s, p]:
        return WhyNot(False, 0.0, (Explanation("allowed", street, product),))
    blocked = rules_against(problem, plan, s, p)
    required = problem.required.copy()
    required[s, p] = 1
    posed = replace(problem, required=required)
    deadline = Deadline.within(time_limit_s)
    local = _reoptimised(problem, posed, plan, s, p, deadline)
    if local is not None:
        cost, changes = local
        less = tuple(each for each in changes if each[2] < 0)
        return WhyNot(True, cost, (), less, blocked)
    forced = plan_procurement(
        posed, time_limit_s=0.7 * deadline.left(), mip_gap=mip_gap, start=plan.sessions
    )
    if forced.status is Status.INFEASIBLE:
        return WhyNot(False, 0.0, forced.conflicts)
    if not forced.lines:
        return WhyNot(False, 0.0, (Explanation("time_limit"),))
    priced = price_in_attendances(problem, product, street, time_limit_s=deadline.left())
    # Two plans within the solver's gap tell less than the duals do.
    cost = max(0.0, plan.value - forced.value if priced != priced else -priced)
    less = tuple(each for each in _changes(problem, plan, forced) if each[2] < 0)
    return WhyNot(True, cost, (), less, blocked)


def why(
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    product: str,
    street: str,
    *,
    time_limit_s: float = 10.0,
    mip_gap: float = 0.002,
) -> WhyNot:
    """Solve again with the product forbidden in the street: what it is worth to the plan.

    Parameters
    ----------
    problem
        The planning problem.
    plan
        The plan.
    product
        Its identifier.
    street
        Its code.
    time_limit_s
        Seconds for the solver.
    mip_gap
        Relative gap at which the search may stop.

    Returns
    -------
    ``cost`` is what the plan would lose, ``displaced`` what would be bought instead; ``possible``
    is whether there is a plan without it.
    """
    p, s = problem.products.position(product), problem.streets.position(street)
    if not plan.sessions[:, s, p].any():
        return WhyNot(True, 0.0, ())
    if problem.required[s, p]:
        return WhyNot(False, 0.0, (explain_rule(problem, RuleKey("required", street, product)),))
    allowed = problem.allowed.copy()
    allowed[s, p] = False
    posed = replace(problem, allowed=allowed)
    deadline = Deadline.within(time_limit_s)
    local = _reoptimised(problem, posed, plan, s, p, deadline)
    if local is not None:
        cost, changes = local
        more = tuple(each for each in changes if each[2] > 0)
        return WhyNot(True, cost, (), more)
    fewer = plan.sessions.copy()
    fewer[:, s, p] = 0
    without = plan_procurement(
        posed, time_limit_s=0.7 * deadline.left(), mip_gap=mip_gap, start=fewer
    )
    if without.status is Status.INFEASIBLE:
        return WhyNot(False, 0.0, without.conflicts)
    if not without.lines:
        return WhyNot(False, 0.0, (Explanation("time_limit"),))
    priced = price_in_attendances(problem, product, street, time_limit_s=deadline.left())
    cost = max(0.0, plan.value - without.value if priced != priced else priced)
    more = tuple(each for each in _changes(problem, plan, without) if each[2] > 0)
    return WhyNot(True, cost, (), more)


def rules_against(
    problem: ProcurementProblem, plan: ProcurementPlan, street: int, product: int
) -> tuple[Explanation, ...]:
    """Rules that a first session of a product would break, all else as planned.

    Parameters
    ----------
    problem
        The planning problem.
    plan
        The plan.
    street, product
        Their positions.

    Returns
    -------
    For the buyer with whom fewest are broken; empty: it could simply be added.
    """
    least: tuple[Explanation, ...] | None = None
    for buyer in np.flatnonzero(problem.serves[:, street]):
        sessions = plan.sessions.copy()
        sessions[buyer, street, product] += 1
        found = verify_sessions(problem, sessions, plan.tours)
        broken = {RuleKey(each.rule, each.place, each.subject) for each in found}
        if least is None or len(broken) < len(least):
            least = tuple(explain_rule(problem, key) for key in sorted(broken))
    return least or ()


def price_in_attendances(
    problem: ProcurementProblem, product: str, street: str, *, time_limit_s: float = 10.0
) -> float:
    """What the first session of a cell gains beyond what its money and room gain elsewhere.

    The reduced cost in the linear relaxation: positive where the cell belongs into a plan, by how
    much the plan would lose without it; negative where it does not, by how much forcing one in
    would cost. It resolves single sessions, which two solutions within the solver's gap of the
    optimum do not.

    Parameters
    ----------
    problem
        The planning problem.
    product
        Its identifier.
    street
        Its code.
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    Weighted attendances; nan when the session cannot be had or time ran out.
    """
    p, s = problem.products.position(product), problem.streets.position(street)
    model, relaxed = relax_in_order(
        merge_buyers(problem, build_model(problem)).model, deadline=Deadline.within(time_limit_s)
    )
    own = np.flatnonzero((model.street == s) & (model.product == p) & (model.tier == 0))
    if not relaxed.feasible or not len(own):
        return float("nan")
    return float(relaxed.reduced[own].max())


def compare(
    problem: ProcurementProblem, first: ProcurementPlan, second: ProcurementPlan
) -> Difference:
    """The second plan minus the first, for a what-if.

    Parameters
    ----------
    problem
        The planning problem.
    first
        The plan compared with.
    second
        The other plan.

    Returns
    -------
    Differences, second minus first.
    """
    return Difference(
        value=second.value - first.value,
        amount_fen=second.amount_fen - first.amount_fen,
        gini=evenness_of(problem, second.sessions) - evenness_of(problem, first.sessions),
        sessions=_changes(problem, first, second),
    )


def _changes(
    problem: ProcurementProblem, first: ProcurementPlan, second: ProcurementPlan
) -> tuple[tuple[str, str, int], ...]:
    change = second.sessions.sum(axis=0) - first.sessions.sum(axis=0)
    return tuple(
        (problem.streets.ids[s], problem.products.ids[p], int(change[s, p]))
        for s, p in zip(*np.nonzero(change), strict=True)
    )
