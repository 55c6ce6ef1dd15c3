"""No supplier gets more than a share of the budget (单一供应商上限)."""

from collections.abc import Iterator

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import (
    FEN,
    TOLERANCE,
    Columns,
    PlanCounts,
    Row,
    Rule,
    RuleDefaults,
    Setting,
    groups_of,
)
from recommender.procurement.rules.values import RuleKey, Violation

SHARE_MAX = Setting("supplier.share_max", default=0.10, low=0.0, high=1.0, neutral=1.0)


class _SupplierShare(RuleDefaults):
    """List prices of one supplier's sessions against the whole budget."""

    name = "supplier_share"
    settings = (SHARE_MAX,)

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a supplier that could get more."""
        share = SHARE_MAX.of(problem)
        if share >= 1:
            return
        cap = share * problem.budget_fen.sum() / FEN
        supplier = problem.supplier[columns.product]
        for own in groups_of(supplier):
            position = int(supplier[own[0]])
            if position >= 0 and columns.price[own].sum() > cap:
                key = RuleKey(self.name, subject=problem.suppliers.ids[position])
                yield Row(key, own, columns.price[own], high=cap)

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """In fen."""
        share, budget = SHARE_MAX.of(problem), int(problem.budget_fen.sum())
        if share >= 1:
            return
        for position, supplier in enumerate(problem.suppliers.ids):
            part = int(counts.spent_fen[problem.supplier == position].sum())
            if part > (share + TOLERANCE) * budget:
                yield Violation(self.name, subject=supplier, found=part, bound=share * budget)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``share`` of ``yuan``."""
        del key
        return {"share": SHARE_MAX.of(problem), "yuan": float(problem.budget_fen.sum()) / 100}


RULES: tuple[Rule, ...] = (_SupplierShare(),)
