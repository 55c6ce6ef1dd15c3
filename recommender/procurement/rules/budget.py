"""Buyers' budgets (预算), and for whom a buyer may buy."""

from collections.abc import Iterator

import numpy as np

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import FEN, Columns, PlanCounts, Row, Rule, RuleDefaults
from recommender.procurement.rules.values import RuleKey, Violation


class _Budget(RuleDefaults):
    """A buyer spends at most its budget; tours lower what it pays."""

    name = "budget"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a buyer."""
        tour_columns = len(columns.product) + np.arange(len(columns.tours), dtype=np.intp)
        for b, buyer in enumerate(problem.buyers.ids):
            sides = np.array(
                [(x[0] == b) + (y[0] == b) for x, y, _ in columns.tours], dtype=np.float64
            )
            mine = columns.buyer == b
            yield Row(
                RuleKey(self.name, place=buyer),
                np.concatenate([columns.all[mine], tour_columns[sides > 0]]),
                np.concatenate([columns.price[mine], -(sides * columns.saving)[sides > 0]]),
                high=problem.budget_fen[b] / FEN,
            )

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """In whole fen."""
        for b, buyer in enumerate(problem.buyers.ids):
            paid, bound = counts.paid_fen[buyer], int(problem.budget_fen[b])
            if paid > bound:
                yield Violation(self.name, buyer, found=paid, bound=bound)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``yuan``."""
        return {"yuan": float(problem.budget_fen[problem.buyers.position(key.place)]) / 100}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """The buyer's entry."""
        return (f"budget.{key.place}",)


class _Serves(RuleDefaults):
    """A buyer buys for its own streets only; the model has no other columns."""

    name = "serves"

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Buyer and street by name."""
        for b, s in zip(*np.nonzero(counts.sessions.sum(axis=2)), strict=True):
            if not problem.serves[b, s]:
                n = int(counts.sessions[b, s].sum())
                yield Violation(self.name, problem.streets.ids[s], problem.buyers.ids[b], n, 0)


RULES: tuple[Rule, ...] = (_Budget(), _Serves())
