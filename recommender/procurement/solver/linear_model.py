"""The problem as a linear model: columns are sessions, rows are rules.

Columns: z[q, p, k] in {0, 1}, the k-th session of product p that pair q = (buyer, street) takes,
worth the k-th step of the concave benefit; u[e, p], sessions that two neighbouring pairs tour
together; a[s] = attendance per thousand residents and d[i, j] >= |a[i] - a[j]| for the evenness
bound sum d <= G n sum a, which is the Gini coefficient's definition without its division.
Because steps fall, a relaxation takes them in order without being told to.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.procurement.plan import Tour, touring_saving_fen
from recommender.procurement.problem import ProcurementProblem

FEN = 1e5
"""Money rows are in thousands of yuan, so that the solver's tolerances are far below one fen."""

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


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
    rule
        Name of each row's rule.
    """

    value: Floats
    upper: Floats
    integral: NDArray[np.bool_]
    matrix: sp.csr_array
    low: Floats
    high: Floats
    rule: tuple[str, ...]
    buyer: Positions
    street: Positions
    product: Positions
    tier: Positions
    tours: tuple[tuple[tuple[int, int], tuple[int, int], int], ...] = ()

    @property
    def n_sessions(self) -> int:
        """Number of session columns."""
        return len(self.product)

    def sessions(self, x: Floats, shape: tuple[int, int, int]) -> NDArray[np.int64]:
        """Session counts of shape (B, S, P) that a whole solution stands for."""
        counts = np.zeros(shape, dtype=np.int64)
        taken = np.rint(x[: self.n_sessions]).astype(np.int64)
        np.add.at(counts, (self.buyer, self.street, self.product), taken)
        return counts

    def tours_of(self, x: Floats) -> tuple[Tour, ...]:
        """The tours that a whole solution stands for."""
        taken = np.rint(x[self.n_sessions : self.n_sessions + len(self.tours)]).astype(int)
        return tuple(
            Tour(product, first, second, int(n))
            for (first, second, product), n in zip(self.tours, taken, strict=True)
            if n > 0
        )


@dataclass(slots=True)
class _Rows:
    """Collects rows; one call a rule."""

    columns: list[Positions] = field(default_factory=list)
    numbers: list[Floats] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rule: list[str] = field(default_factory=list)

    def add(
        self,
        rule: str,
        columns: Positions,
        numbers: Floats | float = 1.0,
        *,
        low: float = -np.inf,
        high: float = np.inf,
    ) -> None:
        self.columns.append(np.asarray(columns, dtype=np.intp))
        self.numbers.append(np.broadcast_to(np.asarray(numbers, dtype=np.float64), columns.shape))
        self.sizes.append(len(columns))
        self.low.append(low)
        self.high.append(high)
        self.rule.append(rule)

    def matrix(self, n_columns: int) -> sp.csr_array:
        if not self.sizes:
            return sp.csr_array((0, n_columns), dtype=np.float64)
        rows = np.repeat(np.arange(len(self.sizes)), self.sizes)
        entries = (np.concatenate(self.numbers), (rows, np.concatenate(self.columns)))
        return sp.csr_array(
            sp.coo_array(entries, shape=(len(self.sizes), n_columns), dtype=np.float64)
        )


def build_model(
    problem: ProcurementProblem, *, without: frozenset[str] = frozenset()
) -> LinearModel:
    """Write the problem down as a linear model.

    Parameters
    ----------
    problem
        The problem.
    without
        Names of rules to leave out (used to find which rules conflict).
    """
    buyer, street, product, tier, value = _session_columns(problem)
    benefit = value * problem.weight[street, product]
    n = len(product)
    tours = _tour_columns(problem)
    first_even = n + len(tours)
    s = len(problem.streets)
    even = problem.gini_max is not None and s > 1 and "evenness" not in without
    pairs = [(i, j) for i in range(s) for j in range(i + 1, s)] if even else []
    # Solvers refuse a model without columns; the last one then stands for nothing.
    n_columns = max(1, first_even + (s + len(pairs) if even else 0))
    saving = np.array([touring_saving_fen(problem, p) for _, _, p in tours]) / FEN
    price = problem.price_fen[product] / FEN
    columns = np.arange(n, dtype=np.intp)

    rows = _Rows()
    _money_rows(rows, problem, buyer, product, columns, price, tours, saving)
    _session_rows(rows, problem, street, product, tier, columns)
    _floor_rows(rows, problem, street, columns, value)
    _tour_rows(rows, buyer, street, product, columns, tours)
    if even:
        _evenness_rows(rows, problem, street, columns, value, first_even, pairs)

    keep = [i for i, name in enumerate(rows.rule) if name not in without]
    upper = np.full(n_columns, np.inf)
    upper[:n] = 1.0
    upper[n:first_even] = problem.sessions_per_cell
    if not first_even and not even:
        upper[:] = 0.0
    integral = np.zeros(n_columns, dtype=np.bool_)
    integral[:first_even] = True
    matrix = rows.matrix(n_columns)
    return LinearModel(
        value=np.concatenate([benefit, np.zeros(n_columns - n)]),
        upper=upper,
        integral=integral,
        matrix=matrix[keep] if len(keep) < len(rows.rule) else matrix,
        low=np.array(rows.low)[keep],
        high=np.array(rows.high)[keep],
        rule=tuple(rows.rule[i] for i in keep),
        buyer=buyer,
        street=street,
        product=product,
        tier=tier,
        tours=tuple(tours),
    )


def with_rows(model: LinearModel, steps: list[tuple[list[int], list[int]]]) -> LinearModel:
    """The model that also says: the later sessions of a cell need the earlier ones.

    Only an evenness bound ever makes it worth saying, so it is said where it was needed.
    """
    rows = _Rows()
    for later, earlier in steps:
        signs = np.array([1.0] * len(later) + [-1.0] * len(earlier))
        rows.add("steps", np.array(later + earlier, dtype=np.intp), signs, high=0.0)
    return replace(
        model,
        matrix=sp.csr_array(sp.vstack([model.matrix, rows.matrix(len(model.value))])),
        low=np.concatenate([model.low, rows.low]),
        high=np.concatenate([model.high, rows.high]),
        rule=(*model.rule, *rows.rule),
    )


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
    room = np.arange(problem.sessions_per_cell)[:, None] < problem.sessions_max[None, :]
    open_ = useful & problem.allowed[None] & room[:, None, :]
    tier, buyer, street, product = np.nonzero(open_[:, None] & affordable[None])
    return buyer, street, product, tier, steps[tier, street, product]


def _tour_columns(
    problem: ProcurementProblem,
) -> list[tuple[tuple[int, int], tuple[int, int], int]]:
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


def _money_rows(
    rows: _Rows,
    problem: ProcurementProblem,
    buyer: Positions,
    product: Positions,
    columns: Positions,
    price: Floats,
    tours: list[tuple[tuple[int, int], tuple[int, int], int]],
    saving: Floats,
) -> None:
    n = len(columns)
    tour_columns = n + np.arange(len(tours), dtype=np.intp)
    total = problem.budget_fen.sum() / FEN
    for b, name in enumerate(problem.buyers.ids):
        sides = np.array([(x[0] == b) + (y[0] == b) for x, y, _ in tours], dtype=np.float64)
        mine = buyer == b
        rows.add(
            f"budget:{name}",
            np.concatenate([columns[mine], tour_columns[sides > 0]]),
            np.concatenate([price[mine], -(sides * saving)[sides > 0]]),
            high=problem.budget_fen[b] / FEN,
        )
    for quota in problem.quotas:
        mask = problem.groups[quota.group]
        inside = mask[product]
        if quota.max_share < 1:
            rows.add(
                f"{quota.name}.max_share",
                columns[inside],
                price[inside],
                high=quota.max_share * total,
            )
        if quota.min_share > 0:  # sum over the group - share * sum over all >= 0
            rows.add(
                f"{quota.name}.min_share", columns, price * (inside - quota.min_share), low=0.0
            )
    if problem.supplier_share_max < 1:
        cap = problem.supplier_share_max * total
        supplier = problem.supplier[product]
        order = np.argsort(supplier, kind="stable")
        for own in np.split(order, np.flatnonzero(np.diff(supplier[order])) + 1):
            if len(own) and supplier[own[0]] >= 0 and price[own].sum() > cap:
                name = problem.suppliers.ids[supplier[own[0]]]
                rows.add(f"supplier:{name}", columns[own], price[own], high=cap)


def _session_rows(
    rows: _Rows,
    problem: ProcurementProblem,
    street: Positions,
    product: Positions,
    tier: Positions,
    columns: Positions,
) -> None:
    order = np.argsort(product, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(product[order])) + 1):
        if len(own) and len(own) > problem.sessions_max[product[own[0]]]:
            p = int(product[own[0]])
            rows.add(
                f"sessions_max:{problem.products.ids[p]}",
                columns[own],
                high=float(problem.sessions_max[p]),
            )
    if (problem.serves.sum(axis=0) > 1).any():
        # Two buyers of one street share its steps: each step is taken once.
        cell = np.ravel_multi_index(
            (street, product, tier), (*problem.allowed.shape, problem.sessions_per_cell)
        )
        order = np.argsort(cell, kind="stable")
        for own in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
            if len(own) > 1:
                rows.add("steps", columns[own], high=1.0)
    for s, p in zip(*np.nonzero(problem.required), strict=True):
        name = f"required:{problem.products.ids[p]}@{problem.streets.ids[s]}"
        own = columns[(street == s) & (product == p)]
        rows.add(name, own, low=float(problem.required[s, p]))
    for quota in problem.quotas:
        inside = columns[problem.groups[quota.group][product]]
        if quota.min_sessions > 0:
            rows.add(f"{quota.name}.min_sessions", inside, low=float(quota.min_sessions))
        if quota.max_sessions is not None:
            rows.add(f"{quota.name}.max_sessions", inside, high=float(quota.max_sessions))
    for limit in problem.slot_limits:
        own = columns[(street == limit.street) & problem.groups[limit.group][product]]
        if len(own) > limit.slots:
            name = f"slots:{problem.streets.ids[limit.street]}:{limit.group}"
            rows.add(name, own, high=float(limit.slots))


def _floor_rows(
    rows: _Rows,
    problem: ProcurementProblem,
    street: Positions,
    columns: Positions,
    value: Floats,
) -> None:
    for s, name in enumerate(problem.streets.ids):
        own = street == s
        if problem.floor_sessions[s] > 0:
            rows.add(f"floor_sessions:{name}", columns[own], low=float(problem.floor_sessions[s]))
        if problem.floor_attendance > 0:
            rows.add(
                f"floor_attendance:{name}",
                columns[own],
                value[own],
                low=problem.floor_attendance * float(problem.residents[s]) / 1000,
            )


def _tour_rows(
    rows: _Rows,
    buyer: Positions,
    street: Positions,
    product: Positions,
    columns: Positions,
    tours: list[tuple[tuple[int, int], tuple[int, int], int]],
) -> None:
    if not tours:
        return
    own: dict[tuple[int, int, int], list[int]] = {}
    for column, key in enumerate(zip(buyer, street, product, strict=True)):
        own.setdefault(key, []).append(column)
    at: dict[tuple[int, int, int], list[int]] = {}
    for position, (first, second, p) in enumerate(tours):
        for b, s in (first, second):
            at.setdefault((b, s, p), []).append(len(columns) + position)
    for key, touring in at.items():  # a session tours at most once
        sessions = own.get(key, [])
        signs = np.array([-1.0] * len(sessions) + [1.0] * len(touring))
        rows.add("touring", np.array(sessions + touring, dtype=np.intp), signs, high=0.0)


def _evenness_rows(
    rows: _Rows,
    problem: ProcurementProblem,
    street: Positions,
    columns: Positions,
    value: Floats,
    first: int,
    pairs: list[tuple[int, int]],
) -> None:
    s = len(problem.streets)
    scale = problem.residents / 1000
    for i in range(s):
        own = street == i
        both = np.append(columns[own], first + i)
        rows.add("evenness", both, np.append(value[own] / scale[i], -1.0), low=0.0, high=0.0)
    for position, (i, j) in enumerate(pairs):
        three = np.array([first + i, first + j, first + s + position], dtype=np.intp)
        rows.add("evenness", three, np.array([1.0, -1.0, -1.0]), high=0.0)
        rows.add("evenness", three, np.array([-1.0, 1.0, -1.0]), high=0.0)
    assert problem.gini_max is not None
    ends = first + np.arange(s + len(pairs), dtype=np.intp)
    numbers = np.concatenate([np.full(s, -problem.gini_max * s), np.ones(len(pairs))])
    rows.add("evenness", ends, numbers, high=0.0)
