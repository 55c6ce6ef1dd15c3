"""What one session more gains as things stand, and sessions in that order."""

import heapq
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.benefit import SMALL, targets
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.solver.linear_model import LinearModel

Floats = NDArray[np.float64]


class Gains:
    """The objective while sessions are taken and given back.

    Parameters
    ----------
    problem, model
        The problem and its model.
    """

    def __init__(self, problem: ProcurementProblem, model: LinearModel) -> None:
        self._worth = model.worth
        self._competition = competition = problem.competition
        if competition is None:
            return
        steps = np.diff(problem.totals(problem.demand), axis=0)
        self._mass = steps[model.tier, model.street, model.product]
        self._extra = self._mass * (problem.weight[model.street, model.product] - 1)
        self._street, self._category = model.street, problem.category[model.product]
        self._matching = problem.matching
        self._targets = targets(competition)
        self._caps, self._totals = competition.category_caps, competition.street_caps
        self._x = np.zeros(self._caps.shape)
        self._y = np.zeros(len(self._totals))

    def reset(self, taken: Floats) -> None:
        """Start from a choice of session columns."""
        if self._competition is None:
            return
        self._x[:] = 0.0
        np.add.at(self._x, (self._street, self._category), self._mass * taken)
        self._refresh()

    def value(self, taken: Floats) -> float:
        """The objective of a choice of session columns."""
        if self._competition is None:
            return float(self._worth @ taken)
        x = np.zeros(self._x.shape)
        np.add.at(x, (self._street, self._category), self._mass * taken)
        total = float(self._extra @ taken)
        for s in range(len(x)):
            within = [_saturate(m, c) for m, c in zip(x[s], self._caps[s], strict=True)]
            total += (1 - self._matching) * _saturate(sum(within), self._totals[s])
            if self._matching > 0:
                total += self._matching * sum(
                    _nash(a, t) for a, t in zip(within, self._targets[s], strict=True)
                )
        return total

    def change(self, column: int, sign: float) -> None:
        """Keep up with one session.

        Parameters
        ----------
        column
            Its column.
        sign
            1: it is taken; -1: it is given back.
        """
        if self._competition is None:
            return
        s, c = self._street[column], self._category[column]
        before = _saturate(self._x[s, c], self._caps[s, c])
        self._x[s, c] = max(0.0, self._x[s, c] + sign * self._mass[column])
        self._y[s] += _saturate(self._x[s, c], self._caps[s, c]) - before

    def of(self, column: int) -> float:
        """What one column would add to the objective."""
        if self._competition is None:
            return float(self._worth[column])
        s, c = self._street[column], self._category[column]
        x, cap = float(self._x[s, c]), float(self._caps[s, c])
        before, after = _saturate(x, cap), _saturate(x + float(self._mass[column]), cap)
        y, total = float(self._y[s]), float(self._totals[s])
        more = _saturate(y + after - before, total) - _saturate(y, total)
        gain = float(self._extra[column]) + (1 - self._matching) * more
        if self._matching > 0:
            target = float(self._targets[s, c])
            gain += self._matching * (_nash(after, target) - _nash(before, target))
        return gain

    def best_first(self, columns: NDArray[np.intp], price: Floats) -> Iterator[int]:
        """Columns by what they gain a yuan as things stand when each is asked for.

        Gains only fall as sessions are taken, so a stale one is looked at again before it is
        handed out (lazy greedy, Minoux 1978).

        Parameters
        ----------
        columns
            Session columns, best first where nothing competes.
        price
            Of each session column, > 0.

        Yields
        ------
        Each column once; the caller takes it or leaves it.
        """
        if self._competition is None:
            yield from columns.tolist()
            return
        ratio = self._worth / price
        heap = [(-float(ratio[c]), n, c) for n, c in enumerate(columns.tolist())]
        while heap:
            _, rank, column = heap[0]
            now = -self.of(column) / float(price[column])
            # As good as what comes next, so that equal ones do not change places for ever.
            after = min((heap[i][0] for i in (1, 2) if i < len(heap)), default=0.0)
            if now <= after + 1e-12 * abs(after):
                heapq.heappop(heap)
                if now < 0:
                    yield column
            else:
                heapq.heapreplace(heap, (now, rank, column))

    def _refresh(self) -> None:
        for s in range(len(self._x)):
            pairs = zip(self._x[s], self._caps[s], strict=True)
            self._y[s] = sum(_saturate(float(m), float(c)) for m, c in pairs)


def _saturate(mass: float, cap: float) -> float:
    return -cap * math.expm1(-mass / cap) if cap < math.inf else mass


def _nash(attendances: float, target: float) -> float:
    if target <= 1e-9:
        return 0.0
    return target * math.log1p(attendances / (SMALL * target)) * (1 + SMALL)
