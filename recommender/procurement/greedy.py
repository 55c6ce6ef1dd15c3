"""A plan by rule of thumb: first what must be, then the most attendance per yuan.

It needs no solver, so there is always an answer to fall back on and to beat.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.metrics.evenness import gini
from recommender.procurement.model import LinearModel
from recommender.procurement.problem import ProcurementProblem

Floats = NDArray[np.float64]

_SLACK = 1e-9


def fill(
    problem: ProcurementProblem, model: LinearModel, start: Floats | None = None
) -> Floats | None:
    """A whole solution that keeps every rule, or ``None`` when this way finds none.

    Lower bounds are met first, each by the sessions that gain most per yuan; then sessions are
    added, most benefit per yuan first, as long as no rule breaks. Under an evenness bound the
    street with the least attendance per resident chooses next.

    Parameters
    ----------
    problem, model
        The problem and its model.
    start
        A whole solution that breaks no upper bound, to go on from; empty when ``None``.
    """
    n = model.n_sessions
    price = np.maximum(problem.price_fen[model.product].astype(np.float64), 1.0)
    ratio = model.value[:n] / price
    order = np.argsort(-ratio, kind="stable")
    state = _State(model, start)
    shares = state.silence("min_share")  # of a spending that begins at nothing: kept from then on
    state.meet_floors(order)
    useful = order[model.value[order] > 0]
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
    if "evenness" in model.rule:
        if not _Levels(problem, model, state).spread(useful, from_start=start is not None):
            return None
    else:
        for column in useful:
            state.add(int(column))
    if not state.holds():
        return None
    x = np.zeros(len(model.value))
    x[:n] = state.taken
    return x


class _Levels:
    """Attendance per resident of every street, while sessions are added under a Gini bound."""

    def __init__(self, problem: ProcurementProblem, model: LinearModel, state: "_State") -> None:
        steps = np.diff(problem.totals(problem.demand), axis=0)
        gain = steps[model.tier, model.street, model.product] / problem.residents[model.street]
        self.gain, self.street, self.state = gain, model.street, state
        self.level = np.zeros(len(problem.streets))
        np.add.at(self.level, model.street, gain * state.taken)
        assert problem.gini_max is not None
        self.most = problem.gini_max

    def spread(self, order: NDArray[np.intp], *, from_start: bool) -> bool:
        """Add sessions in this order; whether the outcome is even.

        Where the start is even, the best session that keeps it so comes next. Where it is not
        (an empty plan), the least served street chooses, and the last even state is kept.
        """
        if from_start and gini(self.level) <= self.most:
            for column in order:
                self._add_if_even(int(column))
            return True
        queues = [iter(order[self.street[order] == s].tolist()) for s in range(len(self.level))]
        open_ = set(range(len(queues)))
        kept, even = self.state.taken.copy(), gini(self.level) <= self.most
        while open_:
            street = min(open_, key=lambda s: self.level[s])
            column = next((c for c in queues[street] if self.state.add(c)), None)
            if column is None:
                open_.discard(street)
                continue
            self.level[street] += self.gain[column]
            if gini(self.level) <= self.most:
                kept, even = self.state.taken.copy(), True
        self.state.restore(kept)
        return even

    def _add_if_even(self, column: int) -> None:
        after = self.level.copy()
        after[self.street[column]] += self.gain[column]
        if self.state.fits(column) and gini(after) <= self.most:
            self.state.add(column)
            self.level = after


class _State:
    """What is taken, and what every row of the plain rules sums to."""

    def __init__(self, model: LinearModel, start: Floats | None) -> None:
        n = model.n_sessions
        plain = [i for i, name in enumerate(model.rule) if name not in ("evenness", "touring")]
        self.rows = sp.csr_array(model.matrix[plain][:, :n])
        columns = sp.csc_array(self.rows)
        self.starts, self.indices, self.numbers = columns.indptr, columns.indices, columns.data
        self.low, self.high = model.low[plain], model.high[plain]
        self.rule = [model.rule[i] for i in plain]
        self.taken = np.zeros(n)
        self.sums = np.zeros(len(plain))
        if start is not None:
            self.restore(start[:n])

    def silence(self, ending: str) -> Floats:
        """Let rules whose names end so ask for nothing; returns what all rules asked for."""
        asked = self.low.copy()
        self.low[[name.endswith(ending) for name in self.rule]] = -np.inf
        return asked

    def restore(self, taken: Floats) -> None:
        self.taken = taken.copy()
        self.sums = np.asarray(self.rows @ taken)

    def fits(self, column: int) -> bool:
        """Whether a session can be taken without breaking a rule that holds now."""
        if self.taken[column]:
            return False
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
