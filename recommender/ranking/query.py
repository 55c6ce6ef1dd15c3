"""One question to the model: who asks, from where, about which events, when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.snapshot import RankingSnapshot


@dataclass(frozen=True, slots=True)
class Query:
    """A question in the shape every signal is computed for.

    Attributes
    ----------
    residents
        Positions, shape (q,); -1 for whoever may not be profiled or is unknown.
    streets
        Positions of the streets they ask from, shape (q,); -1 where unknown.
    events
        Positions, shape (1, m) when all are asked about the same events, else (q, m).
    at
        The moment of asking.
    """

    residents: NDArray[np.intp]
    streets: NDArray[np.intp]
    events: NDArray[np.intp]
    at: np.datetime64

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of every signal."""
        return len(self.residents), self.events.shape[1]


def make_query(
    snapshot: RankingSnapshot,
    residents: NDArray[np.intp],
    events: NDArray[np.intp],
    at: np.datetime64,
    streets: NDArray[np.intp] | None = None,
) -> Query:
    """Put a question, forgetting who asks where no profile may be used.

    Parameters
    ----------
    snapshot
        Says where residents live and whom no profile may be used of.
    residents
        Positions, shape (q,); -1 asks as nobody in particular.
    events
        Positions, shape (m,) for everybody alike, or (q, m).
    at
        The moment of asking, UTC.
    streets
        Where each asks from; residents' home streets when left out.

    Returns
    -------
    The query, in which whoever may not be profiled is -1.
    """
    residents = np.asarray(residents, dtype=np.intp)
    known = residents >= 0
    if streets is None:
        streets = np.where(known, snapshot.resident_street[residents], -1)
    allowed = known & snapshot.resident_profiled[residents] if len(snapshot.residents) else known
    return Query(
        residents=np.where(allowed, residents, -1),
        streets=np.asarray(streets, dtype=np.intp),
        events=np.atleast_2d(np.asarray(events, dtype=np.intp)),
        at=at,
    )
