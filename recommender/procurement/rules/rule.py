"""What every rule offers: settings, rows of the linear model, verification, explanation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.plan import Tour
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.values import RuleKey, Violation

FEN = 1e5
"""Money rows are in thousands of yuan, so that the solver's tolerances are far below one fen."""

TOLERANCE = 1e-6
"""Relative to the budget for money, absolute for attendances and the Gini coefficient."""

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]
TourColumn = tuple[tuple[int, int], tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Setting:
    """A number in the officer's file that a rule reads.

    Attributes
    ----------
    name
        ``section.key`` in the file.
    default
        Where the file says nothing.
    low, high
        Bounds of the number.
    neutral
        The number at which the rule asks for nothing; a problem without the setting has it.
    """

    name: str
    default: float
    low: float
    high: float
    neutral: float

    def of(self, problem: ProcurementProblem) -> float:
        """The number in a problem."""
        return problem.settings.get(self.name, self.neutral)


@dataclass(frozen=True, slots=True)
class Row:
    """``low <= numbers @ x[columns] <= high``."""

    key: RuleKey
    columns: Positions
    numbers: Floats | float = 1.0
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, slots=True)
class Columns:
    """The model's columns, as rules see them.

    Attributes
    ----------
    buyer, street, product, tier
        Of each session column, shape (n,).
    value
        Attendances that it adds, shape (n,).
    price
        In thousands of yuan, shape (n,).
    tours
        Of the columns after the sessions: both (buyer, street) pairs and the product.
    saving
        What each tour saves a side, thousands of yuan.
    extra
        The rule's own first column.
    """

    buyer: Positions
    street: Positions
    product: Positions
    tier: Positions
    value: Floats
    price: Floats
    tours: tuple[TourColumn, ...]
    saving: Floats
    extra: int = 0

    @property
    def all(self) -> Positions:
        """Positions of the session columns."""
        return np.arange(len(self.product), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """What a plan comes to, counted from its sessions and not from the linear model.

    Attributes
    ----------
    sessions
        Shape (B, S, P).
    tours
        Which of them tour together.
    cells, by_product
        Sums over buyers, shape (S, P), and over streets too, shape (P,).
    paid_fen
        By buyer, touring discounts taken off.
    spent_fen
        By product, list prices, shape (P,).
    level
        Attendances a street, shape (S,).
    """

    sessions: NDArray[np.int64]
    tours: tuple[Tour, ...]
    cells: NDArray[np.int64]
    by_product: NDArray[np.int64]
    paid_fen: Mapping[str, int]
    spent_fen: NDArray[np.int64]
    level: Floats


class Rule(Protocol):
    """One rule of plans."""

    @property
    def name(self) -> str:
        """In keys, conflicts, violations and messages (``plan.conflict.NAME``)."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Numbers of the officer's file that it reads."""

    def extra_columns(self, problem: ProcurementProblem) -> int:
        """How many columns of its own it needs in the model."""

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """Its rows of the linear model.

        Parameters
        ----------
        problem
            The planning problem.
        columns
            The model's columns.

        Returns
        -------
        Rows in any order.
        """

    def verify(self, problem: ProcurementProblem, counts: PlanCounts) -> Iterator[Violation]:
        """What a plan breaks of it, recomputed without the rows.

        Parameters
        ----------
        problem
            The planning problem.
        counts
            What the plan comes to.

        Returns
        -------
        Empty when the plan keeps the rule.
        """

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """Bounds of one instance, for explanations.

        Parameters
        ----------
        problem
            The planning problem.
        key
            The instance.

        Returns
        -------
        Bounds by name.
        """

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """Where one instance may stand in the officer's file, likeliest first."""


class RuleDefaults:
    """What most rules share: no settings, no own columns, no rows, no place in the file."""

    settings: tuple[Setting, ...] = ()

    def extra_columns(self, problem: ProcurementProblem) -> int:
        """None."""
        del problem
        return 0

    def rows(self, problem: ProcurementProblem, columns: Columns) -> Iterator[Row]:
        """None: columns that break the rule are never built.

        Parameters
        ----------
        problem
            The planning problem.
        columns
            The model's columns.

        Returns
        -------
        Rows in any order.
        """
        del problem, columns
        return iter(())

    def amounts(self, problem: ProcurementProblem, key: RuleKey) -> dict[str, float]:
        """None.

        Parameters
        ----------
        problem
            The planning problem.
        key
            The instance.

        Returns
        -------
        Bounds by name.
        """
        del problem, key
        return {}

    def file_names(self, key: RuleKey) -> tuple[str, ...]:
        """The settings."""
        del key
        return tuple(setting.name for setting in self.settings)


def groups_of(values: NDArray[np.integer]) -> Iterator[Positions]:
    """Positions of equal values, group by group."""
    order = np.argsort(values, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(values[order])) + 1):
        if len(own):
            yield own
