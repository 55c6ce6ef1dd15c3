"""供需匹配度 of a plan and of each street, beside what is wanted by category."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.demand.competition import matching_degree
from recommender.procurement.benefit import category_masses, competing
from recommender.procurement.plan import cell_attendance
from recommender.procurement.problem import ProcurementProblem


def plan_matching(
    problem: ProcurementProblem, sessions: NDArray[np.int64], categories: Sequence[str]
) -> dict[str, Any]:
    """How well a plan's attendances fit the wants.

    Parameters
    ----------
    problem
        The planning problem.
    sessions
        Session counts, shape (B, S, P).
    categories
        Name of each product's category.

    Returns
    -------
    ``matching`` in [0, 1], ``matching_by_street``, and ``wants``: shares of wants and of
    attendances by category. Nothing is known without competition: ``None`` and empty.
    """
    competition = problem.competition
    if competition is None:
        return {"matching": None, "matching_by_street": {}, "wants": {}}
    cells = cell_attendance(problem, sessions.sum(axis=0), problem.expected)
    came = category_masses(problem, competing(problem, cells))
    degree = matching_degree(came, competition.wants)
    people = problem.residents / problem.residents.sum()
    attended, wanted = came.sum(axis=0), people @ competition.wants
    names = np.asarray(categories, dtype=object)
    return {
        "matching": round(float(degree @ people), 3),
        "matching_by_street": {
            street: round(float(each), 3)
            for street, each in zip(problem.streets.ids, degree, strict=True)
        },
        "wants": {
            str(names[problem.category == c][0]): {
                "wants": round(float(wanted[c]), 3),
                "attendances": round(float(attended[c] / max(attended.sum(), 1e-9)), 3),
            }
            for c in np.unique(problem.category).tolist()
        },
    }
