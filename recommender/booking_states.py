"""When the state of a booking became known: the one time rule of everything that looks back.

``data.snapshot.as_of`` applies it to tables, ``recommender.ranking.snapshot`` to arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BOOKED, WAITLISTED, CANCELLED, ATTENDED, NO_SHOW = range(5)
"""Codes of booking states, in the contract's order."""

Times = NDArray[np.datetime64]


def state_known_at(
    state: NDArray[np.integer[Any]], booked: Times, updated: Times, starts: Times, ends: Times
) -> Times:
    """The moment from which each booking's state is known; before it the booking reads ``booked``.

    - ``booked``: from the booking on. ``waitlisted``: from its update on, without one from the
      booking on.
    - ``cancelled``: from its update on. Without one from the start of the event on, the last
      moment at which anybody can have cancelled.
    - ``attended``, ``no_show``: from their update on. Without an update, or with one dated before
      the event has started, from the end of the event on.

    Nothing is known before the booking itself.

    Parameters
    ----------
    state
        Codes, shape (n,).
    booked, updated
        When each booking was made and last changed, ``datetime64`` in UTC, shape (n,); ``updated``
        is NaT where it was not recorded.
    starts, ends
        Times of the booked event, shape (n,); NaT where unknown. A missing end is the start.

    Returns
    -------
    ``datetime64``, shape (n,), never NaT where ``booked`` is not.
    """
    dated = ~np.isnat(updated)
    known = np.where(dated, updated, booked)
    attended = np.isin(state, (ATTENDED, NO_SHOW)) & ~(dated & ~(updated < starts))
    known = np.where(attended, np.fmax(starts, ends), known)
    known = np.where((state == CANCELLED) & ~dated, starts, known)
    known = np.where(state == BOOKED, booked, known)
    return np.fmax(known, booked)
