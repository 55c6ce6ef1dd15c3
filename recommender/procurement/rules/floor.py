"""What every street gets at least (保底)."""

from collections.abc import Iterator

import numpy as np

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import (
    TOLERANCE,
    Columns,
    PlanCounts,
    Row,
    Rule,
    RuleDefaults,
    Setting,
)
from recommender.procurement.rules.values import RuleKey, Violation

ATTENDANCE = Setting("floor.attendance_per_1000", default=0.0, low=0.0, high=1e6, neutral=0.0)


class _FloorSessions(RuleDefaults):
    """A street gets so many sessions."""

    name = "floor_sessions"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a street with a floor."""
        for s in np.flatnonzero(problem.floor_sessions > 0):
            own = np.flatnonzero(columns.street == s)
            key = RuleKey(self.name, place=problem.streets.ids[s])
            counted = problem.sessions_each[columns.product[own]].astype(np.float64)
            yield Row(key, own, counted, low=float(problem.floor_sessions[s]))

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Whole sittings."""
        found = counts.cells @ problem.sessions_each
        for s in np.flatnonzero(found < problem.floor_sessions):
            bound = int(problem.floor_sessions[s])
            yield Violation(self.name, problem.streets.ids[s], found=int(found[s]), bound=bound)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``sessions``."""
        return {"sessions": int(problem.floor_sessions[problem.streets.position(key.place)])}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """By street, or by committee."""
        del key
        return ("floor.sessions_per_street", "floor.sessions_per_committee")


class _FloorAttendance(RuleDefaults):
    """A street gets so many attendances per thousand residents."""

    name = "floor_attendance"
    settings = (ATTENDANCE,)

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a street."""
        need = ATTENDANCE.of(problem)
        if need <= 0:
            return
        for s, street in enumerate(problem.streets.ids):
            own = np.flatnonzero(columns.street == s)
            low = need * float(problem.residents[s]) / 1000
            yield Row(RuleKey(self.name, place=street), own, columns.value[own], low=low)

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Attendances."""
        bound = ATTENDANCE.of(problem) * problem.residents / 1000
        for s in np.flatnonzero(counts.level < bound - TOLERANCE):
            street, found = problem.streets.ids[s], float(counts.level[s])
            yield Violation(self.name, street, found=found, bound=float(bound[s]))

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``attendances`` per thousand residents."""
        del key
        return {"attendances": ATTENDANCE.of(problem)}


RULES: tuple[Rule, ...] = (_FloorSessions(), _FloorAttendance())
