"""How often each session was shown, from the impression log."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.street_counts import Sessions, Wishes
from features.street_tables import StreetResidents, Tables
from recommender.demand.exposure import looks_by_position

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """Impressions of past sessions.

    Attributes
    ----------
    looks
        Impressions of each session, each weighed by how often its position leads to a booking,
        shape (events,).
    logged
        Whether the log covers the session from its publication to its start, same shape.
    sample
        Effective number of evenly shown impressions behind ``looks``, same shape.
    share
        Share of the logged sessions' bookings by residents to whom they had been shown.
    """

    looks: Floats
    logged: NDArray[np.bool_]
    sample: Floats
    share: float


def read_shown(
    tables: Tables, residents: StreetResidents, sessions: Sessions, wishes: Wishes
) -> Shown:
    """Impressions by session; all zero where there is no log."""
    frame, size = tables["impressions"], len(sessions.events)
    session = pd.Index(sessions.events.ids).get_indexer(pd.Index(frame["event_id"]))
    frame, session = frame[session >= 0], session[session >= 0]
    nothing = Shown(np.zeros(size), np.zeros(size, dtype=bool), np.zeros(size), 0.0)
    if len(frame) == 0:
        return nothing
    begin = np.datetime64(frame["shown_at"].dt.tz_localize(None).min())
    published = (
        tables["events"].drop_duplicates("event_id").set_index("event_id")["published_at"]
    ).reindex(list(sessions.events.ids))
    out = published.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    logged = sessions.past & (out >= begin)
    resident = pd.Index(residents.residents.ids).get_indexer(pd.Index(frame["resident_id"]))
    n_residents = len(residents.residents)
    pair = session.astype(np.int64) * n_residents + resident
    wished = wishes.session.astype(np.int64) * n_residents + wishes.resident
    booked = (resident >= 0) & np.isin(pair, wished)
    position = frame["position"].astype("float64").fillna(1.0).to_numpy(dtype=np.float64)
    looks = looks_by_position(position.astype(np.int64), booked)
    weight = np.bincount(session, weights=looks, minlength=size).astype(np.float64)
    square = np.bincount(session, weights=looks**2, minlength=size)
    of = logged[wishes.session]
    seen = np.isin(wished, pair[resident >= 0])
    return Shown(
        looks=weight,
        logged=logged & (weight > 0),
        sample=weight**2 / np.maximum(square, 1e-12),
        share=float(seen[of].mean()) if of.any() else 0.0,
    )
