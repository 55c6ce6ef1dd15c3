"""What was decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.metrics.evenness import gini
from recommender.procurement.benefit import category_masses, competing
from recommender.procurement.intervals import cell_bounds
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.values import Explanation, RuleKey


class Status(StrEnum):
    """How sure a plan is."""

    OPTIMAL = "optimal"  # within the gap that was asked for
    FEASIBLE = "feasible"  # keeps every rule; the gap is larger, or time ran out
    INFEASIBLE = "infeasible"  # no plan keeps every rule
    UNKNOWN = "unknown"  # time ran out before any plan was found


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One buyer's order of one product for one street.

    Attributes
    ----------
    sessions
        At least 1.
    amount_fen
        What they cost, touring discounts taken off.
    expected, low, high
        Attendances at all these sessions together beside the plan's other ones, seats respected:
        the mean, and the 10 % and 90 % quantiles.
    marginal_fen_per_attendance
        Price of the last session over the attendances it adds; inf when it adds none.
    toured
        Sessions that share a tour with a neighbouring street.
    """

    buyer: str
    street: str
    product: str
    sessions: int
    amount_fen: int
    expected: float
    low: float
    high: float
    marginal_fen_per_attendance: float
    toured: int = 0


@dataclass(frozen=True, slots=True)
class Tour:
    """Sessions of one product that two neighbouring streets take on the same days (巡演).

    Attributes
    ----------
    product
        Position of the product.
    first, second
        (buyer, street) positions of both sides.
    sessions
        How many sessions on each side.
    """

    product: int
    first: tuple[int, int]
    second: tuple[int, int]
    sessions: int


@dataclass(frozen=True, slots=True)
class ProcurementPlan:
    """A plan, and how good it can be said to be.

    Attributes
    ----------
    status, gap
        ``gap`` is (bound - value) / bound, in [0, 1]; nan when there is no
        plan.
    value, bound
        Weighted attendances of the plan (by the problem's caution), and what no plan can exceed.
    sessions
        Shape (B, S, P), int64.
    tours
        Which of them tour together.
    lines
        The same, as lines, largest benefit first.
    shadow_prices
        For each instance of a rule that binds: weighted attendances gained by easing it by one
        unit (1,000 yuan for money rules, one session for session rules), from the linear
        relaxation.
    easing
        For each rule that binds: weighted attendances gained, nearly, were its bound a tenth
        looser; largest first.
    conflicts
        When infeasible: the smallest set of rules found that cannot hold together.
    method
        ``milp`` or ``greedy``: where the returned answer came from.
    """

    status: Status
    gap: float
    value: float
    bound: float
    sessions: NDArray[np.int64]
    tours: tuple[Tour, ...]
    lines: tuple[PlanLine, ...]
    shadow_prices: Mapping[RuleKey, float] = field(default_factory=dict)
    easing: Mapping[RuleKey, float] = field(default_factory=dict)
    conflicts: tuple[Explanation, ...] = ()
    method: str = "milp"

    @property
    def amount_fen(self) -> int:
        """What the whole plan costs."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def expected(self) -> float:
        """Attendances expected in all."""
        return sum(line.expected for line in self.lines)


def sessions_of(
    problem: ProcurementProblem, lines: Iterable[Mapping[str, Any]]
) -> NDArray[np.int64] | None:
    """Lines as session counts of a problem.

    Parameters
    ----------
    problem
        The planning problem.
    lines
        Of a plan, perhaps of another problem: buyer_code, street_code, product_id, sessions.

    Returns
    -------
    Shape (B, S, P); ``None`` when a line's buyer, street or product is not planned.
    """
    axes = (problem.buyers, problem.streets, problem.products)
    sessions = np.zeros([len(axis) for axis in axes], dtype=np.int64)
    for line in lines:
        codes = (line["buyer_code"], line["street_code"], line["product_id"])
        if not all(code in axis for code, axis in zip(codes, axes, strict=True)):
            return None
        at = tuple(axis.position(code) for code, axis in zip(codes, axes, strict=True))
        sessions[at] += int(line["sessions"])
    if sessions.sum(axis=0).max(initial=0) > problem.sessions_per_cell:
        return None
    return sessions


def attendance_by_street(
    problem: ProcurementProblem, sessions: NDArray[np.int64], demand: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Attendances in each street before sessions compete, shape (S,).

    Parameters
    ----------
    problem
        The planning problem.
    sessions
        Session counts, shape (B, S, P).
    demand
        Attendances at one session, shape (S, P).

    Returns
    -------
    Shape (S,).
    """
    cells = cell_attendance(problem, sessions.sum(axis=0), demand)
    return np.asarray(cells.sum(axis=1), dtype=np.float64)


def cell_attendance(
    problem: ProcurementProblem, counts: NDArray[np.int64], demand: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Attendances of each cell alone for ``counts`` sessions, both of shape (S, P).

    Parameters
    ----------
    problem
        The planning problem.
    counts
        Session counts, shape (S, P).
    demand
        Attendances at one session, shape (S, P).

    Returns
    -------
    Shape (S, P).
    """
    totals = problem.totals(demand)
    return np.asarray(np.take_along_axis(totals, counts[None], axis=0)[0], dtype=np.float64)


def evenness_of(problem: ProcurementProblem, sessions: NDArray[np.int64]) -> float:
    """Gini coefficient over streets of attendance per resident, as the rule counts it.

    Parameters
    ----------
    problem
        The planning problem.
    sessions
        Session counts, shape (B, S, P).

    Returns
    -------
    In [0, 1].
    """
    return gini(attendance_by_street(problem, sessions, problem.demand) / problem.residents)


def toured_sessions(shape: tuple[int, ...], tours: tuple[Tour, ...]) -> NDArray[np.int64]:
    """Sessions with a touring discount, of the given shape (B, S, P).

    Parameters
    ----------
    shape
        (B, S, P).
    tours
        Which sessions tour together.

    Returns
    -------
    Shape (B, S, P).
    """
    toured = np.zeros(shape, dtype=np.int64)
    for tour in tours:
        for buyer, street in (tour.first, tour.second):
            toured[buyer, street, tour.product] += tour.sessions
    return toured


def make_lines(
    problem: ProcurementProblem, sessions: NDArray[np.int64], tours: tuple[Tour, ...] = ()
) -> tuple[PlanLine, ...]:
    """The lines of ``sessions``, shape (B, S, P).

    Parameters
    ----------
    problem
        The planning problem.
    sessions
        Session counts, shape (B, S, P).
    tours
        Which sessions tour together.

    Returns
    -------
    Largest benefit first.
    """
    counts = sessions.sum(axis=0)
    toured = toured_sessions(sessions.shape, tours)
    alone = cell_attendance(problem, counts, problem.expected)
    expected = competing(problem, alone)
    kept = np.divide(expected, alone, out=np.ones_like(alone), where=alone > 0)
    low, high = cell_bounds(problem, counts, kept)
    planned = problem.totals(problem.demand)
    margins = plan_margins(problem, counts)
    lines = []
    for b, s, p in zip(*np.nonzero(sessions), strict=True):
        n, cell = int(sessions[b, s, p]), int(counts[s, p])
        price = int(problem.price_fen[p])
        gained = float(planned[cell, s, p] - planned[cell - 1, s, p]) * float(margins[s, p])
        share = n / cell  # two buyers of one cell share its attendance by their sessions
        touring = int(toured[b, s, p])
        lines.append(
            PlanLine(
                buyer=problem.buyers.ids[b],
                street=problem.streets.ids[s],
                product=problem.products.ids[p],
                sessions=n,
                amount_fen=n * price - touring * touring_saving_fen(problem, p),
                expected=float(expected[s, p]) * share,
                low=float(low[s, p]) * share,
                high=float(high[s, p]) * share,
                marginal_fen_per_attendance=price / gained if gained > 0 else float("inf"),
                toured=touring,
            )
        )
    return tuple(sorted(lines, key=lambda line: (-line.expected, line.street, line.product)))


def plan_margins(problem: ProcurementProblem, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What a plan leaves of what one session more would draw alone.

    Parameters
    ----------
    problem
        The planning problem.
    counts
        Session counts, shape (S, P).

    Returns
    -------
    In (0, 1], shape (S, P).
    """
    if problem.competition is None:
        return np.ones(counts.shape)
    cells = cell_attendance(problem, counts, problem.demand)
    margins = problem.competition.margins(category_masses(problem, cells))
    return np.asarray(margins[:, problem.category])


def touring_saving_fen(problem: ProcurementProblem, product: int) -> int:
    """What one touring session saves, rounded down to whole fen.

    Parameters
    ----------
    problem
        The planning problem.
    product
        Its position.

    Returns
    -------
    Fen, >= 0.
    """
    return int(problem.touring_discount * int(problem.price_fen[product]))
