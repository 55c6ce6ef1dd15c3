"""The Gini coefficient of attendance per resident over streets is bounded (均等).

Own columns: a[s] = attendance per thousand residents and d[i, j] >= |a[i] - a[j]|, for the bound
sum d <= G n sum a, which is the Gini coefficient's definition without its division.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from recommender.metrics.evenness import gini
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import (
    TOLERANCE,
    Columns,
    PlanCounts,
    Row,
    Rule,
    RuleDefaults,
)
from recommender.procurement.rules.values import RuleKey, Violation


class _Evenness(RuleDefaults):
    """Needs two streets to say anything."""

    name = "evenness"

    def extra_columns(self, problem: ProcurementProblem) -> int:
        """One a street and one a pair of streets."""
        s = len(problem.streets)
        return 0 if problem.gini_max is None or s < 2 else s + s * (s - 1) // 2

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """Levels, differences, and the bound."""
        if problem.gini_max is None or not self.extra_columns(problem):
            return
        s, first, key = len(problem.streets), columns.extra, RuleKey(self.name)
        scale = problem.residents / 1000
        for i in range(s):
            own = np.flatnonzero(columns.street == i)
            numbers = np.append(columns.value[own] / scale[i], -1.0)
            yield Row(key, np.append(own, first + i), numbers, low=0.0, high=0.0)
        pairs = list(combinations(range(s), 2))
        for position, (i, j) in enumerate(pairs):
            three = np.array([first + i, first + j, first + s + position], dtype=np.intp)
            yield Row(key, three, np.array([1.0, -1.0, -1.0]), high=0.0)
            yield Row(key, three, np.array([-1.0, 1.0, -1.0]), high=0.0)
        ends = first + np.arange(s + len(pairs), dtype=np.intp)
        numbers = np.concatenate([np.full(s, -problem.gini_max * s), np.ones(len(pairs))])
        yield Row(key, ends, numbers, high=0.0)

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """The coefficient itself."""
        if problem.gini_max is None or len(problem.streets) < 2:
            return
        found = gini(counts.level / problem.residents)
        if found > problem.gini_max + TOLERANCE:
            yield Violation(self.name, found=found, bound=problem.gini_max)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``gini``."""
        del key
        return {"gini": float(problem.gini_max or 0.0)}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """The bound's entry."""
        del key
        return ("evenness.gini_max",)


RULES: tuple[Rule, ...] = (_Evenness(),)
