"""What a plan is worth: attendances of sessions that compete, and how well they match wants.

With x_sc the mass of a street's sessions of a category (what each would draw alone, added up)

    value = sum_s (1 - m) A_s(x_s) + m sum_c N_sc(x_sc) + sum_sp (w_sp - 1) a_sp
    N_sc = T_sc ln(1 + A_sc / (d T_sc)) (1 + d),    T_sc = T_s * wants_sc

with A the concave attendances of :class:`~recommender.demand.competition.Competition`, m the dial
``matching``, T_s the attendances of a usual period, d = ``SMALL``, w the weights of specialities
and brands. At m = 1 this is Nash welfare (Eisenberg & Gale 1959): money follows wants. A category
that gets exactly its wanted share of a usual period counts one for one more attendance; one that
gets less counts more. All parts are concave in the masses.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.demand.competition import Competition, saturate
from recommender.procurement.problem import ProcurementProblem

Floats = NDArray[np.float64]

SMALL = 0.1
"""d above: what a category without any visits is taken to have, in targets."""
_KNOTS: Floats = np.concatenate(
    [
        [0, 0.004, 0.012, 0.024],
        np.arange(0.04, 0.4, 0.04),
        np.arange(0.4, 1.2, 0.08),
        np.arange(1.2, 3, 0.2),
        [3, 3.5, 4, 5, 7],
    ]
)
"""Where tangents of the saturation touch it, in caps; they lie within .3 % of it in between."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A concave function as the least of straight lines: ``slope * x + intercept``."""

    slope: Floats
    intercept: Floats


def saturation_pieces(cap: float) -> Pieces:
    """Tangents of the saturation at a cap; one line of slope 1 where the cap is infinite."""
    if not np.isfinite(cap):
        return Pieces(np.ones(1), np.zeros(1))
    slope = np.exp(-_KNOTS)
    return Pieces(slope, cap * (-np.expm1(-_KNOTS) - slope * _KNOTS))


def matching_pieces(target: float) -> Pieces:
    """Tangents of N_sc in A_sc at a target T_sc > 0."""
    knots = target * np.concatenate([[0.0], np.geomspace(0.02, 20, 40)])
    slope = (1 + SMALL) / (SMALL + knots / target)
    return Pieces(slope, _nash(knots, np.array(target)) - slope * knots)


def targets(competition: Competition) -> Floats:
    """T_sc: what each category would get of a usual period if it got what is wanted, (S, C)."""
    usual = competition.usual.sum(axis=1)
    people = np.where(np.isfinite(competition.street_caps), competition.street_caps, 0.0)
    # A street without history: what the others make of what their people have evenings for.
    ratio = usual.sum() / max(people[usual > 0].sum(), 1e-300)
    total = np.where(usual > 0, usual, np.minimum(ratio, 1.0) * people)
    return np.asarray(total[:, None] * competition.wants)


def plan_value(problem: ProcurementProblem, cells: Floats) -> float:
    """The objective of a plan.

    Parameters
    ----------
    problem
        The planning problem.
    cells
        What the sessions of each cell would draw alone, shape (S, P).

    Returns
    -------
    Weighted attendances; at ``matching`` above 0 those that are wanted count more.
    """
    competition = problem.competition
    if competition is None:
        return float((problem.weight * cells).sum())
    value = float(((problem.weight - 1) * cells).sum())
    mass = category_masses(problem, cells)
    within = saturate(mass, competition.category_caps)
    value += (1 - problem.matching) * float(
        saturate(within.sum(axis=1), competition.street_caps).sum()
    )
    if problem.matching > 0:
        value += problem.matching * float(_nash(within, targets(competition)).sum())
    return value


def wants_margins(competition: Competition, mass: Floats) -> Floats:
    """What one more of mass adds to how well wants are met, N_sc, as things stand.

    Parameters
    ----------
    competition
        The streets' competition.
    mass
        x_sc, shape (S, C).

    Returns
    -------
    Shape (S, C).
    """
    target = targets(competition)
    within = saturate(mass, competition.category_caps)
    slope = (1 + SMALL) / (SMALL + within / np.maximum(target, 1e-12))
    return np.asarray(
        np.where(target > 1e-9, slope, 0.0) * np.exp(-mass / competition.category_caps)
    )


def category_masses(problem: ProcurementProblem, cells: Floats) -> Floats:
    """Sums over the products of each category.

    Parameters
    ----------
    problem
        The planning problem; it has a competition.
    cells
        Shape (S, P).

    Returns
    -------
    Shape (S, C).
    """
    assert problem.competition is not None
    found = np.zeros(problem.competition.category_caps.shape)
    np.add.at(found.T, problem.category, cells.T)
    return found


def competing(problem: ProcurementProblem, cells: Floats) -> Floats:
    """What cells come to beside each other.

    Parameters
    ----------
    problem
        The planning problem.
    cells
        What each would draw alone, shape (S, P).

    Returns
    -------
    Attendances, shape (S, P); as given where sessions do not compete.
    """
    if problem.competition is None:
        return cells
    kept = problem.competition.shares(category_masses(problem, cells))
    return np.asarray(cells * kept[:, problem.category])


def _nash(attendances: Floats, target: Floats) -> Floats:
    safe = np.maximum(target, 1e-12)
    found = safe * np.log1p(attendances / (SMALL * safe)) * (1 + SMALL)
    return np.asarray(np.where(target > 1e-9, found, 0.0))
