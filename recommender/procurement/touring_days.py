"""Days for touring sessions (巡演): two neighbouring streets on a Saturday and the Sunday after."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from recommender.procurement.schedule import Slot

_BEGINNINGS = (5, 2, 0)  # Saturday, Wednesday, Monday: the next day belongs to the pair


def tour_days(
    months: Sequence[str], slots: Sequence[Slot], open_days: Collection[date] | None = None
) -> dict[int, tuple[date, date]]:
    """Two days in a row for every pair of touring sessions, by the pair's number.

    A product's pairs in one month get different days, as long as there are any left; weekends go
    first. They are proposals: the venues' own calendars decide.

    Parameters
    ----------
    months
        Names of the months such as ``2027-01``, by position.
    slots
        The schedule. The first day is that of the slot that comes first.
    open_days
        Days that can be agreed on; ``None``: all.

    Returns
    -------
    First and second day by the pair's number.
    """
    used: dict[tuple[int, int], int] = {}
    days: dict[int, tuple[date, date]] = {}
    for slot in slots:
        if slot.tour < 0 or slot.tour in days:
            continue
        pairs = _pairs(months[slot.month])
        count = used.get((slot.product, slot.month), 0)
        used[slot.product, slot.month] = count + 1
        if open_days is not None:
            pairs = [pair for pair in pairs if set(pair) <= set(open_days)] or pairs
        days[slot.tour] = pairs[count % len(pairs)]
    return days


def _pairs(month: str) -> list[tuple[date, date]]:
    """All pairs of days of a month that begin on a usual weekday, weekends first."""
    first = date.fromisoformat(f"{month}-01")
    every = [first + timedelta(days=n) for n in range(31)]
    inside = [day for day in every if day.month == first.month]
    return [
        (day, day + timedelta(days=1))
        for weekday in _BEGINNINGS
        for day in inside[:-1]
        if day.weekday() == weekday
    ]
