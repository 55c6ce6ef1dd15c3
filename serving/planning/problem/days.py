"""The days of a period: which are free, closed or taken, and what audiences need of them."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone, period_bounds
from data.working_days import days_between, read_working_days
from recommender.errors import UsageError
from recommender.procurement.audience_times import CalendarDays
from recommender.procurement.timetable import Engagements, Timing
from serving.messages.catalogue import text
from serving.planning.problem.shapes import Shapes
from serving.planning.rules import PlanRules


def months_of(period: str, rules: PlanRules) -> tuple[str, ...]:
    """Months that sessions can be held in, such as ``2027-01``.

    Parameters
    ----------
    period
        The period to plan.
    rules
        The officer's rules.

    Returns
    -------
    In order.

    Raises
    ------
    UsageError
        If a given month is outside the period.
    """
    start, end = period_bounds(period)
    first = start.astimezone(district_zone())
    last = (end - timedelta(days=1)).astimezone(district_zone())
    months = []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        months.append(f"{year}-{month:02d}")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    if not rules.plan.months:
        return tuple(months)
    foreign = [name for name in rules.plan.months if name not in months]
    if foreign:
        where = rules.where("plan.months")
        raise UsageError(f"rules, {where}: plan.months: {foreign[0]} is not in {period}.")
    return tuple(rules.plan.months)


def read_days(
    dataset: Dataset, period: str, months: tuple[str, ...], rules: PlanRules, *, as_of: datetime
) -> tuple[CalendarDays, tuple[str, ...]]:
    """The days of the months, public holidays and the lead time closed.

    Parameters
    ----------
    dataset
        The tables; `holidays` is read.
    period, months
        The period to plan, and its months that can be used.
    rules
        The officer's rules.
    as_of
        When it is planned: the first session comes ``plan.lead_days`` later.

    Returns
    -------
    The days, and what to say where the default lead time yielded.

    Raises
    ------
    UsageError
        If a given lead time leaves no day.
    """
    work = read_working_days(dataset["holidays"])
    start, end = (each.astimezone(district_zone()).date() for each in period_bounds(period))
    named = {month: position for position, month in enumerate(months)}
    days = tuple(day for day in days_between(start, end) if f"{day:%Y-%m}" in named)
    earliest = as_of.astimezone(district_zone()).date() + timedelta(days=rules.plan.lead_days)
    told: tuple[str, ...] = ()
    if earliest > days[-1]:
        if "plan.lead_days" in rules.given:
            raise UsageError(
                f"rules, {rules.where('plan.lead_days')}: plan.lead_days: "
                f"{rules.plan.lead_days} days from now leave no day of {period}."
            )
        earliest = days[0]
        told = (text("schedule.lead_eased", "zh", days=rules.plan.lead_days),)
    return CalendarDays(
        days=days,
        month=np.array([named[f"{day:%Y-%m}"] for day in days], dtype=np.intp),
        off=np.array([work.is_off(day) for day in days]),
        school_holiday=np.array([work.is_school_holiday(day) for day in days]),
        closed=np.array([day < earliest or work.is_public_holiday(day) for day in days]),
        early=np.array([day < earliest for day in days]),
    ), told


def open_shares(calendar: CalendarDays, months: int) -> NDArray[np.float64]:
    """The part of each month that the lead time leaves, shape (M,).

    Parameters
    ----------
    calendar
        The days.
    months
        How many months there are.

    Returns
    -------
    In [0, 1].
    """
    every = np.bincount(calendar.month, minlength=months)
    left = np.bincount(calendar.month[~calendar.early], minlength=months)
    return np.asarray(left / np.maximum(every, 1), dtype=np.float64)


def read_timing(products: pd.DataFrame, shapes: Shapes) -> Timing:
    """What products need of their days.

    Parameters
    ----------
    products
        Rows of the table, by identifier.
    shapes
        How they are bought and held.

    Returns
    -------
    By position.
    """
    names = products["category"].astype(str)
    codes, _ = pd.factorize(names)
    groups = products["audience_groups"].fillna("").astype(str)
    return Timing(
        audience=tuple(tuple(sorted(filter(None, each.split(";")))) for each in groups),
        category=np.asarray(codes, dtype=np.intp),
        run_days=shapes.days,
        series=shapes.series > 1,
    )


def read_engagements(
    dataset: Dataset,
    calendar: CalendarDays,
    timing: Timing,
    products: pd.DataFrame,
    venues: pd.DataFrame,
    venue_street: NDArray[np.intp],
    *,
    as_of: datetime,
) -> Engagements:
    """What the table `events` has in halls and streets on these days.

    Parameters
    ----------
    dataset
        The tables.
    calendar, timing
        The days, and what products need.
    products, venues
        Rows of the tables, as positions count them.
    venue_street
        Street of each venue, shape (V,).
    as_of
        When it is planned; what is published later is not known.

    Returns
    -------
    By position; a run of days takes up no hall, but the place where exhibitions are.
    """
    events, zone = dataset["events"], district_zone()
    known = events["published_at"].isna() | (events["published_at"] <= pd.Timestamp(as_of))
    events = events[known & (events["status"].astype(str) != "cancelled")]
    day_at = {day: position for position, day in enumerate(calendar.days)}
    if not len(events) or not day_at:
        return Engagements()
    starts = events["starts_at"].dt.tz_convert(zone)
    ends = events["ends_at"].dt.tz_convert(zone).fillna(starts + pd.Timedelta(hours=2))
    first, last = pd.Timestamp(calendar.days[0], tz=zone), pd.Timestamp(calendar.days[-1], tz=zone)
    near = ((ends >= first) & (starts < last + pd.Timedelta(days=1))).to_numpy()
    venue_at = {str(code): position for position, code in enumerate(venues["venue_id"])}
    product_at = {str(code): position for position, code in enumerate(products.index)}
    venues_taken, kinds, runs = set(), set(), set()
    for start, end, venue_id, product_id in zip(
        starts[near], ends[near], events.loc[near, "venue_id"], events.loc[near, "product_id"],
        strict=True,
    ):  # fmt: skip
        venue = venue_at.get(str(venue_id), -1)
        if venue < 0:
            continue
        if end - start >= pd.Timedelta(days=1):
            span = days_between(start.date(), end.date() + timedelta(days=1))
            runs |= {(venue, day_at[day]) for day in span if day in day_at}
            continue
        day = day_at.get(start.date())
        if day is None:
            continue
        parts = range(_part(start), _part(end - pd.Timedelta(minutes=1)) + 1)
        venues_taken |= {(venue, day, part) for part in parts}
        product = product_at.get(str(product_id), -1)
        if product >= 0 and venue_street[venue] >= 0:
            category, street = int(timing.category[product]), int(venue_street[venue])
            kinds |= {(street, day, part, category) for part in parts}
    return Engagements(frozenset(venues_taken), frozenset(kinds), frozenset(runs))


def _part(moment: datetime) -> int:
    """Morning, afternoon or evening."""
    return int(np.searchsorted([12, 18], moment.hour, side="right"))


def agreed_days(calendar: CalendarDays) -> frozenset[date]:
    """Days that two streets can agree on for a tour."""
    return frozenset(
        day for day, closed in zip(calendar.days, calendar.closed, strict=True) if not closed
    )
