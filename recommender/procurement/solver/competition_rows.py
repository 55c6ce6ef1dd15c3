"""Competing sessions in the linear model: masses, and concave values under straight lines.

Own columns for every street and category in use: x, the mass; y <= A(x), what it comes to within
its category; v <= N(y), its worth by wants (only where the matching dial is turned). For every
street: z <= A(sum y). Each of them is pushed up by the objective, so it ends on the lowest of its
lines, which are tangents: the model's value is never below the true one, and within .3 % of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.benefit import (
    Pieces,
    matching_pieces,
    saturation_pieces,
    targets,
)
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import COMPETITION
from recommender.procurement.rules.rule import Columns, Row

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CompetitionRows:
    """Rows, and the objective of the columns that they bring."""

    rows: list[Row]
    value: Floats


def competition_rows(problem: ProcurementProblem, columns: Columns, first: int) -> CompetitionRows:
    """The competition of a problem as rows and columns.

    Parameters
    ----------
    problem
        The planning problem.
    columns
        The session columns; their ``value`` is what each adds to its mass.
    first
        Position of the first own column.

    Returns
    -------
    Nothing where sessions do not compete.
    """
    competition = problem.competition
    if competition is None:
        return CompetitionRows([], np.zeros(0))
    rows: list[Row] = []
    value: list[float] = []

    def column(worth: float) -> int:
        value.append(worth)
        return first + len(value) - 1

    def below(pieces: Pieces, target: int, sources: list[int]) -> None:
        at = np.array([target, *sources], dtype=np.intp)
        for slope, intercept in zip(pieces.slope, pieces.intercept, strict=True):
            numbers = np.array([1.0, *[-slope] * len(sources)])
            rows.append(Row(COMPETITION, at, numbers, high=float(intercept)))

    wanted = targets(competition)
    matching, n_categories = problem.matching, competition.category_caps.shape[1]
    cell = columns.street * n_categories + problem.category[columns.product]
    for s in range(len(problem.streets)):
        parts = []
        for c in range(n_categories):
            own = np.flatnonzero(cell == s * n_categories + c)
            if not len(own):
                continue
            x, y = column(0.0), column(0.0)
            numbers = np.append(columns.value[own], -1.0)
            rows.append(Row(COMPETITION, np.append(own, x), numbers, low=0.0, high=0.0))
            below(saturation_pieces(float(competition.category_caps[s, c])), y, [x])
            parts.append(y)
            if matching > 0 and wanted[s, c] > 1e-9:
                below(matching_pieces(float(wanted[s, c])), column(matching), [y])
        if parts and matching < 1:
            cap = float(competition.street_caps[s])
            total, z = column(0.0), column(1 - matching)
            numbers = np.append(np.ones(len(parts)), -1.0)
            at = np.array([*parts, total], dtype=np.intp)
            rows.append(Row(COMPETITION, at, numbers, low=0.0, high=0.0))
            below(saturation_pieces(cap), z, [total])
    return CompetitionRows(rows, np.array(value, dtype=np.float64))
