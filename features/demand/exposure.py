"""How often each session was shown, from the impression log."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.demand.counts import ActiveBookings, Sessions
from features.demand.streets import StreetResidents, Tables
from recommender.demand.observations.exposure import position_weights

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SessionImpressions:
    """Impressions of past sessions.

    Attributes
    ----------
    weighted_impressions
        Impressions of each session, each weighed by how often its position leads to a booking,
        shape (events,).
    logged
        Whether the log covers the session from its publication to its start, same shape.
    sample
        Effective number of evenly shown impressions for ``weighted_impressions``, same shape.
    share
        Share of the logged sessions' bookings by residents to whom they had been shown.
    """

    weighted_impressions: Floats
    logged: NDArray[np.bool_]
    sample: Floats
    share: float


def read_impressions(
    tables: Tables, residents: StreetResidents, sessions: Sessions, active: ActiveBookings
) -> SessionImpressions:
    """Impressions by session; all zero where there is no log.

    Parameters
    ----------
    tables
        The contract's tables.
    residents
        Residents and their streets.
    sessions
        The sessions that were shown.
    active
        Bookings that were not cancelled: what an impression may have led to.

    Returns
    -------
    Impressions of each session, weighted by their place on the list.
    """
    frame, size = tables["impressions"], len(sessions.events)
    session = pd.Index(sessions.events.ids).get_indexer(pd.Index(frame["event_id"]))
    used = (session >= 0).nonzero()[0]
    if len(used) == 0:
        return SessionImpressions(np.zeros(size), np.zeros(size, dtype=bool), np.zeros(size), 0.0)
    session = session[used]
    begin = np.datetime64(frame["shown_at"].min().tz_localize(None))
    logged = sessions.past & (sessions.published >= begin)
    resident = pd.Index(residents.residents.ids).get_indexer(pd.Index(frame["resident_id"]))[used]
    # Only bookings of sessions in the log are looked up: a sorted list is soon searched.
    listed = np.bincount(session, minlength=size) > 0
    asked = listed[active.session].nonzero()[0]
    n_residents = len(residents.residents)
    booked = active.session[asked].astype(np.int64) * n_residents + active.resident[asked]
    order = np.argsort(booked)
    pair = np.where(resident >= 0, session.astype(np.int64) * n_residents + resident, -1)
    place = np.searchsorted(booked[order], pair)
    found = np.append(booked[order], -2)[place] == pair
    seen = np.zeros(len(booked), dtype=bool)
    seen[order[place[found]]] = True
    position = frame["position"].fillna(1).to_numpy(dtype=np.int64)[used]
    weighted_impressions = position_weights(position, found)
    weight = np.bincount(session, weights=weighted_impressions, minlength=size).astype(np.float64)
    square = np.bincount(session, weights=weighted_impressions**2, minlength=size)
    of = logged[active.session[asked]]
    return SessionImpressions(
        weighted_impressions=weight,
        logged=logged & (weight > 0),
        sample=weight**2 / np.maximum(square, 1e-12),
        share=float(seen[of].mean()) if of.any() else 0.0,
    )
