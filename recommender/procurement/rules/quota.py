"""Shares and numbers of sessions of named groups of products (配额)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recommender.procurement.problem import ProcurementProblem, Quota
from recommender.procurement.rules.rule import (
    FEN,
    TOLERANCE,
    Columns,
    PlanCounts,
    Row,
    Rule,
    RuleDefaults,
)
from recommender.procurement.rules.values import RuleKey, Violation


@dataclass(frozen=True)
class _QuotaBound(RuleDefaults):
    """One bound of every quota.

    Attributes
    ----------
    bound
        ``min_share`` (of the spending), ``max_share`` (of the budget), ``min_sessions`` or
        ``max_sessions``.
    """

    bound: str

    @property
    def name(self) -> str:
        """Such as ``quota.min_share``."""
        return f"quota.{self.bound}"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a quota that has the bound."""
        total = problem.budget_fen.sum() / FEN
        for quota in problem.quotas:
            if not self._binds(quota):
                continue
            key = RuleKey(self.name, subject=quota.name)
            inside = problem.groups[quota.group][columns.product]
            own = columns.all[inside]
            match self.bound:
                case "min_share":  # sum over the group - share * sum over all >= 0
                    share = columns.price * (inside - quota.min_share)
                    yield Row(key, columns.all, share, low=0.0)
                case "max_share":
                    yield Row(key, own, columns.price[inside], high=quota.max_share * total)
                case "min_sessions":
                    yield Row(key, own, low=float(quota.min_sessions))
                case _:
                    yield Row(key, own, high=float(quota.max_sessions or 0))

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """List prices: a touring discount never makes room."""
        budget, spending = int(problem.budget_fen.sum()), int(counts.spent_fen.sum())
        slack = TOLERANCE * budget
        for quota in problem.quotas:
            mask = problem.groups[quota.group]
            part, n = int(counts.spent_fen[mask].sum()), int(counts.by_product[mask].sum())
            found, bound, broken = {
                "min_share": (
                    part,
                    quota.min_share * spending,
                    part < quota.min_share * spending - slack,
                ),
                "max_share": (
                    part,
                    quota.max_share * budget,
                    part > quota.max_share * budget + slack,
                ),
                "min_sessions": (n, quota.min_sessions, n < quota.min_sessions),
                "max_sessions": (
                    n,
                    quota.max_sessions or 0,
                    quota.max_sessions is not None and n > quota.max_sessions,
                ),
            }[self.bound]
            if broken:
                yield Violation(self.name, subject=quota.name, found=found, bound=bound)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``share`` or ``sessions``."""
        quota = next(quota for quota in problem.quotas if quota.name == key.subject)
        kind = "share" if self.bound.endswith("share") else "sessions"
        return {kind: float(getattr(quota, self.bound))}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """The group's entry; for new products and suppliers a key of the section `new`."""
        return (f"{key.subject}.{self.bound}", f"{key.subject}_{self.bound}")

    def _binds(self, quota: Quota) -> bool:
        match self.bound:
            case "max_share":
                return quota.max_share < 1
            case "max_sessions":
                return quota.max_sessions is not None
            case _:
                return bool(np.greater(getattr(quota, self.bound), 0))


SHARES: tuple[Rule, ...] = (_QuotaBound("max_share"), _QuotaBound("min_share"))
SESSIONS: tuple[Rule, ...] = (_QuotaBound("min_sessions"), _QuotaBound("max_sessions"))
