"""How often each session was shown, from the impression log."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.demand.counts import Sessions, Wishes
from features.demand.streets import StreetResidents, Tables
from recommender.demand.observations.exposure import looks_by_position

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
    used = (session >= 0).nonzero()[0]
    if len(used) == 0:
        return Shown(np.zeros(size), np.zeros(size, dtype=bool), np.zeros(size), 0.0)
    session = session[used]
    begin = np.datetime64(frame["shown_at"].min().tz_localize(None))
    logged = sessions.past & (sessions.published >= begin)
    resident = pd.Index(residents.residents.ids).get_indexer(pd.Index(frame["resident_id"]))[used]
    # Only the wishes for sessions in the log are looked up: a sorted list is soon searched.
    listed = np.bincount(session, minlength=size) > 0
    asked = listed[wishes.session].nonzero()[0]
    n_residents = len(residents.residents)
    wished = wishes.session[asked].astype(np.int64) * n_residents + wishes.resident[asked]
    order = np.argsort(wished)
    pair = np.where(resident >= 0, session.astype(np.int64) * n_residents + resident, -1)
    place = np.searchsorted(wished[order], pair)
    found = np.append(wished[order], -2)[place] == pair
    seen = np.zeros(len(wished), dtype=bool)
    seen[order[place[found]]] = True
    position = frame["position"].fillna(1).to_numpy(dtype=np.int64)[used]
    looks = looks_by_position(position, found)
    weight = np.bincount(session, weights=looks, minlength=size).astype(np.float64)
    square = np.bincount(session, weights=looks**2, minlength=size)
    of = logged[wishes.session[asked]]
    return Shown(
        looks=weight,
        logged=logged & (weight > 0),
        sample=weight**2 / np.maximum(square, 1e-12),
        share=float(seen[of].mean()) if of.any() else 0.0,
    )
