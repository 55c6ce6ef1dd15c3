"""Tables → the arrays that the eligibility rules read."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from features.event_runs import room_of
from features.ranking.events import moments
from recommender.publication import known_from
from recommender.ranking.lists.facts import UNKNOWN_AGE, EventFacts, ResidentFacts
from recommender.types import IdMap

Frames = Mapping[str, pd.DataFrame]
"""Canonical frames by contract table name; all tables present, possibly empty."""

OLDEST = {"0-13": 13, "14-17": 17, "18-34": 34, "35-59": 59, "60-69": 69, "70+": 120}
"""Upper end of each age band."""

AUDIENCE_AGE = {
    "all": 0,
    "children": 0,  # those who bring them book too
    "family": 0,
    "disabled": 0,
    "youth": 14,
    "adult": 18,
    "senior": 18,  # younger adults book for their parents and come along
}
"""The age from which an audience group is let in; an event for several takes the lowest."""

DEFAULT_DURATION_MIN = 120
"""How long an event lasts when neither it nor its product says so (assumed)."""

STANDING_STATUSES = ("booked", "waitlisted", "attended", "no_show")
"""A booking with one of these stands: its event is not suggested again."""

SEATED_STATUSES = ("booked", "attended", "no_show")
"""A booking with one of these holds its seats."""

_BEFORE_ALL = np.iinfo(np.int64).min
_AFTER_ALL = np.iinfo(np.int64).max


def seconds(times: "pd.Series[pd.Timestamp]", missing: int = _BEFORE_ALL) -> NDArray[np.int64]:
    """Times in UTC as seconds since 1970, int64; missing ones become ``missing``.

    Parameters
    ----------
    times
        Zoned times, shape (n,).
    missing
        What a missing time becomes; before every time unless given.

    Returns
    -------
    Seconds, shape (n,), int64.
    """
    micro = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    whole = micro.astype(np.int64) // 1_000_000
    return np.where(np.isnat(micro), np.int64(missing), whole)


def rows_of(keys: "pd.Series[str]", known: "pd.Series[str]") -> NDArray[np.intp]:
    """Row in ``known`` (distinct) of every key; -1 where it is missing.

    Parameters
    ----------
    keys
        Identifiers to look up, shape (n,); repeats allowed.
    known
        Distinct identifiers; their order gives the rows.

    Returns
    -------
    Rows, shape (n,), intp; -1 where ``known`` lacks the key.
    """
    return np.asarray(pd.Index(known).get_indexer(pd.Index(keys)), dtype=np.intp)


def standing_items(events: pd.DataFrame, bookings: pd.DataFrame) -> NDArray[np.bool_]:
    """Items without an end that are mostly booked after they began, such as a library's books.

    They stay bookable after ``starts_at``; shape (n_events,).

    Parameters
    ----------
    events, bookings
        The tables of these names.

    Returns
    -------
    Boolean, shape (n_events,), in the order of the events table.
    """
    row = rows_of(bookings["event_id"], events["event_id"])
    known = row >= 0
    starts = seconds(events["starts_at"])
    late = seconds(bookings["booked_at"])[known] > starts[row[known]]
    after = np.bincount(row[known], weights=late, minlength=len(events))
    total = np.bincount(row[known], minlength=len(events))
    return np.asarray((after * 2 > total) & events["ends_at"].isna().to_numpy())


def event_facts(tables: Frames, *, standing: NDArray[np.bool_] | None = None) -> EventFacts:
    """Facts of all events, in the order of the events table.

    Parameters
    ----------
    tables
        ``events``, ``products``, ``venues`` and ``bookings`` are read.
    standing
        Which events are standing items (:func:`standing_items`); found out when not given.
        They count as lying ahead for ever, and as open until their end, if they have one.

    Returns
    -------
    Facts, one entry per row of ``events``.
    """
    events, products, venues = tables["events"], tables["products"], tables["venues"]
    if standing is None:
        standing = standing_items(events, tables["bookings"])
    product = rows_of(events["product_id"], products["product_id"])
    venue = rows_of(events["venue_id"], venues["venue_id"])
    starts = seconds(events["starts_at"])
    minutes = _taken(products["duration_min"], product, DEFAULT_DURATION_MIN)
    ends = seconds(events["ends_at"])
    ends = np.where(ends == _BEFORE_ALL, starts + (60 * minutes).astype(np.int64), ends)
    closes = seconds(events["booking_closes_at"], missing=_AFTER_ALL)
    closes = np.where(standing, np.minimum(closes, seconds(events["ends_at"], _AFTER_ALL)), closes)
    seats = np.nan_to_num(room_of(events), nan=np.inf, posinf=np.inf)
    taken, waiting = _taken_seats(tables["bookings"], events)
    left = seats - taken
    groups = _audience_ages(products["audience_groups"])
    ticket = events["ticket_fen"].to_numpy(dtype=np.float64, na_value=0.0)
    return EventFacts(
        starts_s=np.where(standing, _AFTER_ALL // 2, starts),
        ends_s=np.where(standing, _AFTER_ALL // 2, ends),
        published_s=_published(events),
        closes_s=closes,
        open=events["status"].fillna("open").eq("open").to_numpy(dtype=np.bool_),
        seats_left=left,
        # A list is open where somebody stands on it, until it could fill the house once more.
        waiting_list=(left < 1) & (waiting > 0) & (waiting < np.maximum(seats, 1)),
        min_age=_taken(products["min_age"], product, 0).astype(np.int16),
        audience_age=np.where(product >= 0, groups[product] if len(groups) else 0, 0).astype(
            np.int16
        ),
        paid=ticket > 0,
        online=events["venue_id"].isna().to_numpy(dtype=np.bool_),
        step_free=np.asarray(
            (venue >= 0) & (_taken(venues["step_free"].astype("Float64"), venue, 0.0) > 0)
        ),
        lat=_taken(venues["lat"], venue, np.nan),
        lon=_taken(venues["lon"], venue, np.nan),
    )


def _published(events: pd.DataFrame) -> NDArray[np.int64]:
    """When each event counts as known, in seconds."""
    known = known_from(moments(events["published_at"]), moments(events["starts_at"]))
    return np.where(np.isnat(known), _BEFORE_ALL, known.astype(np.int64) // 1_000_000)


def _taken(
    column: "pd.Series[float]", rows: NDArray[np.intp], missing: float
) -> NDArray[np.float64]:
    values = column.to_numpy(dtype=np.float64, na_value=missing)
    if len(values) == 0:
        return np.full(len(rows), missing)
    return np.where(rows >= 0, values[rows], missing)


def _taken_seats(
    bookings: pd.DataFrame, events: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    row = rows_of(bookings["event_id"], events["event_id"])
    status = bookings["status"]
    seats = bookings["seats"].to_numpy(dtype=np.float64, na_value=1.0)
    sums = []
    for statuses in (SEATED_STATUSES, ("waitlisted",)):
        counted = (row >= 0) & status.isin(statuses).to_numpy()
        total = np.bincount(row[counted], weights=seats[counted], minlength=len(events))
        sums.append(total.astype(np.float64))
    return sums[0], sums[1]


def _audience_ages(groups: "pd.Series[str]") -> NDArray[np.int64]:
    ages = {
        text: min((AUDIENCE_AGE[name] for name in text.split(";") if name), default=0)
        for text in groups.dropna().unique()
    }
    return np.asarray(groups.map(ages).fillna(0).to_numpy(dtype=np.int64))


def resident_facts(
    tables: Frames,
    residents: pd.DataFrame,
    facts: EventFacts,
    events: IdMap,
    *,
    reach_m: float = np.inf,
    needs_step_free: Iterable[str] = (),
    muted: pd.DataFrame | None = None,
) -> ResidentFacts:
    """Facts of residents before a choice of events.

    Parameters
    ----------
    tables
        ``areas``, ``bookings``, ``events`` and ``products`` are read; bookings of other residents
        or events are passed over.
    residents
        Rows of the residents table; their order is that of the answer.
    facts, events
        The candidates and their identifiers; events that are running belong to them, or nobody
        would be kept busy by one.
    reach_m
        How far they travel.
    needs_step_free
        Identifiers of those who need a venue without steps.
    muted
        Columns ``resident_id``, ``target_kind`` (``event`` or as in ``follows``), ``target``.

    Returns
    -------
    Facts, one entry per row of ``residents``; the columns of its matrices are ``events``.
    """
    bookings = tables["bookings"]
    event = pd.Index(events.ids, dtype="str").get_indexer(pd.Index(bookings["event_id"]))
    kept = np.flatnonzero((event >= 0) & bookings["status"].isin(STANDING_STATUSES).to_numpy())
    who = rows_of(bookings["resident_id"].iloc[kept], residents["resident_id"])
    kept, who = kept[who >= 0], who[who >= 0]
    what = event[kept]
    shape = (len(residents), len(events))
    booked = _pairs(who, what, shape)
    # A place on a waiting list is no reason to stay away from something else.
    # A cancelled event leaves its hours free.
    firm = ~bookings["status"].iloc[kept].eq("waitlisted").to_numpy(dtype=np.bool_)
    firm &= facts.open[what]
    who, what = who[firm], what[firm]
    order = np.argsort(who, kind="stable")
    who, what = who[order], what[order]
    needing = set(needs_step_free)
    oldest = residents["age_band"].astype("str").map(OLDEST).fillna(UNKNOWN_AGE)
    return ResidentFacts(
        home=rows_of(residents["area_code"], tables["areas"]["area_code"]),
        oldest=np.asarray(oldest.to_numpy(), dtype=np.int16),
        guardian_consent=residents["guardian_consent"].fillna(False).to_numpy(dtype=np.bool_),
        needs_step_free=residents["resident_id"].isin(needing).to_numpy(dtype=np.bool_),
        reach_m=np.full(len(residents), reach_m, dtype=np.float32),
        booked=booked,
        muted=_muted(tables, residents, events, muted),
        busy_from=np.searchsorted(who, np.arange(len(residents) + 1)).astype(np.int64),
        busy_starts_s=facts.starts_s[what],
        busy_ends_s=facts.ends_s[what],
        busy_lat=facts.lat[what],
        busy_lon=facts.lon[what],
    )


def _no_pairs(shape: tuple[int, int]) -> sp.csr_matrix:
    nothing = np.empty(0, dtype=np.intp)
    return _pairs(nothing, nothing, shape)


def _pairs(who: NDArray[np.intp], what: NDArray[np.intp], shape: tuple[int, int]) -> sp.csr_matrix:
    matrix = sp.csr_matrix((np.ones(len(who), dtype=np.bool_), (who, what)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = True
    return matrix


def _muted(
    tables: Frames, residents: pd.DataFrame, events: IdMap, muted: pd.DataFrame | None
) -> sp.csr_matrix:
    shape = (len(residents), len(events))
    if muted is None or muted.empty:
        return _no_pairs(shape)
    table = tables["events"]
    chosen = table.iloc[rows_of(pd.Series(events.ids, dtype="str"), table["event_id"])]
    described = chosen.merge(
        tables["products"][["product_id", "supplier_id", "category", "tags"]],
        on="product_id",
        how="left",
    )
    row = rows_of(muted["resident_id"], residents["resident_id"])
    who, what = [], []
    for one, kind, target in zip(row, muted["target_kind"], muted["target"], strict=True):
        if one < 0:
            continue
        if kind == "tag":
            hit = [target in str(tags).split(";") for tags in described["tags"]]
        else:
            column = kind if kind == "category" else f"{kind}_id"
            hit = described[column].astype("str").eq(target).tolist()
        found = np.flatnonzero(hit)
        who.append(np.full(len(found), one))
        what.append(found)
    if not who:
        return _no_pairs(shape)
    return _pairs(np.concatenate(who), np.concatenate(what), shape)
