"""Cutting time: windows, moments of asking, and what was booked afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.snapshot import RankingSnapshot

Moment = np.datetime64
DAY = np.timedelta64(86_400_000_000, "us")
SOON = 14 * DAY
QUARTER = 91 * DAY


@dataclass(frozen=True, slots=True)
class Window:
    """One walk-forward window: fit on what is before ``start``, ask at ``asks``, until ``end``.

    Attributes
    ----------
    start, end
        The window is (start, end].
    asks
        Moments of asking; the first is ``start``, each is answered by bookings up to the next.
    """

    start: Moment
    end: Moment
    asks: tuple[Moment, ...]

    def steps(self) -> list[tuple[Moment, Moment]]:
        """Pairs (moment of asking, until when its answer counts)."""
        return list(zip(self.asks, (*self.asks[1:], self.end), strict=True))


def windows(cutoffs: Sequence[Moment], end: Moment, step: np.timedelta64) -> list[Window]:
    """Cut the time after the first cutoff.

    Each window ends at the next cutoff; the last one at ``end``, though, where there are several,
    it is no longer than the longest before it. Windows longer than 1.5 ``step`` are asked in
    steps.

    Parameters
    ----------
    cutoffs
        Where windows begin, in any order.
    end
        End of the last window.
    step
        How often people are asked within a window, > 0.

    Returns
    -------
    Windows in the order of time; those of no length are left out.
    """
    ordered = sorted(set(cutoffs))
    ends = [*ordered[1:], end]
    if len(ordered) > 1:
        longest = max(b - a for a, b in pairwise(ordered))
        ends[-1] = min(end, ordered[-1] + longest)
    found = []
    for start, stop in zip(ordered, ends, strict=True):
        asks, at = [start], start + step
        while stop - at >= step // 2:
            asks.append(at)
            at += step
        found.append(Window(start, stop, tuple(asks)))
    return [window for window in found if window.end > window.start]


def split_without_overlap(
    periods: Sequence[tuple[Moment, Moment]],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which past windows to fit on and which to validate on, without a label in common.

    The latest third is validated on (only the last window, where a third would leave nothing to fit
    on). Windows that end after the first of these has started are in neither part: they are purged,
    since bookings of theirs are answers of the validation too.

    Parameters
    ----------
    periods
        Start and end of each window, oldest first.

    Returns
    -------
    Two boolean arrays, shape (n_windows,): fitted on, validated on. The first is empty of ``True``
    where every window overlaps the last one.
    """
    n = len(periods)
    starts, ends = (np.array([period[i] for period in periods], "datetime64[us]") for i in (0, 1))
    fitted = validated = np.zeros(n, dtype=np.bool_)
    for first in (n - max(1, n // 3), n - 1):
        validated = np.arange(n) >= first
        fitted = ends <= starts[validated].min()
        if fitted.any():
            break
    return fitted, validated


def step_of(snapshot: RankingSnapshot) -> np.timedelta64:
    """How often people should be asked on a set like this: a fortnight, or a quarter.

    A fortnight where most bookings are of events that can be booked for less than a quarter; a
    quarter where items stand.
    """
    if len(snapshot.log_event) == 0:
        return SOON
    bookable = (snapshot.event_closes - snapshot.event_known)[snapshot.log_event]
    return SOON if np.mean(bookable < QUARTER) > 0.5 else QUARTER


def zoned(moment: Moment) -> datetime:
    """The moment as an aware datetime in UTC."""
    return pd.Timestamp(moment).to_pydatetime().replace(tzinfo=UTC)


def last_fifth(snapshot: RankingSnapshot) -> Moment:
    """The moment after which the last fifth of bookings was made."""
    return Moment(snapshot.log_time[int(len(snapshot.log_time) * 0.8)], "us")


@dataclass(frozen=True, slots=True)
class Queries:
    """Who is asked about at one moment, and what they then took.

    Attributes
    ----------
    at
        The moment of asking.
    residents
        Positions of those who booked something eligible afterwards, shape (q,).
    candidates
        Positions of the events bookable at the moment, shape (c,).
    relevant
        CSR, shape (q, c), boolean: booked in the window.
    excluded
        CSR, shape (q, c), boolean: booked before, so not to be suggested again.
    missed
        Bookings of the window that no list could hold: unknown, closed, full or booked before.
    """

    at: Moment
    residents: NDArray[np.intp]
    candidates: NDArray[np.intp]
    relevant: sp.csr_matrix
    excluded: sp.csr_matrix
    missed: int


def queries(
    snapshot: RankingSnapshot,
    at: Moment,
    taken_residents: NDArray[np.intp],
    taken_events: NDArray[np.intp],
) -> Queries:
    """Set up the questions of one moment.

    Parameters
    ----------
    snapshot
        As known at ``at``.
    taken_residents, taken_events
        Positions in that snapshot of what was booked in the window; -1 where it does not know them.

    Returns
    -------
    The questions, the candidates and what was relevant.
    """
    candidates = snapshot.bookable(at)
    column = np.full(len(snapshot.events) + 1, -1, dtype=np.intp)
    column[candidates] = np.arange(len(candidates))
    columns = column[taken_events]
    known = (taken_residents >= 0) & (columns >= 0)
    shape = (len(snapshot.residents), len(candidates))
    taken = sp.csr_matrix(
        (np.ones(int(known.sum()), dtype=np.float32), (taken_residents[known], columns[known])),
        shape=shape,
    )
    taken.data[:] = 1.0
    before = sp.csr_matrix(snapshot.booked()[:, candidates])
    relevant = sp.csr_matrix(taken - taken.multiply(before))
    relevant.eliminate_zeros()
    residents = np.flatnonzero(relevant.getnnz(axis=1))
    return Queries(
        at=at,
        residents=residents,
        candidates=candidates,
        relevant=sp.csr_matrix(relevant[residents], dtype=bool),
        excluded=sp.csr_matrix(before[residents], dtype=bool),
        missed=len(taken_events) - int(relevant.nnz),
    )


def among(asked: Queries, events: NDArray[np.intp]) -> Queries:
    """The questions with some of their candidates only, such as those with seats left.

    Parameters
    ----------
    asked
        All questions of a moment.
    events
        Positions of the events that may stay candidates.

    Returns
    -------
    Questions of those who booked one of what stays; the other bookings count as missed.
    """
    kept = np.isin(asked.candidates, events)
    relevant = sp.csr_matrix(asked.relevant[:, kept])
    rows = np.flatnonzero(relevant.getnnz(axis=1))
    return replace(
        asked,
        residents=asked.residents[rows],
        candidates=asked.candidates[kept],
        relevant=sp.csr_matrix(relevant[rows]),
        excluded=sp.csr_matrix(asked.excluded[rows][:, kept]),
        missed=asked.missed + int(asked.relevant.nnz) - int(relevant.nnz),
    )


def sample_queries(
    asked: Queries,
    most: int,
    rng: np.random.Generator,
    first: NDArray[np.bool_] | None = None,
) -> Queries:
    """A random part of the questions when there are more than ``most``.

    Parameters
    ----------
    asked
        All questions of a moment.
    most
        How many are kept at most.
    rng
        Draws them without replacement.
    first
        Which of them go before the others, shape (q,); all alike where it is not given.

    Returns
    -------
    The questions kept, in their order.
    """
    n = len(asked.residents)
    if n <= most:
        return asked
    order = rng.permutation(n)
    if first is not None:
        order = order[np.argsort(~first[order], kind="stable")]
    chosen = np.sort(order[:most])
    return replace(
        asked,
        residents=asked.residents[chosen],
        relevant=asked.relevant[chosen],
        excluded=asked.excluded[chosen],
    )


def past_queries(
    snapshot: RankingSnapshot, at: Moment, until: Moment
) -> tuple[RankingSnapshot, Queries]:
    """The snapshot rewound to a past moment, and that moment's questions.

    Parameters
    ----------
    snapshot
        What is known now.
    at
        The moment of asking.
    until
        Bookings after ``at`` and up to here are what was chosen.

    Returns
    -------
    The rewound snapshot, and questions in its positions.
    """
    within = (
        (snapshot.log_time > at)
        & (snapshot.log_time <= until)
        & (snapshot.log_outcome != CANCELLED)
    )
    then = snapshot.rewind(at)
    # As in an evaluation: also who was not yet known then, and came to register and book.
    residents = snapshot.log_resident[within].astype(np.intp)
    events = snapshot.log_event[within].astype(np.intp)
    return then, queries(then, at, residents, events)
