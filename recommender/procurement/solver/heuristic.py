"""A greedy heuristic: lower bounds first, then the most attendance per yuan.

It needs no solver, so there is always a feasible fallback and a baseline.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.metrics.evenness import gini
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import COMPETITION
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.gains import Gains
from recommender.procurement.solver.linear_model import LinearModel

Floats = NDArray[np.float64]

_SLACK = 1e-9


def fill(
    problem: ProcurementProblem,
    model: LinearModel,
    start: Floats | None = None,
    *,
    cost: Floats | None = None,
    deadline: Deadline | None = None,
) -> Floats | None:
    """A whole solution that keeps every rule, or ``None`` when this way finds none.

    Lower bounds are met first, each by the sessions that gain most per yuan; then sessions are
    added, most benefit for its cost first, as long as no rule breaks. Under an evenness bound the
    street with the least attendance per resident chooses next.

    Parameters
    ----------
    problem, model
        The problem and its model.
    start
        A whole solution that breaks no upper bound, to go on from; empty when ``None``.
    cost
        What each session column costs, > 0: its price, or what its money, room and other bounds
        gain elsewhere, which tells where something else than money is short.
    deadline
        When to stop adding. What must be is met all the same, so that there is an answer.

    Returns
    -------
    One entry a column, 0 or 1; ``None`` when no rule-keeping solution was found.
    """
    n = model.n_sessions
    price = np.maximum(problem.price_fen[model.product].astype(np.float64), 1.0)
    cost = price if cost is None else cost
    ratio = model.worth / cost
    order = np.argsort(-ratio, kind="stable")
    state = _State(problem, model, start)
    shares = state.silence(
        "quota.min_share"
    )  # of a spending that begins at nothing: kept from then on
    state.meet_floors(order)
    useful = order[model.worth[order] > 0]
    total = float(problem.budget_fen.sum())
    for quota in problem.quotas:
        if quota.min_share > 0:  # so that the rest of the budget may follow
            inside = problem.groups[quota.group][model.product]
            spent = float(price @ (state.taken * inside))
            for column in useful[inside[useful]]:
                if spent >= quota.min_share * total:
                    break
                spent += price[column] * state.add(int(column))
    state.low = shares
    if model.has("evenness"):
        levels = _Levels(problem, model, state, cost, deadline)
        if not levels.spread(useful, from_start=start is not None):
            return None
    else:
        for position, column in enumerate(state.gains.best_first(useful, cost)):
            if _time_is_up(deadline, position):
                break
            state.add(column)
    if not state.holds():
        return None
    x = np.zeros(len(model.value))
    x[:n] = state.taken
    return x


_LOOK = 64  # sessions between two looks at the clock


def _time_is_up(deadline: Deadline | None, done: int) -> bool:
    return deadline is not None and done % _LOOK == _LOOK - 1 and deadline.passed()


class _Levels:
    """Attendance per resident of every street, while sessions are added under a Gini bound."""

    def __init__(
        self,
        problem: ProcurementProblem,
        model: LinearModel,
        state: "_State",
        cost: Floats,
        deadline: Deadline | None,
    ) -> None:
        self.deadline = deadline
        steps = np.diff(problem.totals(problem.demand), axis=0)
        gain = steps[model.tier, model.street, model.product] / problem.residents[model.street]
        self.gain, self.street, self.state = gain, model.street, state
        self.cost = cost
        self.residents = problem.residents
        self.level = np.zeros(len(problem.streets))
        np.add.at(self.level, model.street, gain * state.taken)
        assert problem.gini_max is not None
        self.most = problem.gini_max

    def spread(self, order: NDArray[np.intp], *, from_start: bool) -> bool:
        """Add sessions in this order; whether the outcome is even.

        Where the start is even, the best session that keeps it so comes next. Where it is not
        (an empty plan), the least served street chooses until nothing fits, and then either the
        last even state stands, or what made it uneven is given back, whichever draws more.
        """
        if not from_start or not self._even():
            last = self._lift(order)
            if not self._even():
                self._lower(order)
            if last is not None and (
                not self._even() or self.gained(last) > self.gained(self.state.taken)
            ):
                self._restore(last)
        if not self._even():
            return False
        for position, column in enumerate(self.state.gains.best_first(order, self.cost)):
            if _time_is_up(self.deadline, position):
                break
            self._add_if_even(column)
        return True

    def gained(self, taken: Floats) -> float:
        """What the sessions taken are worth."""
        return self.state.gains.value(taken)

    def _even(self) -> bool:
        return gini(self.level) <= self.most

    def _restore(self, taken: Floats) -> None:
        self.state.restore(taken)
        self.level = np.bincount(
            self.street, weights=self.gain * taken, minlength=len(self.level)
        ).astype(np.float64)

    def _lift(self, order: NDArray[np.intp]) -> Floats | None:
        """Let the least served street choose until nothing fits; the last even state."""
        gains = self.state.gains
        queues = [
            gains.best_first(order[self.street[order] == s], self.cost)
            for s in range(len(self.level))
        ]
        open_ = set(range(len(queues)))
        kept = self.state.taken.copy() if self._even() else None
        done = 0
        while open_ and not _time_is_up(self.deadline, done):
            done += 1
            street = min(open_, key=lambda s: self.level[s])
            column = next((c for c in queues[street] if self.state.add(c)), None)
            if column is None:
                open_.discard(street)
                continue
            self.level[street] += self.gain[column]
            if self._even():
                kept = self.state.taken.copy()
        return kept

    def _lower(self, order: NDArray[np.intp]) -> None:
        """Give back the worst sessions of the best served street until it is even."""
        taken = order[self.state.taken[order] > 0][::-1]
        queues = [iter(taken[self.street[taken] == s].tolist()) for s in range(len(self.level))]
        open_ = set(range(len(queues)))
        while open_ and not self._even():
            street = max(open_, key=lambda s: self.level[s])
            column = next((c for c in queues[street] if self.state.drop(c)), None)
            if column is None:
                open_.discard(street)
                continue
            self.level[street] = max(0.0, self.level[street] - self.gain[column])

    def _add_if_even(self, column: int) -> None:
        if not self.state.fits(column):
            return
        after = self.level.copy()
        after[self.street[column]] += self.gain[column]
        if gini(after) <= self.most:
            self.state.add(column)
            self.level = after


class _State:
    """What is taken, and what every row of the plain rules sums to."""

    def __init__(
        self, problem: ProcurementProblem, model: LinearModel, start: Floats | None
    ) -> None:
        n = model.n_sessions
        self.gains = Gains(problem, model)
        beside = ("evenness", "touring", COMPETITION.rule)
        plain = [i for i, k in enumerate(model.keys) if k.rule not in beside]
        self.rows = sp.csr_array(model.matrix[plain][:, :n])
        columns = sp.csc_array(self.rows)
        self.starts, self.indices, self.numbers = columns.indptr, columns.indices, columns.data
        self.low, self.high = model.low[plain], model.high[plain]
        self.keys = [model.keys[i] for i in plain]
        self.earlier, self.later = _neighbouring_steps(model)
        self.taken = np.zeros(n)
        self.sums = np.zeros(len(plain))
        if start is not None:
            self.restore(start[:n])

    def silence(self, rule: str) -> Floats:
        """Drop a rule's lower bounds; returns the lower bounds of all rows."""
        asked = self.low.copy()
        self.low[[key.rule == rule for key in self.keys]] = -np.inf
        return asked

    def restore(self, taken: Floats) -> None:
        self.taken = taken.copy()
        self.sums = np.asarray(self.rows @ taken)
        self.gains.reset(taken)

    def fits(self, column: int) -> bool:
        """Whether a session can be taken without breaking a rule that holds now."""
        if self.taken[column]:
            return False
        if (earlier := self.earlier[column]) and not self.taken[earlier].any():
            return False  # a second session without a first is none
        cells = slice(self.starts[column], self.starts[column + 1])
        rows, numbers = self.indices[cells], self.numbers[cells]
        after = self.sums[rows] + numbers
        if (after > self.high[rows] + _SLACK).any():
            return False
        return not ((after < self.low[rows] - _SLACK) & (numbers < 0)).any()

    def add(self, column: int) -> bool:
        """Take a session if it fits."""
        if not self.fits(column):
            return False
        cells = slice(self.starts[column], self.starts[column + 1])
        self.sums[self.indices[cells]] += self.numbers[cells]
        self.taken[column] = 1.0
        self.gains.change(column, 1.0)
        return True

    def drop(self, column: int) -> bool:
        """Give a session back if no rule needs it and no later one of its cell stands on it."""
        if not self.taken[column] or self.taken[self.later[column]].any():
            return False
        cells = slice(self.starts[column], self.starts[column + 1])
        rows, numbers = self.indices[cells], self.numbers[cells]
        after = self.sums[rows] - numbers
        if ((after < self.low[rows] - _SLACK) & (numbers > 0)).any():
            return False
        if ((after > self.high[rows] + _SLACK) & (numbers < 0)).any():
            return False
        self.sums[rows] = after
        self.taken[column] = 0.0
        self.gains.change(column, -1.0)
        return True

    def meet_floors(self, order: NDArray[np.intp]) -> None:
        """Take the best sessions of every row that is below its lower bound."""
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        for row in np.flatnonzero(self.sums < self.low - _SLACK):
            columns = self.rows.indices[self.rows.indptr[row] : self.rows.indptr[row + 1]]
            for column in columns[np.argsort(rank[columns])]:
                if self.sums[row] >= self.low[row] - _SLACK:
                    break
                self.add(int(column))

    def holds(self) -> bool:
        return bool(
            (self.sums <= self.high + _SLACK).all() and (self.sums >= self.low - _SLACK).all()
        )


def _neighbouring_steps(model: LinearModel) -> tuple[list[list[int]], list[list[int]]]:
    """For every session column, the columns of the step before and of the step after it."""
    at: dict[tuple[int, int, int], list[int]] = {}
    keys = list(
        zip(model.street.tolist(), model.product.tolist(), model.tier.tolist(), strict=True)
    )
    for column, key in enumerate(keys):
        at.setdefault(key, []).append(column)
    before = [at.get((s, p, k - 1), []) for s, p, k in keys]
    return before, [at.get((s, p, k + 1), []) for s, p, k in keys]
