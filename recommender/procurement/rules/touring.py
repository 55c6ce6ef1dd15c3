"""Sessions that two neighbouring streets share (巡演): each tours once, with a session to tour."""

from collections.abc import Iterator

import numpy as np

from recommender.procurement.plan import toured_sessions
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.rule import Columns, PlanCounts, Row, Rule, RuleDefaults
from recommender.procurement.rules.values import RuleKey, Violation


class _Touring(RuleDefaults):
    """What tours is bought, and only between neighbours."""

    name = "touring"

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """One a buyer, street and product that can tour."""
        del problem
        if not columns.tours:
            return
        own: dict[tuple[int, int, int], list[int]] = {}
        keys = zip(columns.buyer, columns.street, columns.product, strict=True)
        for column, key in enumerate(keys):
            own.setdefault(key, []).append(column)
        at: dict[tuple[int, int, int], list[int]] = {}
        for position, (first, second, p) in enumerate(columns.tours):
            for b, s in (first, second):
                at.setdefault((b, s, p), []).append(len(columns.product) + position)
        for key, touring in at.items():
            sessions = own.get(key, [])
            signs = np.array([-1.0] * len(sessions) + [1.0] * len(touring))
            members = np.array(sessions + touring, dtype=np.intp)
            yield Row(RuleKey(self.name), members, signs, high=0.0)

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """Neighbours, and no more touring sessions than sessions."""
        neighbours = {frozenset(pair) for pair in problem.neighbours}
        for tour in counts.tours:
            if tour.sessions < 0 or frozenset((tour.first[1], tour.second[1])) not in neighbours:
                product = problem.products.ids[tour.product]
                street = problem.streets.ids[tour.first[1]]
                yield Violation(self.name, street, product, tour.sessions, 0)
        toured = toured_sessions(counts.sessions.shape, counts.tours)
        for b, s, p in zip(*np.nonzero(toured > counts.sessions), strict=True):
            street, product = problem.streets.ids[s], problem.products.ids[p]
            found, bound = int(toured[b, s, p]), int(counts.sessions[b, s, p])
            yield Violation(self.name, street, product, found, bound)


RULES: tuple[Rule, ...] = (_Touring(),)
