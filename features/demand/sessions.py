"""Totals, times and origins of each session: the arrays that unconstraining and reach need."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.demand.counts import ActiveBookings, Sessions
from features.demand.streets import StreetResidents, Streets, Tables
from recommender.geography import great_circle_m

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SessionTotals:
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


def read_session_totals(sessions: Sessions, active: ActiveBookings) -> SessionTotals:
    """Totals over all residents, those without a street included.

    Parameters
    ----------
    sessions
        The sessions.
    active
        Bookings that were not cancelled.

    Returns
    -------
    Seats taken and waited for, and which sessions were full; shape (events,) each.
    """
    size = len(sessions.events)
    waiting = np.bincount(
        active.session, weights=active.seats * active.waiting, minlength=size
    ).astype(np.float64)
    taken = np.bincount(active.session, weights=active.seats, minlength=size) - waiting
    seats = np.where(np.isnan(sessions.seats), np.inf, sessions.seats)
    # Three seats in a hundred stay with those who cancel on the last day.
    return SessionTotals(taken, waiting, ((taken >= 0.97 * seats) & (taken > 0)) | (waiting > 0))


MIN_CURVE = 300
"""Fewest bookings of sessions with seats left from which a booking curve is estimated."""


def read_booking_curve(
    sessions: Sessions, active: ActiveBookings, totals: SessionTotals
) -> tuple[Floats, Floats]:
    """Seats asked for until each session filled up, and the mean share of demand by then.

    A session is full from the first entry on its waiting list on, or else from its last booking
    on. Time runs from publication (or the first booking) to the start, as a share of it; the curve
    is that of sessions that never filled and were on sale about as long.

    Parameters
    ----------
    sessions, active
        The sessions and their bookings that were not cancelled.
    totals
        Which sessions were full.

    Returns
    -------
    Both of shape (events,); the share is NaN where the session was not full, or where too few
    sessions had room left or bookings carry no times before the start.
    """
    size = len(sessions.events)
    early, elapsed = totals.taken.copy(), np.full(size, np.nan)
    starts = sessions.starts.astype(np.int64).astype(np.float64)
    at = active.at.astype(np.int64).astype(np.float64)
    known = ~np.isnat(active.at)
    first = np.full(size, np.inf)
    np.minimum.at(first, active.session[known], at[known])
    published = sessions.published.astype(np.int64).astype(np.float64)
    begin = np.minimum(np.where(np.isnat(sessions.published), np.inf, published), first)
    length = starts - begin
    timed = known & (length[active.session] > 0) & (at < starts[active.session])
    share = np.full(len(at), np.nan)
    of = active.session[timed]
    share[timed] = (at[timed] - begin[of]) / length[of]
    calm = timed & ~totals.full[active.session] & sessions.past[active.session]
    if calm.sum() < MIN_CURVE:
        return early, elapsed
    # Times that are nearly all the same are times of recording, not of booking.
    low, high = np.quantile(share[calm], [0.1, 0.9])
    if high - low < 0.05:
        return early, elapsed
    closing, last = np.full(size, np.inf), np.zeros(size)
    queue = timed & active.waiting
    np.minimum.at(closing, active.session[queue], share[queue])
    seated = timed & ~active.waiting
    np.maximum.at(last, active.session[seated], share[seated])
    closing = np.where(np.isfinite(closing), closing, last)
    reference = _by_length(share[calm], length[active.session[calm]], closing, length)
    # The one who finds it full is counted: the clock stops at an arrival, not at a seat.
    before = timed & (share <= closing[active.session])
    early = np.bincount(
        active.session[before], weights=active.seats[before], minlength=size
    ).astype(np.float64)
    # A moment after publication the curve says next to nothing: then the seats alone speak.
    known_share = totals.full & (early > 0) & (reference >= 0.02)
    elapsed[known_share] = reference[known_share]
    return np.where(known_share, early, totals.taken), elapsed


def _by_length(share: Floats, length: Floats, closing: Floats, lengths: Floats) -> Floats:
    """The booking curve at ``closing``, from the sessions on sale about as long."""
    edges = np.quantile(length, [0.2, 0.4, 0.6, 0.8])
    like, of = np.searchsorted(edges, length), np.searchsorted(edges, lengths)
    found = np.zeros(len(closing))
    for kind in range(5):
        curve = share[like == kind]
        curve = np.sort(curve if len(curve) >= MIN_CURVE else share)
        mine = of == kind
        found[mine] = np.searchsorted(curve, closing[mine], side="right") / len(curve)
    return found


def saturation_level(sessions: Sessions) -> Floats:
    """Saturation of each session's product: log2(1 + its sessions in the year before).

    Once those who wanted a product have been, fewer are left: without this the first quarter of
    a catalogue would pass for a season of its own.
    """
    order = np.lexsort((sessions.starts, sessions.product))
    day = sessions.starts[order].astype("datetime64[D]").astype(np.int64)
    # One ascending key a product: 1e6 days are more than two thousand years.
    key = sessions.product[order].astype(np.int64) * 1_000_000 + day
    before = np.arange(len(key)) - np.searchsorted(key, key - 365, side="left")
    level = np.zeros(len(key))
    level[order] = np.log2(np.maximum(before, 0) + 1.0)
    return level


def saturation_now(sessions: Sessions, n_products: int, moment: np.datetime64) -> Floats:
    """Saturation of each product at a moment, as of :func:`saturation_level`.

    Parameters
    ----------
    sessions
        The sessions.
    n_products
        Number of products.
    moment
        The moment.

    Returns
    -------
    Shape (products,); 0 for those that were not held in the year before.
    """
    year = sessions.past & (sessions.starts > moment - np.timedelta64(365, "D"))
    held = np.bincount(sessions.product[year], minlength=n_products)
    return np.asarray(np.log2(held + 1.0), dtype=np.float64)


SALE_LEVELS = 8
"""Levels of how long a session was on sale, and of how many others were at the time."""


def on_sale(sessions: Sessions) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Levels of how long each session was on sale, and among how many, shape (events,) each.

    Where nothing was published with a time, all levels are -1. Levels have equally many sessions
    but for the outermost two, which have a fiftieth each.
    """
    starts = sessions.starts.astype(np.int64).astype(np.float64)
    known = ~np.isnat(sessions.published)
    published = np.where(known, sessions.published.astype(np.int64), starts).astype(np.float64)
    length = np.maximum(starts - published, 0.0)
    known &= length > 0
    middle = published + length / 2.0
    opened = np.searchsorted(np.sort(published[known]), middle, side="right")
    closed = np.searchsorted(np.sort(starts[known]), middle, side="right")
    return _levels(length, known), _levels((opened - closed).astype(np.float64), known)


def _levels(value: Floats, known: NDArray[np.bool_]) -> NDArray[np.intp]:
    if not known.any():
        return np.full(len(value), -1, dtype=np.intp)
    inner = np.linspace(0.02, 0.98, SALE_LEVELS - 1)
    edges = np.unique(np.quantile(value[known], inner))
    return np.where(known, np.searchsorted(edges, value, side="right"), -1).astype(np.intp)


def session_series(sessions: Sessions) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Series (one product, street and quarter) of each session, and its place in it from 0."""
    quarter = months(sessions).astype(int) // 3
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


def registered_by_session(sessions: Sessions, residents: StreetResidents, n_streets: int) -> Floats:
    """Residents of each street who had joined by each session, shape (streets, events).

    Parameters
    ----------
    sessions
        The sessions.
    residents
        Residents with their streets and joining times.
    n_streets
        Number of streets.

    Returns
    -------
    Counts, at least a quarter of the street's largest.
    """
    found = np.zeros((n_streets, len(sessions.events)))
    for street in range(n_streets):
        joined = residents.joined[residents.street == street]
        known = np.sort(joined[~np.isnat(joined)])
        always = len(joined) - len(known)
        found[street] = always + np.searchsorted(known, sessions.starts, side="right")
    # Where joining is dated by the first booking, early sessions seem to reach all there are.
    return np.asarray(np.maximum(found, 0.25 * found.max(axis=1, initial=0.0)[:, None]))


def street_pair_counts(
    sessions: Sessions,
    residents: StreetResidents,
    active: ActiveBookings,
    weight: Floats,
    n_streets: int,
) -> Floats:
    """Seats by home street and session street, shape (streets, streets); past sessions only.

    Parameters
    ----------
    sessions, residents, active
        Sessions, residents and bookings that were not cancelled.
    weight
        Factor on each session's seats, shape (events,).
    n_streets
        Number of streets.

    Returns
    -------
    Seats, >= 0.
    """
    home = residents.street[active.resident]
    held = sessions.street[active.session]
    used = (home >= 0) & (held >= 0) & sessions.past[active.session]
    value = (active.seats * weight[active.session])[used]
    flat = np.bincount((home * n_streets + held)[used], weights=value, minlength=n_streets**2)
    return flat.reshape(n_streets, n_streets).astype(np.float64)


def months(sessions: Sessions) -> NDArray[np.datetime64]:
    """Local calendar month of each session, datetime64[M]."""
    return sessions.local_starts.astype("datetime64[M]")


def time_slots(sessions: Sessions) -> NDArray[np.intp]:
    """Weekday or weekend, morning, afternoon or evening, 0 to 5, by local time."""
    days = sessions.local_starts.astype("datetime64[D]")
    weekend = (days.astype(np.int64) + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    hour = (sessions.local_starts - days) // np.timedelta64(1, "h")
    part = np.searchsorted([12, 17], hour, side="right")
    return np.asarray(weekend * 3 + part, dtype=np.intp)


def main_venues(tables: Tables, sessions: Sessions, n_streets: int) -> NDArray[np.intp]:
    """The venue of each street where its sessions usually take place, -1 where there is none.

    The street's own centre, if one of its venues has that level; of several the most used.

    Parameters
    ----------
    tables
        The contract's tables.
    sessions
        The sessions that were held.
    n_streets
        Number of streets.

    Returns
    -------
    Venue positions, shape (streets,).
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
    lat, lon = streets.lat, streets.lon
    return great_circle_m(lat[:, None], lon[:, None], lat, lon)
