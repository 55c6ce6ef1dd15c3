"""Sessions fit into the free slots of a street's venues (场馆场次)."""

from collections.abc import Iterator

import numpy as np

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import Columns, PlanCounts, Row, Rule, RuleDefaults
from recommender.procurement.rules.values import RuleKey, Violation


class _VenueSlots(RuleDefaults):
    """Limits over products by the seats they need."""

    name = "venue_slots"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a limit that columns could exceed."""
        for limit in problem.slot_limits:
            inside = problem.groups[limit.group][columns.product]
            own = np.flatnonzero((columns.street == limit.street) & inside)
            counted = problem.sessions_each[columns.product[own]].astype(np.float64)
            if counted.sum() > limit.slots:
                key = RuleKey(self.name, problem.streets.ids[limit.street], limit.group)
                yield Row(key, own, counted, high=float(limit.slots))

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Whole sittings."""
        for limit in problem.slot_limits:
            inside = problem.groups[limit.group]
            found = int((counts.cells[limit.street] * problem.sessions_each)[inside].sum())
            if found > limit.slots:
                street = problem.streets.ids[limit.street]
                yield Violation(self.name, street, limit.group, found, limit.slots)

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """``sessions`` in venues of more than ``seats``."""
        street = problem.streets.position(key.place)
        for limit in problem.slot_limits:
            if (limit.street, limit.group) == (street, key.subject):
                return {"sessions": limit.slots, "seats": limit.above_seats}
        return {}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """Slots a venue and month."""
        del key
        return ("venues.sessions_per_month",)


RULES: tuple[Rule, ...] = (_VenueSlots(),)
