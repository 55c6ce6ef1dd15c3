"""What can be had and held: the catalogue's sessions, exclusions, requirements (规定采购)."""

from collections.abc import Iterator

import numpy as np

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import (
    Columns,
    PlanCounts,
    Row,
    Rule,
    RuleDefaults,
    groups_of,
)
from recommender.procurement.rules.values import RuleKey, Violation


class _SessionsMax(RuleDefaults):
    """A product can be had so many times in all streets together."""

    name = "sessions_max"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a product whose columns exceed what can be had."""
        for own in groups_of(columns.product):
            p = int(columns.product[own[0]])
            if len(own) > problem.sessions_max[p]:
                key = RuleKey(self.name, subject=problem.products.ids[p])
                yield Row(key, own, high=float(problem.sessions_max[p]))

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Whole sessions."""
        for p in np.flatnonzero(counts.by_product > problem.sessions_max):
            yield Violation(
                self.name,
                subject=problem.products.ids[p],
                found=int(counts.by_product[p]),
                bound=int(problem.sessions_max[p]),
            )

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``sessions``."""
        return {"sessions": int(problem.sessions_max[problem.products.position(key.subject)])}


class _SessionsPerCell(RuleDefaults):
    """One product comes to one street so many times at most; the model has no further columns."""

    name = "sessions_per_cell"

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Whole sessions."""
        most = problem.most_in_street
        for s, p in zip(*np.nonzero(counts.cells > most), strict=True):
            street, product = problem.streets.ids[s], problem.products.ids[p]
            yield Violation(self.name, street, product, int(counts.cells[s, p]), int(most[p]))


class _Allowed(RuleDefaults):
    """What is excluded, unlisted, unlicensed or without a venue is not bought: no columns."""

    name = "allowed"

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Street and product by name."""
        for s, p in zip(*np.nonzero((counts.cells > 0) & ~problem.allowed), strict=True):
            street, product = problem.streets.ids[s], problem.products.ids[p]
            yield Violation(self.name, street, product, int(counts.cells[s, p]), 0)


class _Required(RuleDefaults):
    """Sessions that must be bought."""

    name = "required"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a required cell."""
        for s, p in zip(*np.nonzero(problem.required), strict=True):
            key = RuleKey(self.name, problem.streets.ids[s], problem.products.ids[p])
            own = np.flatnonzero((columns.street == s) & (columns.product == p))
            yield Row(key, own, low=float(problem.required[s, p]))

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Whole sessions."""
        for s, p in zip(*np.nonzero(counts.cells < problem.required), strict=True):
            street, product = problem.streets.ids[s], problem.products.ids[p]
            found, bound = int(counts.cells[s, p]), int(problem.required[s, p])
            yield Violation(self.name, street, product, found, bound)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``sessions``, and the ``most`` that can be held there at all."""
        s, p = problem.streets.position(key.place), problem.products.position(key.subject)
        most = int(problem.most_in_street[p]) if problem.allowed[s, p] else 0
        return {"sessions": int(problem.required[s, p]), "most": most}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """The list of requirements."""
        del key
        return ("require",)


RULES: tuple[Rule, ...] = (_SessionsMax(), _SessionsPerCell(), _Allowed(), _Required())
