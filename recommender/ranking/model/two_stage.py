"""Ranking the candidates of a moment: a first stage chooses where they are many, the ranker orders.

Evaluation, single lists and everybody's lists all rank by :meth:`TwoStageRanking.best`. The ranker
was fitted on what the first stage chooses, and asked about everything it does worse. How many
candidates are chosen is measured: few enough to be quick, and so many that what the ranker puts
first among the longest short list (:func:`recommender.ranking.model.first_stage.short_list`) is
among them.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.model.first_stage import (
    WIDE,
    FirstStage,
    Floats,
    best_columns,
    short_list,
)
from recommender.ranking.model.suggestion_model import BoundModel
from recommender.ranking.query import make_query

FIRST = 10
"""Places of the ranker's list that must not be lost."""
KEPT_SHARE = 0.9
"""How many of them are kept, on the whole."""
CHECKED = 200
"""Residents that this is measured on."""


class TwoStageRanking:
    """A bound model and the candidates of a moment.

    Parameters
    ----------
    bound
        The model in a snapshot.
    candidates
        Positions in ``snapshot.events``, shape (m,).
    at
        Moment of every question, UTC.
    full_up_to
        With so many candidates or fewer, all of them meet the ranker.

    Attributes
    ----------
    first_
        The first stage; ``None`` where all candidates meet the ranker.
    width_
        How many candidates meet the ranker, at the least.
    """

    def __init__(
        self,
        bound: BoundModel,
        candidates: NDArray[np.intp],
        at: np.datetime64,
        *,
        full_up_to: int = WIDE,
    ) -> None:
        self._bound, self._candidates, self._at = bound, candidates, at
        self.first_: FirstStage | None = None
        self.width_ = len(candidates)
        if len(candidates) > full_up_to:
            self.first_ = FirstStage(bound.model.first, bound.ready, candidates, at)
            self.width_ = self._needed(self.first_)

    def best(
        self,
        residents: NDArray[np.intp],
        streets: NDArray[np.intp],
        shift: Floats,
        least: int,
    ) -> tuple[NDArray[np.intp], Floats]:
        """Rank candidates by the model's totals plus what the caller adds.

        Parameters
        ----------
        residents
            Positions, shape (q,); -1 for nobody in particular. Whoever may not be profiled is
            ranked for as nobody.
        streets
            Positions of the streets they ask from, shape (q,); -1 unknown.
        shift
            Added to the totals of both stages, shape (q, m); ``-inf`` marks what may not be shown.
        least
            How many columns are wanted.

        Returns
        -------
        columns
            Shape (q, c) with ``least ≤ c ≤ m`` where there are so many, in ascending order.
        value
            The ranker's totals plus ``shift``, same shape, float32.
        """
        if self.first_ is None:
            total = self._bound.rank(residents, self._candidates, self._at, streets)
            return np.broadcast_to(np.arange(shift.shape[1]), shift.shape), total + shift
        query = make_query(self._bound.snapshot, residents, self._candidates, self._at, streets)
        first = self.first_.score(query.residents, query.streets)
        first += shift
        columns = best_columns(first, max(least, self.width_))
        total = self._bound.rank(residents, self._candidates[columns], self._at, streets)
        total += np.take_along_axis(shift, columns, axis=1)
        return columns, total

    def _needed(self, first: FirstStage) -> int:
        """How far down the first stage's order the ranker's first ten are found."""
        snapshot, short = self._bound.snapshot, short_list(len(self._candidates))
        # Spread evenly over all residents, so that the same snapshot gives the same width.
        profiled = np.flatnonzero(snapshot.resident_profiled)
        if len(profiled) == 0:
            return short
        checked = np.unique(np.linspace(0, len(profiled) - 1, CHECKED).round().astype(np.intp))
        residents = profiled[checked]
        streets = snapshot.resident_street[residents].astype(np.intp)
        order = np.argsort(-first.score(residents, streets), axis=1, kind="stable")[:, :short]
        total = self._bound.rank(residents, self._candidates[order], self._at, streets)
        depth = np.argsort(-total, axis=1, kind="stable")[:, :FIRST] + 1
        return int(np.quantile(depth, KEPT_SHARE))
