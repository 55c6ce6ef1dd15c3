"""Events and bookings as arrays by session, and as counts by street, age band and product."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.demand.streets import (
    AGE_BANDS,
    StreetResidents,
    Streets,
    Tables,
    _positions,
    members,
)
from features.event_runs import days_of, room_of
from features.local_time import local_times
from recommender.demand.observations.survey_outliers import first_per_target
from recommender.types import IdMap


@dataclass(frozen=True, slots=True)
class Sessions:
    """Every event that was not cancelled, by position.

    Attributes
    ----------
    events
        Identifiers.
    product
        Product positions, shape (events,).
    venue
        Position in ``venues``, -1 where there is none (online, or unknown).
    street
        Street of the venue, -1 likewise.
    starts, local_starts
        datetime64[us], in UTC and by the clock of the district.
    seats
        Of all days, float, > 0; NaN where unknown (none at all is no limit that people met).
    free
        Whether a ticket costs nothing (or no price is known).
    past
        Whether it had begun by ``as_of``; a run of days, whether it was over.
    published
        datetime64[us], UTC; NaT where unknown.
    days
        Days in a row that it lasts, >= 1.
    """

    events: IdMap
    product: NDArray[np.intp]
    venues: IdMap
    venue: NDArray[np.intp]
    street: NDArray[np.intp]
    starts: NDArray[np.datetime64]
    local_starts: NDArray[np.datetime64]
    seats: NDArray[np.float64]
    free: NDArray[np.bool_]
    past: NDArray[np.bool_]
    published: NDArray[np.datetime64]
    days: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ActiveBookings:
    """Bookings that stood (waiting lists included), one entry each.

    Attributes
    ----------
    resident, session
        Positions.
    seats
        Seats booked, at most :data:`MAX_SEATS`.
    waiting
        Whether it stood on the waiting list.
    attended, missed
        Whether the resident came, or did not.
    at
        When it was booked, datetime64[us], UTC.
    """

    resident: NDArray[np.intp]
    session: NDArray[np.intp]
    seats: NDArray[np.float64]
    waiting: NDArray[np.bool_]
    attended: NDArray[np.bool_]
    missed: NDArray[np.bool_]
    at: NDArray[np.datetime64]


MAX_SEATS = 6.0
"""Seats one booking counts for: a block booking is one decision."""


@dataclass(frozen=True, slots=True)
class StreetCounts:
    """Counts, exposure and evidence.

    Attributes
    ----------
    counts
        Requested seats, shape (streets, bands, products); fractional after unconstraining.
    exposure
        Resident-sessions, same shape.
    bookings
        Bookings by residents of the street, shape (streets, products), int64.
    dispersion
        Variance over mean of the counts, if bookings of several seats each are Poisson, >= 1.
    """

    counts: NDArray[np.float64]
    exposure: NDArray[np.float64]
    bookings: NDArray[np.int64]
    dispersion: float


def product_ids(tables: Tables) -> IdMap:
    """All products; an event without one is a product of its own, under the event's id."""
    known = tables["products"]["product_id"].astype(str)
    events = tables["events"]
    own = events.loc[events["product_id"].isna(), "event_id"].astype(str)
    return IdMap(dict.fromkeys([*known, *own]))


def read_sessions(
    tables: Tables, streets: Streets, products: IdMap, as_of: datetime, zone: tzinfo
) -> Sessions:
    """Sessions of all events that were not cancelled.

    Parameters
    ----------
    tables
        The contract's tables as of ``as_of``.
    streets
        The streets and which area lies in which.
    products
        Positions of products.
    as_of
        Sessions that began by then are past.
    zone
        The district's time zone.

    Returns
    -------
    One entry a session; those without a known street have position -1.
    """
    events = tables["events"]
    events = events[(events["status"].astype(object) != "cancelled").to_numpy()]
    product = events["product_id"].fillna(events["event_id"]).astype(str)
    kept = (products.positions(product, missing=-1) >= 0).nonzero()[0]
    events, product = events.iloc[kept], product.iloc[kept]
    venues = tables["venues"]
    places = IdMap(dict.fromkeys(venues["venue_id"].astype(str)))
    venue_street = _positions(venues.drop_duplicates("venue_id")["area_code"], streets.area_street)
    venue = places.positions(events["venue_id"].fillna("").astype(str), missing=-1)
    ticket = events["ticket_fen"].astype("float64").fillna(0.0).to_numpy()
    days, seats = days_of(events), room_of(events)
    starts = events["starts_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return Sessions(
        events=IdMap(events["event_id"].astype(str)),
        product=products.positions(product),
        venues=places,
        venue=venue,
        street=np.append(venue_street, -1)[venue],
        starts=starts,
        local_starts=local_times(starts, zone),
        seats=np.where(seats > 0, seats, np.nan),
        free=ticket <= 0,
        past=_over(events, starts, days) <= _naive(as_of),
        days=days,
        published=events["published_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]"),
    )


def _over(
    events: pd.DataFrame, starts: NDArray[np.datetime64], days: NDArray[np.int64]
) -> NDArray[np.datetime64]:
    """When all who came are known: at the start of a sitting, at the end of a run."""
    ends = events["ends_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.where(days > 1, ends, starts)


def read_active_bookings(
    tables: Tables, residents: StreetResidents, sessions: Sessions
) -> ActiveBookings:
    """Bookings that were not cancelled, of known residents and sessions.

    Parameters
    ----------
    tables
        The contract's tables.
    residents
        Residents and their streets.
    sessions
        The sessions that bookings are looked up in.

    Returns
    -------
    One entry a booking, with its seats and whether its resident came.
    """
    frame = tables["bookings"]
    status = frame["status"].astype(object).to_numpy()
    resident = pd.Index(residents.residents.ids).get_indexer(pd.Index(frame["resident_id"]))
    session = pd.Index(sessions.events.ids).get_indexer(pd.Index(frame["event_id"]))
    kept = (status != "cancelled") & (resident >= 0) & (session >= 0)
    # One resident counts once a session, however many bookings were made.
    standing = kept.nonzero()[0]
    kept[standing[~first_per_target(resident[standing], session[standing])]] = False
    seats = frame["seats"].astype("float64").fillna(1.0).to_numpy()
    return ActiveBookings(
        resident=resident[kept].astype(np.intp),
        session=session[kept].astype(np.intp),
        seats=np.minimum(seats[kept], MAX_SEATS),
        waiting=status[kept] == "waitlisted",
        attended=status[kept] == "attended",
        missed=status[kept] == "no_show",
        at=frame["booked_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")[kept],
    )


def count_streets(
    residents: StreetResidents,
    sessions: Sessions,
    active: ActiveBookings,
    registered: NDArray[np.float64],
    n_products: int,
    *,
    weight: NDArray[np.float64] | None = None,
    reach: NDArray[np.float64] | None = None,
    session_weight: NDArray[np.float64] | None = None,
) -> StreetCounts:
    """Counts and exposure of the past sessions.

    Parameters
    ----------
    registered
        Residents of each street at each session, shape (streets, events).
    n_products
        Number of products.
    weight
        Factor on each session's bookings (unconstrained demand over what was seen), shape
        (events,); ones by default.
    reach
        How likely a resident of a street (row) goes to a session in a street (column), relative
        to one at home; ones by default. Sessions without a street count 1.
    session_weight
        Effect of a session's time on demand, relative to the mean, shape (events,); ones by
        default.

    Returns
    -------
    Counts and exposure by street, age band and product, and their dispersion.
    """
    bands, n_streets = len(AGE_BANDS), len(registered)
    street = residents.street[active.resident]
    used = (street >= 0) & sessions.past[active.session]
    value = active.seats if weight is None else active.seats * weight[active.session]
    product = sessions.product[active.session]
    cell = (street * bands + residents.band[active.resident]) * n_products + product
    flat = np.bincount(
        cell[used], weights=value[used], minlength=n_streets * bands * n_products
    ).astype(np.float64)
    counts = flat.reshape(n_streets, bands, n_products)
    bookings = np.bincount(
        (street * n_products + product)[used], minlength=n_streets * n_products
    ).reshape(n_streets, n_products)
    opened = np.zeros((n_streets, n_products))
    held = sessions.past.nonzero()[0]
    share = np.ones(len(held)) if session_weight is None else session_weight[held]
    local = sessions.street[held]
    everyone = np.maximum(registered.max(axis=1, initial=0.0), 1e-9)
    for home in range(n_streets):
        access = (
            np.ones(len(held)) if reach is None else np.where(local >= 0, reach[home, local], 1.0)
        )
        # Sessions in numbers of those that all of today's residents could have gone to.
        met = registered[home, held] / everyone[home]
        opened[home] = np.bincount(
            sessions.product[held], weights=access * share * met, minlength=n_products
        )
    exposure = members(residents, n_streets)[:, :, None] * opened[:, None, :]
    # A cell that shows bookings was open to those who booked, whatever the joining dates say.
    exposure = np.maximum(exposure, counts)
    dispersion = float((value[used] ** 2).sum() / max(value[used].sum(), 1e-12))
    return StreetCounts(counts, exposure, bookings.astype(np.int64), max(dispersion, 1.0))


def _naive(moment: datetime) -> np.datetime64:
    return np.datetime64(pd.Timestamp(moment).tz_convert("UTC").tz_localize(None), "us")


def show_rates(
    sessions: Sessions, active: ActiveBookings, *, weight: float = 20.0
) -> Mapping[bool, float]:
    """Share of kept bookings whose resident came, for free (True) and paid (False) sessions.

    Each is shrunk to the share over both; 1.0 where no attendance was ever recorded.

    Parameters
    ----------
    sessions
        The sessions, with their prices.
    active
        Bookings that were not cancelled.
    weight
        Bookings' worth of shrinkage.

    Returns
    -------
    Shares in [0, 1].
    """
    known = active.attended | active.missed
    overall = active.attended.sum() / known.sum() if active.attended.any() else 1.0
    rates = {}
    for free in (True, False):
        of = known & (sessions.free[active.session] == free)
        rates[free] = float((active.attended[of].sum() + weight * overall) / (of.sum() + weight))
    return rates if active.attended.any() else {True: 1.0, False: 1.0}
