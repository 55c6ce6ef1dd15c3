"""The best plan found so far, and what is told of the search while it goes on."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.benefit import plan_value
from recommender.procurement.plan import Tour, cell_attendance
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.solver.linear_model import LinearModel
from recommender.procurement.verify import verify_sessions

Floats = NDArray[np.float64]
OnProgress = Callable[[float, float], None]
"""Hears the value of the best plan so far and the bound, whenever one of them gets better."""


class Incumbent:
    """The best whole solution so far that the independent verifier accepts.

    Parameters
    ----------
    problem, model
        The problem and its model with buyers.
    on_progress
        Hears of every better solution and bound.
    """

    def __init__(
        self, problem: ProcurementProblem, model: LinearModel, on_progress: OnProgress | None = None
    ) -> None:
        self.problem, self.model, self.on_progress = problem, model, on_progress
        self.bound = np.inf
        self.found = False
        self.sessions = np.zeros(
            (len(problem.buyers), len(problem.streets), len(problem.products)), dtype=np.int64
        )
        self.tours: tuple[Tour, ...] = ()
        self.value, self.method = -np.inf, "greedy"

    def offer(self, x: Floats | None, method: str) -> bool:
        """Take a solution if it is better.

        Parameters
        ----------
        x
            A whole solution of the model; ``None``: there is none.
        method
            Where it comes from.

        Returns
        -------
        False when there is none or it breaks a rule.
        """
        if x is None:
            return False
        shape = (self.sessions.shape[0], self.sessions.shape[1], self.sessions.shape[2])
        return self.offer_plan(self.model.sessions(x, shape), self.model.tours_of(x), method)

    def offer_plan(self, sessions: NDArray[np.int64], tours: tuple[Tour, ...], method: str) -> bool:
        """Take a plan if it is better.

        Parameters
        ----------
        sessions
            Shape (B, S, P).
        tours
            Which of them tour together.
        method
            Where it comes from.

        Returns
        -------
        False when it breaks a rule.
        """
        if sessions.max(initial=0) > self.problem.sessions_per_cell:
            return False
        cells = cell_attendance(self.problem, sessions.sum(axis=0), self.problem.demand)
        value = plan_value(self.problem, cells)
        if value <= self.value:
            return True
        if verify_sessions(self.problem, sessions, tours):
            return False
        self.found, self.value, self.method = True, value, method
        self.sessions, self.tours = sessions, tours
        self._tell()
        return True

    def lower(self, bound: float) -> None:
        """Note what no plan can exceed."""
        if bound < self.bound:
            self.bound = bound
            self._tell()

    def _tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self.value, self.bound)
