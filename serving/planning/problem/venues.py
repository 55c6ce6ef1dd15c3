"""Venues as a plan needs them: seats, slots, access, and the months a product is open in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from features.demand.streets import Streets
from recommender.procurement.problem import SlotLimit
from recommender.procurement.schedule import VenueCalendar
from serving.messages.catalogue import text
from serving.planning.problem.history import StandingSupply
from serving.planning.problem.shapes import Shapes
from serving.planning.rules import PlanRules

_PREFERENCE = {"street": 0, "district": 1, "private": 2, "city": 3, "neighbourhood": 4}
"""The street's own centre first; neighbourhood rooms last, since they are small."""

_ACCESS = ("senior", "disabled")


@dataclass(frozen=True, slots=True)
class VenuesRead:
    """VenueCalendar, with what had to be assumed and why products are closed.

    ``roomy`` has the halls' default cap eased; ``None``: the cap is given.
    """

    calendar: VenueCalendar
    roomy: VenueCalendar | None
    assumptions: tuple[str, ...]
    closed: Mapping[str, str]

    @property
    def open_months(self) -> NDArray[np.bool_]:
        """Months in which each product may be held, shape (P, M)."""
        return self.calendar.open_months


def read_venues(
    dataset: Dataset,
    streets: Streets,
    planned: list[str],
    products: pd.DataFrame,
    suppliers: pd.DataFrame,
    months: tuple[str, ...],
    rules: PlanRules,
    *,
    standing: StandingSupply,
    busiest_month: Mapping[str, int],
    open_shares: NDArray[np.float64],
    shapes: Shapes,
) -> tuple[VenuesRead, pd.DataFrame]:
    """Venues of the planned streets, with the slots that standing sessions leave free.

    Parameters
    ----------
    dataset, streets
        The tables, and all streets.
    planned
        Codes of the streets that are planned, in the problem's order.
    products, suppliers
        Rows of the tables, by identifier.
    months, rules
        The months that can be used, and the officer's rules.
    standing
        Sessions of the period that already take up venues.
    busiest_month
        Most sessions that a venue ever held in a month, by venue.
    open_shares
        The part of each month that the lead time leaves, shape (M,).
    shapes
        How products are bought and held.

    Returns
    -------
    The calendar, and the venues' rows.
    """
    venues = dataset["venues"]
    at = {code: position for position, code in enumerate(planned)}
    street = np.array(
        [
            at.get(streets.streets.ids[streets.area_street[str(a)]], -1)
            if streets.area_street.get(str(a), -1) >= 0
            else -1
            for a in venues["area_code"]
        ],
        dtype=np.intp,
    )
    venues, street = venues[street >= 0].reset_index(drop=True), street[street >= 0]
    assumptions = []
    without = [code for code in planned if at[code] not in set(street.tolist())]
    if without:
        names = "、".join(streets.names[streets.streets.position(code)] or code for code in without)
        assumptions.append(text("plan.no_venues", "zh", streets=names))
    seats = venues["seats"].astype("float64").to_numpy()
    level = venues["level"].astype(str)
    missing = np.array([at[code] for code in without], dtype=np.intp)
    open_months, closed = _open_months(products, suppliers, months)
    open_months &= open_shares > 0
    audience = products["audience_groups"].fillna("").astype(str)
    calendar = VenueCalendar(
        street=np.concatenate([street, missing]),
        # A street without venues gets one that nobody knows yet, without limits.
        seats=np.concatenate([np.where(seats > 0, seats, np.inf), np.full(len(missing), np.inf)]),
        step_free=np.concatenate(
            [venues["step_free"].fillna(True).to_numpy(np.bool_), np.ones(len(missing), np.bool_)]
        ),
        preference=np.concatenate(
            [level.map(_PREFERENCE).fillna(2).to_numpy(np.intp), np.zeros(len(missing), np.intp)]
        ),
        slots=np.concatenate(
            [
                _free_slots(
                    venues,
                    months,
                    _slots_each(venues, rules, busiest_month),
                    standing,
                    open_shares,
                ),
                np.full((len(missing), len(months)), 10_000) * (open_shares > 0),
            ]
        ).astype(np.int64),
        needs_seats=np.where(
            ~shapes.in_hall, 0.0, products["min_seats"].astype("float64").fillna(0).to_numpy()
        ),
        needs_step_free=np.array([any(g in a.split(";") for g in _ACCESS) for a in audience]),
        nowhere=~shapes.in_hall,
        open_months=open_months,
        series=shapes.series,
        runs=shapes.days > 1,
    )
    roomy = None
    if "venues.sessions_per_month" not in rules.given:
        each = np.full(len(venues), rules.venues.sessions_per_month, dtype=np.int64)
        slots = calendar.slots.copy()
        slots[: len(venues)] = _free_slots(venues, months, each, standing, open_shares)
        if (slots > calendar.slots).any():
            roomy = replace(calendar, slots=slots)
    return VenuesRead(calendar, roomy, tuple(assumptions), closed), venues


_GROWTH = 1.1
"""A hall holds a tenth more than it ever held in a month (*assumed*)."""


def _slots_each(
    venues: pd.DataFrame, rules: PlanRules, busiest_month: Mapping[str, int]
) -> NDArray[np.int64]:
    """Sessions a month of each venue: the given number, or by default what it ever held."""
    most = rules.venues.sessions_per_month
    if "venues.sessions_per_month" in rules.given or not busiest_month:
        return np.full(len(venues), most, dtype=np.int64)
    # A venue without history is taken to hold what the middle one of the others does.
    middle = float(np.median(list(busiest_month.values())))
    held = [busiest_month.get(str(code), middle) for code in venues["venue_id"]]
    ceiling = np.ceil(_GROWTH * np.array(held, dtype=np.float64) - 1e-9)
    return np.minimum(ceiling, most).astype(np.int64)


def _free_slots(
    venues: pd.DataFrame,
    months: tuple[str, ...],
    each: NDArray[np.int64],
    standing: StandingSupply,
    open_shares: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Slots of each venue and month that standing sessions and the lead time leave, (V, M)."""
    free = np.ceil(each[:, None] * open_shares - 1e-9).astype(np.int64)
    at = {str(code): position for position, code in enumerate(venues["venue_id"])}
    for (venue, month), n in sorted(standing.venue_sessions.items(), reverse=True):
        if venue not in at:
            continue
        row = free[at[venue]]
        if month in months:
            row[months.index(month)] -= n
        elif not month:  # somewhere in the period: where most is free
            for _ in range(n):
                row[int(row.argmax())] -= 1
    return np.maximum(free, 0)


def seats_of(
    calendar: VenueCalendar, n_streets: int, products: pd.DataFrame, shapes: Shapes
) -> NDArray[np.float64]:
    """Seats of one session in each street's most preferred suitable venue.

    Parameters
    ----------
    calendar
        The venues.
    n_streets
        Number of planned streets.
    products
        Their rows; ``audience_max`` is read.
    shapes
        A run has the seats of all its days, a course those of all its lessons.

    Returns
    -------
    Shape (S, P); 0 where no venue suits, inf where nothing limits.
    """
    most = products["audience_max"].astype("float64").fillna(np.inf).to_numpy()
    seats = np.zeros((n_streets, len(products)))
    suits = np.array([calendar.suits(p) for p in range(len(products))])
    for s in range(n_streets):
        own = np.flatnonzero(calendar.street == s)
        own = own[np.lexsort((-calendar.seats[own], calendar.preference[own]))]
        first = suits[:, own].argmax(axis=1)
        found = suits[:, own].any(axis=1)
        seats[s] = np.where(found, calendar.seats[own][first], 0.0)
    seats[:, calendar.nowhere] = np.inf
    return np.asarray(np.minimum(seats, most[None, :]) * shapes.room[None, :])


def slot_limits(
    calendar: VenueCalendar, n_streets: int
) -> tuple[tuple[SlotLimit, ...], dict[str, NDArray[np.bool_]]]:
    """How many sessions fit into each street's venues, by the seats they need.

    Sessions that need more than t seats fit only into venues with more than t, for every t among
    the venues' seats; needs are nested, so these limits together say exactly what fits.

    Parameters
    ----------
    calendar
        The venues.
    n_streets
        Number of planned streets.

    Returns
    -------
    The limits, and the groups of products (masks of shape (P,)) that they name.
    """
    groups: dict[str, NDArray[np.bool_]] = {}
    limits = []
    slots = calendar.slots.sum(axis=1)
    for s in range(n_streets):
        own = calendar.street == s
        for least in [0.0, *np.unique(calendar.seats[own])]:
            need = (calendar.needs_seats > least) if least else ~calendar.nowhere
            need = need & ~calendar.runs
            if not need.any():
                continue
            room = int(slots[own & (calendar.seats > least)].sum())
            name = f"seats>{least:g}"
            groups[name] = need
            limits.append(SlotLimit(s, name, room, above_seats=float(least)))
    return tuple(limits), groups


def _open_months(
    products: pd.DataFrame, suppliers: pd.DataFrame, months: tuple[str, ...]
) -> tuple[NDArray[np.bool_], dict[str, str]]:
    """Months in which a product is listed and its licence valid through the last day, inclusive."""
    open_ = np.ones((len(products), len(months)), dtype=np.bool_)
    closed: dict[str, str] = {}
    owner = suppliers.reindex(products["supplier_id"].astype(object))
    licences = owner["licences"].fillna("").astype(str).to_numpy()
    valid = owner["licence_valid_until"].to_numpy(dtype="datetime64[us]")
    needed = products["licence_required"].fillna("").astype(str).to_numpy()
    known = products["supplier_id"].notna().to_numpy() & (len(suppliers) > 0)
    listed_from = products["listed_from"].to_numpy(dtype="datetime64[us]")
    listed_until = products["listed_until"].to_numpy(dtype="datetime64[us]")
    for p, code in enumerate(products.index):
        for m, month in enumerate(months):
            first = np.datetime64(month, "M").astype("datetime64[us]")
            after = (np.datetime64(month, "M") + 1).astype("datetime64[us]")
            last = after - np.timedelta64(1, "D")
            if listed_from[p] > last or listed_until[p] < first:
                open_[p, m] = False
                closed.setdefault(str(code), text("plan.not_listed", "zh"))
            if needed[p] and known[p]:
                if needed[p] not in licences[p].split(";"):
                    open_[p, m] = False
                    closed[str(code)] = text("plan.no_licence", "zh", licence=needed[p])
                elif valid[p] < last:
                    open_[p, m] = False
                    day = str(valid[p])[:10]
                    closed.setdefault(str(code), text("plan.licence_expires", "zh", day=day))
    return open_, closed
