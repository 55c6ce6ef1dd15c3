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
            if len(own) > most:
                yield Row(RuleKey(self.name, problem.streets.ids[s]), own, high=float(most))

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Whole sessions."""
        if problem.most_sessions is None:
            return
        found = counts.cells.sum(axis=1)
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
