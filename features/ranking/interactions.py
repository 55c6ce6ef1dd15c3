"""Bookings as arrays: the log that everything else is counted from."""

from datetime import datetime

import numpy as np
import pandas as pd
import scipy.sparse as sp

from features.ranking.events import moments, positions
from recommender.ranking.snapshot import CANCELLED, RankingSnapshot
from recommender.types import Interactions


def log_columns(
    bookings: pd.DataFrame, residents: pd.Index, events: pd.Index
) -> dict[str, np.ndarray]:
    """The ``log_*`` arrays of a :class:`RankingSnapshot`, ordered by time.

    Bookings of unknown residents or events are left out. Among bookings of one moment the
    booking's identifier decides, so that the order of the file's rows means nothing.
    """
    frame = pd.DataFrame(
        {
            "resident": positions(residents, bookings["resident_id"]),
            "event": positions(events, bookings["event_id"]),
            "time": moments(bookings["booked_at"]),
            "outcome": bookings["status"].cat.codes.to_numpy(dtype=np.int8),
            "updated": moments(bookings["updated_at"].fillna(bookings["booked_at"])),
        }
    )
    order = np.lexsort((bookings["booking_id"].to_numpy(dtype=object), frame["time"].to_numpy()))
    frame = frame.iloc[order]
    frame = frame[(frame["resident"] >= 0) & (frame["event"] >= 0)]
    return {f"log_{name}": frame[name].to_numpy() for name in frame.columns}


def interactions(world: RankingSnapshot, *, half_life_days: float | None = None) -> Interactions:
    """Who took which product, as confidence.

    Every booking that was not cancelled adds one, halved every ``half_life_days`` before the
    world's moment. Residents who may not be profiled have empty rows.
    """
    keep = (world.log_outcome != CANCELLED) & world.resident_profiled[world.log_resident]
    weight = np.ones(int(keep.sum()), dtype=np.float32)
    if half_life_days is not None:
        age = (world.as_of - world.log_time[keep]) / np.timedelta64(1, "D")
        weight = np.exp2(-age / half_life_days).astype(np.float32)
    columns = world.event_level["product"][world.log_event[keep]]
    confidence = sp.csr_matrix(
        (weight, (world.log_resident[keep], columns)),
        shape=(len(world.residents), len(world.products)),
        dtype=np.float32,
    )
    as_of = datetime.fromisoformat(str(world.as_of) + "+00:00")
    return Interactions(confidence, world.residents, world.products, as_of)
