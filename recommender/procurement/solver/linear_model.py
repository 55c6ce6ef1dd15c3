"""The problem as a linear model: columns are sessions, rows are rules.

Columns: z[q, p, k] in {0, 1}, the k-th session of product p that pair q = (buyer, street) takes,
worth the k-th step of the concave benefit; u[e, p], sessions that two neighbouring pairs tour
together; then the columns that rules need for themselves, and those of competition. Because steps
fall, a relaxation takes them in order without rows that say so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.procurement.plan import Tour, touring_saving_fen
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import RULES, STEPS
from recommender.procurement.rules.rule import (
    FEN,
    Columns,
    Floats,
    Positions,
    Row,
    TourColumn,
    groups_of,
)
from recommender.procurement.rules.values import RuleKey
from recommender.procurement.solver.competition_rows import competition_rows


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Maximise ``value @ x`` with ``low <= matrix @ x <= high``, ``0 <= x <= upper``.

    Attributes
    ----------
    buyer, street, product, tier
        Of the first ``n_sessions`` columns, which are the sessions; tiers count from 0.
    tours
        Of the next columns: the two (buyer, street) pairs and the product.
    integral
        Whether a column must be whole.
    keys
        The rule of each row.
    worth
        Weighted attendances that each session adds where nothing competes with it; the whole
        objective without competition, shape (n_sessions,).
    """

    value: Floats
    upper: Floats
    integral: NDArray[np.bool_]
    matrix: sp.csr_array
    low: Floats
    high: Floats
    keys: tuple[RuleKey, ...]
    buyer: Positions
    street: Positions
    product: Positions
    tier: Positions
    worth: Floats
    tours: tuple[TourColumn, ...] = ()

    @property
    def n_sessions(self) -> int:
        """Number of session columns."""
        return len(self.product)

    def has(self, rule: str) -> bool:
        """Whether any row is of this rule."""
        return any(key.rule == rule for key in self.keys)

    def rows_of(self, rule: str) -> list[int]:
        """Positions of a rule's rows."""
        return [i for i, key in enumerate(self.keys) if key.rule == rule]

    def sessions(self, x: Floats, shape: tuple[int, int, int]) -> NDArray[np.int64]:
        """Session counts of shape (B, S, P) that a whole solution stands for.

        Parameters
        ----------
        x
            A solution, one entry a column.
        shape
            (B, S, P).

        Returns
        -------
        Shape (B, S, P).
        """
        counts = np.zeros(shape, dtype=np.int64)
        taken = np.rint(x[: self.n_sessions]).astype(np.int64)
        np.add.at(counts, (self.buyer, self.street, self.product), taken)
        return counts

    def columns_of(self, sessions: NDArray[np.int64], tours: tuple[Tour, ...]) -> Floats:
        """A plan as a solution; several buyers of a cell take its steps in turn.

        Parameters
        ----------
        sessions
            Shape (B, S, P).
        tours
            Which of them tour together.

        Returns
        -------
        One entry a column; only sessions and tours are set.
        """
        x = np.zeros(len(self.value))
        before = np.cumsum(sessions, axis=0) - sessions
        first = before[self.buyer, self.street, self.product]
        count = sessions[self.buyer, self.street, self.product]
        x[: self.n_sessions] = (self.tier >= first) & (self.tier < first + count)
        at = {key: position for position, key in enumerate(self.tours)}
        for tour in tours:
            position = at.get((tour.first, tour.second, tour.product))
            if position is not None:
                x[self.n_sessions + position] = tour.sessions
        return x

    def tours_of(self, x: Floats) -> tuple[Tour, ...]:
        """The tours that a whole solution stands for."""
        taken = np.rint(x[self.n_sessions : self.n_sessions + len(self.tours)]).astype(int)
        return tuple(
            Tour(product, first, second, int(n))
            for (first, second, product), n in zip(self.tours, taken, strict=True)
            if n > 0
        )


def build_model(problem: ProcurementProblem) -> LinearModel:
    """Write the problem down as a linear model: the rows of every rule in the registry.

    Parameters
    ----------
    problem
        The problem.

    Returns
    -------
    The model.
    """
    buyer, street, product, tier, value = _session_columns(problem)
    tours = tuple(_tour_columns(problem))
    n, columns_so_far = len(product), len(product) + len(tours)
    columns = Columns(
        buyer=buyer,
        street=street,
        product=product,
        tier=tier,
        value=value,
        price=problem.price_fen[product] / FEN,
        tours=tours,
        saving=np.array([touring_saving_fen(problem, p) for _, _, p in tours]) / FEN,
    )
    rows = list(_step_rows(problem, columns))
    for rule in RULES:
        rows += rule.rows(problem, replace(columns, extra=columns_so_far))
        columns_so_far += rule.extra_columns(problem)
    competition = competition_rows(problem, columns, columns_so_far)
    rows += competition.rows
    columns_so_far += len(competition.value)
    # Solvers refuse a model without columns; the only one then stands for nothing.
    n_columns = max(1, columns_so_far)
    upper = np.full(n_columns, np.inf)
    upper[:n] = 1.0
    upper[n : n + len(tours)] = problem.sessions_per_cell
    if not columns_so_far:
        upper[:] = 0.0
    integral = np.zeros(n_columns, dtype=np.bool_)
    integral[: n + len(tours)] = True
    weight = problem.weight[street, product]
    objective = np.zeros(n_columns)
    objective[:n] = value * (weight if problem.competition is None else weight - 1)
    objective[n_columns - len(competition.value) :] = competition.value
    return LinearModel(
        value=objective,
        upper=upper,
        integral=integral,
        matrix=_matrix(rows, n_columns),
        low=np.array([row.low for row in rows], dtype=np.float64),
        high=np.array([row.high for row in rows], dtype=np.float64),
        keys=tuple(row.key for row in rows),
        buyer=buyer,
        street=street,
        product=product,
        tier=tier,
        worth=value * weight,
        tours=tours,
    )


def with_rows(model: LinearModel, steps: list[tuple[list[int], list[int]]]) -> LinearModel:
    """Add rows: the later sessions of a cell need the earlier ones.

    Only an evenness bound makes them necessary, so they are added where they are.

    Parameters
    ----------
    model
        The model.
    steps
        (later, earlier) columns.

    Returns
    -------
    The longer model.
    """
    rows = [
        Row(
            STEPS,
            np.array(later + earlier, dtype=np.intp),
            np.array([1.0] * len(later) + [-1.0] * len(earlier)),
            high=0.0,
        )
        for later, earlier in steps
    ]
    return replace(
        model,
        matrix=sp.csr_array(sp.vstack([model.matrix, _matrix(rows, len(model.value))])),
        low=np.concatenate([model.low, [row.low for row in rows]]),
        high=np.concatenate([model.high, [row.high for row in rows]]),
        keys=(*model.keys, *(row.key for row in rows)),
    )


def without_rows(model: LinearModel, gone: NDArray[np.bool_]) -> LinearModel:
    """Leave rows out that no solution of interest breaks.

    Parameters
    ----------
    model
        The model.
    gone
        One entry a row; none: the model as it is.

    Returns
    -------
    The shorter model.
    """
    if not gone.any():
        return model
    kept = np.flatnonzero(~gone)
    return replace(
        model,
        matrix=sp.csr_array(model.matrix[kept]),
        low=model.low[kept],
        high=model.high[kept],
        keys=tuple(model.keys[i] for i in kept),
    )


def _matrix(rows: Sequence[Row], n_columns: int) -> sp.csr_array:
    if not rows:
        return sp.csr_array((0, n_columns), dtype=np.float64)
    numbers = [np.broadcast_to(np.asarray(r.numbers, np.float64), r.columns.shape) for r in rows]
    at = np.repeat(np.arange(len(rows)), [len(row.columns) for row in rows])
    columns = np.concatenate([row.columns for row in rows]).astype(np.intp)
    entries = (np.concatenate(numbers), (at, columns))
    return sp.csr_array(sp.coo_array(entries, shape=(len(rows), n_columns), dtype=np.float64))


def _step_rows(problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
    """Two buyers of one street share its steps: each step is taken once."""
    if not (problem.serves.sum(axis=0) > 1).any():
        return
    cell = np.ravel_multi_index(
        (columns.street, columns.product, columns.tier),
        (*problem.allowed.shape, problem.sessions_per_cell),
    )
    for own in groups_of(cell):
        if len(own) > 1:
            yield Row(STEPS, own, high=1.0)


def _session_columns(
    problem: ProcurementProblem,
) -> tuple[Positions, Positions, Positions, Positions, Floats]:
    """Columns that can gain something, or that a rule demands."""
    steps = np.diff(problem.totals(problem.demand), axis=0)  # (K, S, P)
    # Two touring sides save once each.
    least = problem.price_fen * (1 - 2 * problem.touring_discount * bool(problem.neighbours))
    affordable = problem.serves[:, :, None] & (
        least[None, None, :] <= problem.budget_fen[:, None, None]
    )
    demanded = bool(problem.floor_sessions.any()) or any(q.min_sessions for q in problem.quotas)
    # A session nobody comes to is bought only where a rule counts sessions or money.
    useful = steps > 0 if not demanded else steps >= 0
    useful = useful | (problem.required > 0)[None]
    most = np.minimum(problem.sessions_max, problem.most_in_street)
    room = np.arange(problem.sessions_per_cell)[:, None] < most[None, :]
    open_ = useful & problem.allowed[None] & room[:, None, :]
    tier, buyer, street, product = np.nonzero(open_[:, None] & affordable[None])
    return buyer, street, product, tier, steps[tier, street, product]


def _tour_columns(problem: ProcurementProblem) -> list[TourColumn]:
    if problem.touring_discount <= 0:
        return []
    tours = []
    for i, j in problem.neighbours:
        both = problem.allowed[i] & problem.allowed[j]
        for b in np.flatnonzero(problem.serves[:, i]):
            for c in np.flatnonzero(problem.serves[:, j]):
                tours += [
                    ((int(b), i), (int(c), j), int(p))
                    for p in np.flatnonzero(both)
                    if touring_saving_fen(problem, int(p)) > 0
                ]
    return tours
