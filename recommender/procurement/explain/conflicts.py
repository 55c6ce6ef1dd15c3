"""Which rules cannot hold together: the smallest such set, as values.

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
from recommender.procurement.rules.registry import COMPETITION, STRUCTURE, explain_rule
from recommender.procurement.rules.values import Explanation, RuleKey
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import (
    LinearModel,
    build_model,
    with_rows,
    without_rows,
)
from recommender.procurement.solver.payers import merge_buyers
from recommender.procurement.solver.precedence import skipped_steps

_MOST_PAIRS = 60  # rules up to which all pairs are tried
_LEAST_BROKEN = 1e-5  # sessions; less is the solver's tolerance


def find_conflicts(problem: ProcurementProblem, *, deadline: Deadline) -> tuple[Explanation, ...]:
    """The smallest set of conflicting rules found in the time.

    Parameters
    ----------
    problem
        The rules.
    deadline
        When to stop.

    Returns
    -------
    One value a rule; empty when the rules do not conflict, as far as could be told.
    """
    full = build_model(problem)
    merged = merge_buyers(problem, full).model
    found = _conflicts_of(problem, merged, deadline)
    if not found and merged is not full:  # what all purses together can pay, none alone may
        found = _conflicts_of(problem, full, deadline)
    return found


def _conflicts_of(
    problem: ProcurementProblem, model: LinearModel, deadline: Deadline
) -> tuple[Explanation, ...]:
    # What sessions come to beside each other forbids none of them.
    competing = np.array([key.rule == COMPETITION.rule for key in model.keys], dtype=np.bool_)
    model = without_rows(model, competing)
    rules = [key for key in dict.fromkeys(model.keys) if key.rule not in STRUCTURE]

    def conflict(kept: Collection[RuleKey]) -> bool:
        return not _feasible(model, kept, deadline)

    alone = _beyond_reach(model)
    for key in rules:  # arithmetic alone tells; an instance is worth more than all of a kind
        if key in alone:
            return (explain_rule(problem, key),)
    if len(rules) > _MOST_PAIRS:  # solving for every pair would take too long
        few = _priced(model, rules, deadline)
        for key in sorted(few, key=rules.index, reverse=True):  # what people set is kept longest
            if key in few:
                few = _priced(model, few - {key}, deadline) or few
        if few:
            return tuple(explain_rule(problem, key) for key in sorted(few, key=rules.index))
    for pair in _likely_pairs(model, rules):
        if deadline.passed():
            break
        if conflict(pair):
            return tuple(explain_rule(problem, key) for key in sorted(pair, key=rules.index))
    kept = list(rules)
    if not conflict(kept):
        return ()
    # Rules about single products fall in one go first, where they can.
    for family in ("supplier_share", "sessions_max", "venue_slots"):
        without = [key for key in kept if key.rule != family]
        if len(without) < len(kept) and not deadline.passed() and conflict(without):
            kept = without
    for key in list(kept):
        if deadline.passed():
            break
        rest = [other for other in kept if other != key]
        if conflict(rest):
            kept = rest
    return tuple(explain_rule(problem, key) for key in kept)


def _beyond_reach(model: LinearModel) -> set[RuleKey]:
    """Rules that no choice of columns can keep, whatever the other rules say."""
    upper = np.where(np.isfinite(model.upper), model.upper, 1e12)
    most = model.matrix.maximum(0) @ upper
    least = model.matrix.minimum(0) @ upper
    broken = (most < model.low - 1e-9) | (least > model.high + 1e-9)
    return {model.keys[i] for i in np.flatnonzero(broken)}


def _priced(model: LinearModel, rules: Collection[RuleKey], deadline: Deadline) -> set[RuleKey]:
    """Those of the rules whose relaxation has a price in the cheapest way to break them all.

    By duality they cannot hold together even with parts of sessions (Farkas' lemma). Empty when
    the rules can be kept so, or when the time is up.
    """
    if deadline.passed():
        return set()
    kept = np.array([key.rule in STRUCTURE or key in rules for key in model.keys])
    soft = np.array([key.rule not in STRUCTURE for key in model.keys])[kept]
    matrix, low, high = model.matrix[kept], model.low[kept], model.high[kept]
    lower, upper = np.isfinite(low), np.isfinite(high)
    demands = sp.vstack([-matrix[lower], matrix[upper]], format="csr")
    limits = np.concatenate([-low[lower], high[upper]])
    at = np.flatnonzero(kept)
    at = np.concatenate([at[lower], at[upper]])
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
    priced = {model.keys[i] for i in at[found.ineqlin.marginals < -1e-9]}
    return {key for key in priced if key.rule not in STRUCTURE}


def _likely_pairs(model: LinearModel, rules: list[RuleKey]) -> list[tuple[RuleKey, RuleKey]]:
    """Pairs of a rule that demands something and one that limits the same sessions.

    All pairs where there are few rules; else only budgets, the tightest rules there are.
    """
    if len(rules) <= _MOST_PAIRS:
        return list(combinations(rules, 2))
    n = model.n_sessions
    used = abs(model.matrix[:, :n]).sign()
    demanding = [i for i in range(len(model.keys)) if model.low[i] > 0]
    money = model.rows_of("budget")
    if not demanding or not money:
        return []
    shared = (used[demanding] @ used[money].T).toarray()
    return [
        (model.keys[money[j]], model.keys[demanding[i]])
        for i, j in zip(*np.nonzero(shared), strict=True)
    ]


def _feasible(model: LinearModel, rules: Collection[RuleKey], deadline: Deadline) -> bool:
    """Whether some whole plan keeps these rules; True when it cannot be told in the time."""
    while True:
        if deadline.passed():
            return True
        keep = [i for i, key in enumerate(model.keys) if key.rule in STRUCTURE or key in rules]
        result = milp(
            np.zeros(len(model.value)),
            integrality=model.integral.astype(np.int64),
            bounds=Bounds(np.zeros(len(model.value)), model.upper),
            constraints=LinearConstraint(
                model.matrix[keep].tocsc(), model.low[keep], model.high[keep]
            ),
            options={"time_limit": deadline.left()},
        )
        if result.x is None or not any(key.rule == "evenness" for key in rules):
            return bool(result.status != 2)
        # What is even only because a poor later session was taken alone is not feasible.
        skipped = skipped_steps(model, result.x)
        if not skipped:
            return True
        model = with_rows(model, skipped)
