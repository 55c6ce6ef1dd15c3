"""What each session drew, when and from where: the arrays that unconstraining and reach need."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.street_counts import Sessions, Wishes
from features.street_tables import StreetResidents, Streets, Tables
from features.time import LOCAL

Floats = NDArray[np.float64]

EARTH_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Draw:
    """Seats asked for at each session, shape (events,).

    Attributes
    ----------
    taken, waiting
        Seats booked, and asked for on the waiting list.
    full
        Whether no seat was left, or a waiting list was open.
    """

    taken: Floats
    waiting: Floats
    full: NDArray[np.bool_]


def read_draw(sessions: Sessions, wishes: Wishes) -> Draw:
    """Totals over all residents, those without a street included."""
    size = len(sessions.events)
    waiting = np.bincount(
        wishes.session, weights=wishes.seats * wishes.waiting, minlength=size
    ).astype(np.float64)
    taken = np.bincount(wishes.session, weights=wishes.seats, minlength=size) - waiting
    seats = np.where(np.isnan(sessions.seats), np.inf, sessions.seats)
    # Three seats in a hundred stay with those who cancel on the last day.
    return Draw(taken, waiting, ((taken >= 0.97 * seats) & (taken > 0)) | (waiting > 0))


def repeats(sessions: Sessions) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Series (one product, street and quarter) of each session, and its place in it from 0."""
    quarter = sessions.starts.astype("datetime64[M]").astype(int) // 3
    frame = pd.DataFrame(
        {
            "product": sessions.product,
            "street": sessions.street,
            "quarter": quarter,
            "starts": sessions.starts,
        }
    ).sort_values("starts", kind="stable")
    grouped = frame.groupby(["product", "street", "quarter"], sort=False)
    series = grouped.ngroup().sort_index().to_numpy().astype(np.intp)
    return series, grouped.cumcount().sort_index().to_numpy().astype(np.intp)


def present(sessions: Sessions, residents: StreetResidents, n_streets: int) -> Floats:
    """Residents of each street who had joined by each session, shape (streets, events)."""
    found = np.zeros((n_streets, len(sessions.events)))
    for street in range(n_streets):
        joined = residents.joined[residents.street == street]
        known = np.sort(joined[~np.isnat(joined)])
        always = len(joined) - len(known)
        found[street] = always + np.searchsorted(known, sessions.starts, side="right")
    # Where joining is dated by the first booking, early sessions seem to reach all there are.
    return np.asarray(np.maximum(found, 0.25 * found.max(axis=1, initial=0.0)[:, None]))


def pair_counts(
    sessions: Sessions, residents: StreetResidents, wishes: Wishes, weight: Floats, n_streets: int
) -> Floats:
    """Seats by home street and session street, shape (streets, streets); past sessions only."""
    home = residents.street[wishes.resident]
    held = sessions.street[wishes.session]
    used = (home >= 0) & (held >= 0) & sessions.past[wishes.session]
    value = (wishes.seats * weight[wishes.session])[used]
    flat = np.bincount((home * n_streets + held)[used], weights=value, minlength=n_streets**2)
    return flat.reshape(n_streets, n_streets).astype(np.float64)


def months(sessions: Sessions) -> NDArray[np.datetime64]:
    """Local calendar month of each session, datetime64[M]."""
    local = pd.DatetimeIndex(sessions.starts).tz_localize("UTC").tz_convert(LOCAL)
    return np.asarray(local.tz_localize(None).to_numpy().astype("datetime64[M]"))


def slots(sessions: Sessions) -> NDArray[np.intp]:
    """Weekday or weekend, morning, afternoon or evening, 0 to 5, by local time."""
    local = pd.DatetimeIndex(sessions.starts).tz_localize("UTC").tz_convert(LOCAL)
    part = np.searchsorted([12, 17], local.hour.to_numpy(), side="right")
    return np.asarray((local.day_of_week.to_numpy() >= 5) * 3 + part, dtype=np.intp)


def main_venues(tables: Tables, sessions: Sessions, n_streets: int) -> NDArray[np.intp]:
    """The venue of each street where its sessions usually take place, -1 where there is none.

    The street's own centre, if one of its venues has that level; of several the most used.
    """
    table = tables["venues"].drop_duplicates("venue_id")
    own = (table["level"].astype(object) == "street").to_numpy()
    placed = (sessions.venue >= 0) & (sessions.street >= 0)
    used = np.bincount(sessions.venue[placed], minlength=len(sessions.venues))
    found = np.full(n_streets, -1, dtype=np.intp)
    for street in range(n_streets):
        here = np.unique(sessions.venue[placed & (sessions.street == street)])
        if len(here):
            found[street] = here[np.lexsort((used[here], own[here]))[-1]]
    return found


def street_distances(streets: Streets) -> Floats:
    """Great-circle metres between streets, NaN where a point is missing."""
    lat, lon = np.radians(streets.lat), np.radians(streets.lon)
    a = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.clip(a, 0, 1))))
