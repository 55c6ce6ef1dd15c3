"""Bookings as arrays: the log that everything else is counted from."""

import numpy as np
import pandas as pd

from features.ranking.events import moments, positions
from recommender.booking_states import BOOKED, state_known_at


def log_columns(
    bookings: pd.DataFrame, residents: pd.Index, events: pd.DataFrame, as_of: np.datetime64
) -> dict[str, np.ndarray]:
    """The ``log_*`` arrays of a :class:`RankingSnapshot`, ordered by time.

    Bookings of unknown residents or events are left out. Among bookings of one moment the
    booking's identifier decides, so that the order of the file's rows means nothing. A state that
    became known later (:func:`recommender.booking_states.state_known_at`) reads as ``booked``.

    Parameters
    ----------
    bookings
        Bookings made by ``as_of``.
    residents
        Identifiers by position.
    events
        The events table; its rows give the positions.
    as_of
        The moment of the snapshot, UTC.

    Returns
    -------
    ``log_resident``, ``log_event`` (int32), ``log_time`` (datetime64[us]), ``log_outcome`` (int8)
    and ``log_known`` (datetime64[us]), each of shape (n_bookings,).
    """
    frame = pd.DataFrame(
        {
            "resident": positions(residents, bookings["resident_id"]),
            "event": positions(pd.Index(events["event_id"]), bookings["event_id"]),
            "time": moments(bookings["booked_at"]),
            "outcome": bookings["status"].cat.codes.to_numpy(dtype=np.int8),
            "known": moments(bookings["updated_at"]),
        }
    )
    order = np.lexsort((bookings["booking_id"].to_numpy(dtype=object), frame["time"].to_numpy()))
    frame = frame.iloc[order]
    frame = frame[(frame["resident"] >= 0) & (frame["event"] >= 0)]
    booked, event = frame["time"].to_numpy(), frame["event"].to_numpy()
    known = state_known_at(
        frame["outcome"].to_numpy(),
        booked,
        frame["known"].to_numpy(),
        moments(events["starts_at"])[event],
        moments(events["ends_at"])[event],
    )
    later = known > as_of
    frame["known"] = np.where(later, booked, known)
    frame["outcome"] = np.where(later, np.int8(BOOKED), frame["outcome"].to_numpy())
    return {f"log_{name}": frame[name].to_numpy() for name in frame.columns}
