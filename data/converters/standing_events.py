"""Standing events: something on offer all year, such as a book on a shelf or a film on demand.

The contract's event is one session at a place and time. A library book has no session; it can be
taken on any day. It gets one standing event a year: open from the last afternoon of the year
before (or from the first time the source shows it) and closing, as ``starts_at``, on the last
afternoon of the year. It ends a day later, so that nobody takes it for an appointment that two
such items could not share. So at any moment each known product has exactly one open event, past
years are finished sessions with a count each, and nothing is known before the source shows it.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# Afternoon in Europe is still the same day in every zone from America to China.
_CLOSING_HOUR = 15


def year_closes(year: int, zone: ZoneInfo) -> datetime:
    """The moment at which a year's standing events end, in UTC.

    Parameters
    ----------
    year
        Calendar year.
    zone
        Time zone of the source.

    Returns
    -------
    Closing time of 31 December, in UTC.
    """
    return datetime(year, 12, 31, _CLOSING_HOUR, tzinfo=zone).astimezone(UTC)


def shelf_year(moment: datetime, zone: ZoneInfo) -> int:
    """The year whose standing event a moment falls to.

    Parameters
    ----------
    moment
        Time with offset.
    zone
        Time zone of the source.

    Returns
    -------
    The calendar year of the event that is open at ``moment``.
    """
    year = moment.astimezone(zone).year
    return year if moment < year_closes(year, zone) else year + 1


def standing_event(
    product_id: str,
    title: str,
    year: int,
    *,
    first_seen: datetime,
    zone: ZoneInfo,
    venue_id: str = "",
) -> dict[str, object]:
    """One product's standing event of one year, as a row of ``events``.

    Parameters
    ----------
    product_id, title
        The product.
    year
        Calendar year of the event.
    first_seen
        The earliest time at which the source knows the product.
    zone
        Time zone of the source.
    venue_id
        Where it is held; empty when unknown.

    Returns
    -------
    Column to value.
    """
    return {
        "event_id": standing_id(product_id, year),
        "product_id": product_id,
        "venue_id": venue_id,
        "title": title,
        "published_at": max(first_seen, year_closes(year - 1, zone)),
        "starts_at": year_closes(year, zone),
        "ends_at": year_closes(year, zone) + timedelta(days=1),
        "status": "done",
    }


def standing_id(product_id: str, year: int) -> str:
    """The identifier of a product's standing event of a year.

    Parameters
    ----------
    product_id
        The product.
    year
        Calendar year.

    Returns
    -------
    The identifier of the event.
    """
    return f"{product_id}.{year}"
