"""A street holds no more sessions than it can grow to (场次增长上限)."""

from collections.abc import Iterator

import numpy as np

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import Columns, PlanCounts, Row, Rule, RuleDefaults
from recommender.procurement.rules.values import RuleKey, Violation


class _MostSessions(RuleDefaults):
    """A street gets at most so many sessions of the plan."""

    name = "most_sessions"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a street whose columns could exceed it."""
        if problem.most_sessions is None:
            return
        for s, most in enumerate(problem.most_sessions.tolist()):
            own = np.flatnonzero(columns.street == s)
            counted = problem.sessions_each[columns.product[own]].astype(np.float64)
            if counted.sum() > most:
                key = RuleKey(self.name, problem.streets.ids[s])
                yield Row(key, own, counted, high=float(most))

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Whole sittings."""
        if problem.most_sessions is None:
            return
        found = counts.cells @ problem.sessions_each
        for s in np.flatnonzero(found > problem.most_sessions):
            bound = int(problem.most_sessions[s])
            yield Violation(self.name, problem.streets.ids[s], found=int(found[s]), bound=bound)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``sessions``."""
        if problem.most_sessions is None:
            return {}
        return {"sessions": int(problem.most_sessions[problem.streets.position(key.place)])}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """The growth that is allowed."""
        del key
        return ("plan.growth_max",)


RULES: tuple[Rule, ...] = (_MostSessions(),)
