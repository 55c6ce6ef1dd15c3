"""Two reports about lists: which suppliers they show, and how many bookings seats can bear."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.district_time import district_zone
from recommender.booking_states import ATTENDED, NO_SHOW
from recommender.demand.disclosure import MIN_RESIDENTS
from recommender.errors import UsageError
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.reports.overbooking import fit_show_rate, overbooking_limit
from recommender.ranking.reports.supplier_exposure import SupplierExposure, supplier_exposure
from serving.suggestions.list_tables import ListTables

BLOCK = 4096
LEAST_EVENTS = 30
"""Past events that a category needs for a show-rate of its own."""
PROTECTED = ("children", "family", "disabled")
"""Audiences of whom nobody is turned away: their events are never overbooked."""


def lists_of_some(
    engine: ListEngine, n: int, sample: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Lists of residents drawn at random without replacement.

    Parameters
    ----------
    engine, n
        Makes the lists; their length.
    sample
        Number of residents.
    rng
        Source of the draw.

    Returns
    -------
    Columns of candidates, shape (residents, n); -1 where a list is shorter.
    """
    total = len(engine.inputs.snapshot.residents)
    rows = np.sort(rng.permutation(total)[:sample])
    parts = [np.empty((0, n), dtype=np.intp)]
    for start in range(0, len(rows), BLOCK):
        found = engine.lists(engine.ask_rows(rows[start : start + BLOCK]), n).columns
        parts.append(np.pad(found, ((0, 0), (0, n - found.shape[1])), constant_values=-1))
    return np.concatenate(parts)


def lists_of_file(list_tables: ListTables, lines: pd.DataFrame) -> NDArray[np.intp]:
    """The lists that ``suggest --all`` wrote.

    Parameters
    ----------
    list_tables
        The candidates.
    lines
        Columns ``resident_id``, ``rank`` (from 1) and ``event_id``.

    Returns
    -------
    Columns of candidates, shape (residents, longest list); -1 for an event that is no candidate
    any more.
    """
    column = pd.Series(range(len(list_tables.text.event_id)), index=list_tables.text.event_id)
    rows = pd.factorize(lines["resident_id"])[0]
    rank = lines["rank"].to_numpy(dtype=np.intp) - 1
    found = np.full((int(rows.max(initial=-1)) + 1, int(rank.max(initial=-1)) + 1), -1)
    found[rows, rank] = lines["event_id"].map(column).fillna(-1).to_numpy(dtype=np.intp)
    return found.astype(np.intp)


def exposure_report(
    list_tables: ListTables, lists: NDArray[np.intp]
) -> tuple[pd.DataFrame, SupplierExposure]:
    """Suppliers by their share of what is shown, beside their share of what can be booked.

    Parameters
    ----------
    list_tables, lists
        The candidates, and lists as their columns, shape (residents, n), -1 for none.

    Returns
    -------
    One row a supplier that offers something: ``supplier_id``, ``name``, ``events`` that can be
    booked, ``supply_share``, ``exposure_share``, ``ratio`` of the two (1 = as much as it offers);
    and the sums over all.

    Raises
    ------
    UsageError
        For lists of fewer than ten residents: they would tell what single people are shown.
    """
    if len(lists) < MIN_RESIDENTS:
        raise UsageError(
            f"{len(lists)} lists are too few to report on.",
            f"Give lists of at least {MIN_RESIDENTS} residents.",
        )
    supplier = list_tables.snapshot.event_level["supplier"][list_tables.candidates]
    size = list_tables.snapshot.level_size["supplier"]
    found = supplier_exposure(lists, supplier, size)
    rows = list_tables.described
    ids = np.array([row["supplier"][0] for row in rows], dtype=object)
    first = {int(code): str(name) for code, name in zip(supplier, ids, strict=True) if code >= 0}
    codes = np.array(sorted(first), dtype=np.intp)
    names = list_tables.supplier_names
    frame = pd.DataFrame(
        {
            "supplier_id": [first[int(code)] for code in codes],
            "name": [names.get(first[int(code)], "") for code in codes],
            "events": np.bincount(supplier[supplier >= 0], minlength=size)[codes],
            "supply_share": found.supply_share[codes],
            "exposure_share": found.share[codes],
            "ratio": found.share[codes] / found.supply_share[codes],
        }
    )
    order = ["exposure_share", "supplier_id"]
    frame = frame.sort_values(order, ascending=[False, True], ignore_index=True)
    return frame, found


def overbooking_report(list_tables: ListTables, epsilon: float) -> pd.DataFrame:
    """Bookings that each event ahead can take so that seldom somebody who comes finds no seat.

    Show-rates are those of past events of the same category that are paid, or free, alike; where
    a category has had fewer than ``LEAST_EVENTS``, of all that are paid, or free, alike. They are
    whole per cents of many bookings; where fewer than ten residents were judged, the usual guess.

    Parameters
    ----------
    epsilon
        Accepted probability that more come than there are seats, in [0, 1).

    Returns
    -------
    One row an event with a known number of seats, full ones included, soonest first:
    ``event_id``, ``title``, ``starts_at``, ``seats``, ``taken`` (seats held), ``show_rate``,
    ``take_up_to`` (seats to give out in all), ``more`` (those still to give), ``protected``.
    """
    snapshot = list_tables.snapshot
    eligibility_context, ahead = (list_tables.upcoming.context, list_tables.upcoming.positions)
    ahead, left = (
        ahead[eligibility_context.events.open],
        eligibility_context.events.seats_left[eligibility_context.events.open],
    )
    seated = np.isfinite(left) & (snapshot.event_seats[ahead] > 0)
    ahead, left = ahead[seated], left[seated]
    n = len(snapshot.events)
    came = np.bincount(snapshot.log_event[snapshot.log_outcome == ATTENDED], minlength=n)
    missed = np.bincount(snapshot.log_event[snapshot.log_outcome == NO_SHOW], minlength=n)
    judged = np.isin(snapshot.log_outcome, (ATTENDED, NO_SHOW))
    judged_event, judged_resident = snapshot.log_event[judged], snapshot.log_resident[judged]
    past = came + missed > 0
    paid, category = snapshot.event_ticket_fen > 0, snapshot.event_level["category"]
    seats = snapshot.event_seats[ahead].astype(np.int64)
    protected = list_tables.audience_of(ahead, PROTECTED)
    limit, rate = seats.copy(), np.ones(len(ahead))
    for kind in np.unique(np.stack([paid[ahead], category[ahead]], axis=1), axis=0):
        here = (paid[ahead] == kind[0]) & (category[ahead] == kind[1])
        alike = past & (paid == kind[0])
        own = alike & (category == kind[1])
        used = own if own.sum() >= LEAST_EVENTS else alike
        if len(np.unique(judged_resident[used[judged_event]])) < MIN_RESIDENTS:
            used = np.zeros_like(used)
        a, b = _disclosed_rate(*fit_show_rate(came[used], missed[used]))
        rate[here] = a / (a + b)
        limit[here] = overbooking_limit(
            seats[here], a, b, epsilon=epsilon, protected=protected[here]
        )
    taken = np.maximum(seats - left, 0).astype(np.int64)
    starts = pd.to_datetime(snapshot.event_starts[ahead], utc=True).tz_convert(district_zone())
    frame = pd.DataFrame(
        {
            "event_id": snapshot.events.take(ahead),
            "title": [list_tables.title_of(int(event)) for event in ahead],
            "starts_at": [start.isoformat() for start in starts],
            "seats": seats,
            "taken": taken,
            "show_rate": rate.round(3),
            "take_up_to": limit,
            "more": np.maximum(limit - taken, 0),
            "protected": protected,
        }
    )
    return frame.sort_values(["starts_at", "event_id"], ignore_index=True)


def _disclosed_rate(a: float, b: float) -> tuple[float, float]:
    """A fitted show-rate so coarse that no single booking is read from it."""
    rate = min(0.99, max(0.01, round(a / (a + b), 2)))
    strength = float(f"{a + b:.1g}")
    return rate * strength, (1 - rate) * strength
