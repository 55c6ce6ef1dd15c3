"""Which rules cannot hold together: the smallest such set, in words.

Small sets are looked for first: single rules by arithmetic, then pairs (all of them where rules are
few, else of what demands sessions and what pays for them). Where none conflicts, rules are dropped
one after the other as long as the rest still conflicts (the deletion filter of Chinneck &
Dravnieks 1991), which leaves a set none of which can be spared. Where even parts of sessions could
not keep the rules, prices of the relaxed problem tell beforehand which few rules to filter.
"""

from collections.abc import Collection
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import LinearModel, build_model, with_rows
from recommender.procurement.solver.precedence import skipped_steps

_MOST_PAIRS = 60  # rules up to which all pairs are tried
_LEAST_BROKEN = 1e-5  # sessions; less is the solver's tolerance


def find_conflicts(problem: ProcurementProblem, *, deadline: Deadline) -> tuple[str, ...]:
    """The smallest set of conflicting rules found in the time, one sentence each.

    Returns
    -------
    Sentences; empty when the rules do not conflict, as far as could be told.
    """
    model = build_model(problem)
    always = {"steps", "touring"}
    rules = [name for name in dict.fromkeys(model.rule) if name not in always]

    def conflict(kept: Collection[str]) -> bool:
        return not _feasible(model, always.union(kept), deadline)

    alone = _beyond_reach(model)
    for name in rules:  # arithmetic alone tells; an instance is worth more than all of a kind
        if name in alone:
            return (explain_rule(problem, name),)
    if len(rules) > _MOST_PAIRS:  # solving for every pair would take too long
        few = _priced(model, rules, deadline)
        for name in sorted(few, key=rules.index, reverse=True):  # what people set is kept longest
            if name in few:
                few = _priced(model, few - {name}, deadline) or few
        if few:
            return tuple(explain_rule(problem, name) for name in sorted(few, key=rules.index))
    for pair in _likely_pairs(model, rules):
        if deadline.passed():
            break
        if conflict(pair):
            return tuple(explain_rule(problem, name) for name in sorted(pair, key=rules.index))
    kept = list(rules)
    if not conflict(kept):
        return ()
    # Rules about single products fall in one go first, where they can.
    for family in ("supplier:", "sessions_max:", "slots:"):
        without = [name for name in kept if not name.startswith(family)]
        if len(without) < len(kept) and not deadline.passed() and conflict(without):
            kept = without
    for name in list(kept):
        if deadline.passed():
            break
        rest = [other for other in kept if other != name]
        if conflict(rest):
            kept = rest
    return tuple(explain_rule(problem, name) for name in kept)


def _beyond_reach(model: LinearModel) -> set[str]:
    """Rules that no choice of columns can keep, whatever the other rules say."""
    upper = np.where(np.isfinite(model.upper), model.upper, 1e12)
    most = model.matrix.maximum(0) @ upper
    least = model.matrix.minimum(0) @ upper
    broken = (most < model.low - 1e-9) | (least > model.high + 1e-9)
    return {model.rule[i] for i in np.flatnonzero(broken)}


def _priced(model: LinearModel, rules: Collection[str], deadline: Deadline) -> set[str]:
    """Those of the rules whose relaxation has a price in the cheapest way to break them all.

    By duality they cannot hold together even with parts of sessions (Farkas' lemma). Empty when
    the rules can be kept so, or when the time is up.
    """
    if deadline.passed():
        return set()
    always = {"steps", "touring"}
    kept = np.array([name in always or name in rules for name in model.rule])
    soft = np.array([name not in always for name in model.rule])[kept]
    matrix, low, high = model.matrix[kept], model.low[kept], model.high[kept]
    lower, upper = np.isfinite(low), np.isfinite(high)
    demands = sp.vstack([-matrix[lower], matrix[upper]], format="csr")
    limits = np.concatenate([-low[lower], high[upper]])
    names = np.array(model.rule)[kept]
    names = np.concatenate([names[lower], names[upper]])
    relaxed = np.flatnonzero(np.concatenate([soft[lower], soft[upper]]))
    size = np.maximum(abs(demands).max(axis=1).toarray().ravel(), 1e-9)
    slack = sp.csr_array(
        (-size[relaxed], (relaxed, np.arange(len(relaxed)))), shape=(len(limits), len(relaxed))
    )
    # linprog's stubs know neither sparse arrays nor arrays of bounds.
    constraints: Any = sp.hstack([demands, slack], format="csr")
    upper_bounds = np.concatenate([model.upper, np.full(len(relaxed), np.inf)])
    bounds: Any = np.column_stack([np.zeros_like(upper_bounds), upper_bounds])
    found: Any = linprog(
        np.concatenate([np.zeros(len(model.value)), np.ones(len(relaxed))]),
        A_ub=constraints,
        b_ub=limits,
        bounds=bounds,
        method="highs",
        options={"time_limit": deadline.left()},
    )
    if found.status != 0 or found.fun < _LEAST_BROKEN:
        return set()
    return {str(name) for name in names[found.ineqlin.marginals < -1e-9]} - always


def _likely_pairs(model: LinearModel, rules: list[str]) -> list[tuple[str, str]]:
    """Pairs of a rule that demands something and one that limits the same sessions.

    All pairs where there are few rules; else only budgets, the tightest rules there are.
    """
    if len(rules) <= _MOST_PAIRS:
        return list(combinations(rules, 2))
    n = model.n_sessions
    used = abs(model.matrix[:, :n]).sign()
    demanding = [i for i in range(len(model.rule)) if model.low[i] > 0]
    money = [i for i in range(len(model.rule)) if model.rule[i].startswith("budget:")]
    if not demanding or not money:
        return []
    shared = (used[demanding] @ used[money].T).toarray()
    return [
        (model.rule[money[j]], model.rule[demanding[i]])
        for i, j in zip(*np.nonzero(shared), strict=True)
    ]


def _feasible(model: LinearModel, rules: Collection[str], deadline: Deadline) -> bool:
    """Whether some whole plan keeps these rules; True when it cannot be told in the time."""
    while True:
        if deadline.passed():
            return True
        keep = [i for i, name in enumerate(model.rule) if name in rules]
        result = milp(
            np.zeros(len(model.value)),
            integrality=model.integral.astype(np.int64),
            bounds=Bounds(np.zeros(len(model.value)), model.upper),
            constraints=LinearConstraint(
                model.matrix[keep].tocsc(), model.low[keep], model.high[keep]
            ),
            options={"time_limit": deadline.left()},
        )
        if result.x is None or "evenness" not in rules:
            return bool(result.status != 2)
        # What is even only because a poor later session was taken alone is not feasible.
        skipped = skipped_steps(model, result.x)
        if not skipped:
            return True
        model = with_rows(model, skipped)


def explain_rule(problem: ProcurementProblem, name: str) -> str:
    """A rule by its name in the model, as a sentence with its numbers."""
    kind, _, rest = name.partition(":")
    budget = problem.budget_fen.sum() / 100
    match kind:
        case "budget":
            amount = problem.budget_fen[problem.buyers.position(rest)] / 100
            return f"budget of {rest}: at most {amount:,.0f} yuan"
        case "floor_sessions":
            floor = problem.floor_sessions[problem.streets.position(rest)]
            return f"floor of {rest}: at least {floor} sessions"
        case "floor_attendance":
            need = problem.floor_attendance
            return f"floor of {rest}: at least {need:g} attendances per 1,000 residents"
        case "supplier":
            share = problem.supplier_share_max
            return f"supplier {rest}: at most {share:.0%} of the budget of {budget:,.0f} yuan"
        case "sessions_max":
            most = problem.sessions_max[problem.products.position(rest)]
            return f"catalogue: product {rest} can be had {most} times at most"
        case "required":
            product, _, street = rest.partition("@")
            return f"required: product {product} in {street}"
        case "evenness":
            return f"evenness: Gini over streets at most {problem.gini_max:g}"
        case "slots":
            street, _, group = rest.partition(":")
            position = problem.streets.position(street)
            for limit in problem.slot_limits:
                if (limit.street, limit.group) == (position, group):
                    kind = f" of more than {limit.above_seats:g} seats" if limit.above_seats else ""
                    return f"venues of {street}{kind}: at most {limit.slots} sessions"
    for quota in problem.quotas:
        if name == f"{quota.name}.min_share":
            return f"{quota.name}: at least {quota.min_share:.0%} of the spending"
        if name == f"{quota.name}.max_share":
            return f"{quota.name}: at most {quota.max_share:.0%} of the budget"
        if name == f"{quota.name}.min_sessions":
            return f"{quota.name}: at least {quota.min_sessions} sessions"
        if name == f"{quota.name}.max_sessions":
            return f"{quota.name}: at most {quota.max_sessions} sessions"
    return name
