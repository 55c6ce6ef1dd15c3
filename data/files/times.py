"""Times, days and ranges of times as people, programs and Excel write them."""

import datetime as dt
import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from data.arrow import TIME
from data.district_time import district_zone
from data.files.columns import each, readable_text, try_cast
from data.files.formats.chinese_values import plain_clock

_EXCEL_DAY_0 = dt.datetime(1899, 12, 30)  # noqa: DTZ001  (serials carry no zone)
_FIRST_OFFSET, _LAST_OFFSET = dt.timedelta(hours=-12), dt.timedelta(hours=14)

_DATE = (
    r"(?P<y{n}>\d{{4}})(?P<s{n}>[-/.年]?)(?P<m{n}>\d{{1,2}})(?:(?P=s{n})|月)(?P<d{n}>\d{{1,2}})日?"
    r"(?:\s*[（(]?(?:周|星期)(?P<w{n}>[一二三四五六日天])[)）]?)?"
)
_CLOCK = (
    r"(?P<H{n}>\d{{1,2}})[:：时点](?P<M{n}>\d{{2}}|\d(?!\d))分?"
    r"(?:(?:[:：]|(?<=分))(?P<S{n}>\d{{1,2}})(?:\.(?P<f{n}>\d{{1,9}}))?秒?)?"
)
_WRITTEN_TIME = re.compile(
    _DATE.format(n="")
    + r"(?:(?P<t>T|\s*)"
    + _CLOCK.format(n="")
    + r")?(?P<gap>\s*)(?P<z>Z|\+\d{2}(?::?\d{2})?|-\d{2}:?\d{2})?",
    re.IGNORECASE | re.ASCII,
)
_WRITTEN_RANGE = re.compile(
    _DATE.format(n="")
    + r"(?P<t>T|\s*)"
    + _CLOCK.format(n="")
    + r"(?P<gap>\s*)(?P<sep>-{1,2}|[–—―－~～〜∼]+|至|到)\s*"
    + r"(?:"
    + _DATE.format(n="2")
    + r"(?:T|\s*))?"
    + _CLOCK.format(n="2"),
    re.IGNORECASE | re.ASCII,
)
_SERIAL = re.compile(r"[2-7]\d{4}(\.\d+)?", re.ASCII)

# What needs no second look: an offset that cannot be the end of a range, and a day that every
# month has.
_PLAIN_TIME = (
    r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[T ]([01]\d|2[0-3]):[0-5]\d"
    r"((:[0-5]\d(\.\d{1,6})?)?(Z|\+(0\d|1[0-3]):[0-5]\d)|:[0-5]\d(\.\d{1,6})?-(0\d|1[01]):[0-5]\d)$"
)
_DOUBTFUL_OFFSET = r"-\d\d(:?\d\d)?$|\+(1[4-9]|[2-9]\d)(:?\d\d)?$"
RANGE_HINT = r"[:：时点].*(-|[–—―－~～〜∼]|至|到)"
"""What every range of times has (RE2); so do some times with an offset."""


def parse_times(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Moments, in UTC; null where a cell is no single time.

    Parameters
    ----------
    values
        Text, or any type of a Parquet file. Without an offset, the district's time: the earlier
        one where clocks are set back, none where they skip it (a day whose midnight is skipped
        begins after it).

    Returns
    -------
    Values of type :data:`data.arrow.TIME`; years outside 1–9999 are null or far out of range.
    """
    if pa.types.is_date(values.type):
        values = _within_calendar(values)
        values = values.cast(pa.date32(), safe=False).cast(pa.timestamp("us"))
    if pa.types.is_timestamp(values.type):
        values = _within_calendar(values)
        if values.type.tz is None:
            values = _in_the_district(values.cast(pa.timestamp("us"), safe=False))
        return values.cast(TIME, safe=False)
    values = readable_text(values)
    doubtful = pc.match_substring_regex(values, _DOUBTFUL_OFFSET)
    if not pc.any(doubtful).as_py() and (whole := try_cast(values, TIME)) is not None:
        return whole
    plain = pc.match_substring_regex(values, _PLAIN_TIME)
    quick = pc.if_else(plain, values, None).cast(TIME)
    slow = each(pc.if_else(plain, None, values), TIME, _read_moment)
    return pc.coalesce(quick, slow)


def parse_dates(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days of the district's calendar; null where a cell is no day.

    Parameters
    ----------
    values
        Text, or any type of a Parquet file.

    Returns
    -------
    Values of type date32.
    """
    if pa.types.is_timestamp(values.type):
        values = _within_calendar(values)
        if values.type.tz is not None:
            zone = str(district_zone())
            values = pc.local_timestamp(values.cast(pa.timestamp("us", zone), safe=False))
        return values.cast(pa.date32(), safe=False)
    if pa.types.is_date(values.type):
        return _within_calendar(values).cast(pa.date32(), safe=False)
    values = readable_text(values)
    whole = try_cast(values, pa.date32())
    return each(values, pa.date32(), _read_day) if whole is None else whole


def _in_the_district(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Wall-clock times as moments; null where the clocks skip a time other than midnight."""
    zone = str(district_zone())
    moments = pc.assume_timezone(values, zone, ambiguous="earliest", nonexistent="latest")
    exists = pc.equal(pc.local_timestamp(moments), values)
    midnight = pc.equal(pc.floor_temporal(values, unit="day"), values)
    return pc.if_else(pc.or_(exists, midnight), moments, pa.scalar(None, moments.type))


def _moment_in_the_district(wall: dt.datetime) -> dt.datetime | None:
    """The same for one time."""
    zone = district_zone()
    moment = wall.replace(tzinfo=zone).astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    found = _in_the_district(pa.chunked_array([pa.array([wall], pa.timestamp("us"))]))
    skipped: dt.datetime | None = found.cast(TIME)[0].as_py()
    return skipped


def _within_calendar(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Null what no calendar of four-digit years has, before a change of unit wraps it around."""
    per_day = {"s": 86_400, "ms": 86_400_000}
    kind = values.type
    if pa.types.is_timestamp(kind):
        if kind.unit not in per_day:
            return values  # cannot be written in another unit wrongly
        width = per_day[kind.unit]
    else:
        width = 86_400_000 if pa.types.is_date64(kind) else 1
    number = pa.int32() if pa.types.is_date32(kind) else pa.int64()
    first, last = (day.toordinal() - 719_163 for day in (dt.date.min, dt.date.max))
    counts = values.cast(number)
    inside = pc.and_(
        pc.greater_equal(counts, pa.scalar(first * width, number)),
        pc.less(counts, pa.scalar((last + 1) * width, number)),
    )
    return pc.if_else(inside, values, pa.scalar(None, kind))


def _read_moment(text: str | None) -> dt.datetime | None:
    moment = None if text is None else read_time(text)
    if moment is None:
        return None
    try:
        return moment.astimezone(dt.UTC) if moment.tzinfo else _moment_in_the_district(moment)
    except OverflowError:  # the first or last hours of the calendar
        return None


def _read_day(text: str | None) -> dt.date | None:
    moment = None if text is None else read_time(text)
    if moment is None:
        return None
    try:
        return (moment.astimezone(district_zone()) if moment.tzinfo else moment).date()
    except OverflowError:
        return None


@lru_cache(maxsize=65536)
def read_time(text: str) -> dt.datetime | None:
    """A time as people and Excel write it; without zone where none is written.

    Takes ISO 8601, ``2026/1/5 9:30``, ``2026年1月5日 下午2点半``, ``20260105`` and Excel's day
    numbers from 1954 to 2119. Offsets are −12:00 to +14:00; a day of the week beside a date is the
    date's.
    A range of times is not a time: where ``14:00-16:00`` could be either, it is none.
    """
    text = plain_clock(text.strip())
    if _SERIAL.fullmatch(text):
        return _EXCEL_DAY_0 + dt.timedelta(seconds=round(float(text) * 86400))
    found = _WRITTEN_TIME.fullmatch(text)
    if found is None:
        return None
    part = found.groupdict()
    if not part["s"] and (len(part["m"]) != 2 or len(part["d"]) != 2):
        return None
    moment = _moment(part, "")
    if moment is None or not part["z"]:
        return moment
    zone = _zone(part["z"].upper())
    if zone is None or not _is_offset(part, moment):
        return None
    return moment.replace(tzinfo=zone)


def read_range(text: str) -> tuple[dt.datetime, dt.datetime] | None:
    """Start and end of a range such as ``2026-10-05 14:00-16:00``, in the district's time.

    Returns
    -------
    Two times without zone, the first one earlier; ``None`` for what is no range or could as
    well be a time with an offset.
    """
    found = _WRITTEN_RANGE.fullmatch(plain_clock(text.strip()))
    if found is None:
        return None
    part = found.groupdict()
    if _may_be_offset(part):
        return None
    start = _moment(part, "")
    if part["y2"] is None:
        part |= {name: part[name[:-1]] for name in ("y2", "m2", "d2")}
    end = _moment(part, "2")
    return (start, end) if start is not None and end is not None and start < end else None


def explain_unread_time(text: str | None) -> str:
    """Why a cell is not one time."""
    moment = None if text is None else read_time(text)
    if moment is not None:
        skipped = moment.tzinfo is None and dt.MINYEAR < moment.year < dt.MAXYEAR
        return "is skipped by the clocks" if skipped else "is out of range: not in the calendar"
    plain = None if text is None else plain_clock(text.strip())
    found = None if plain is None else _WRITTEN_RANGE.fullmatch(plain)
    written = found or (None if plain is None else _WRITTEN_TIME.fullmatch(plain))
    if written is not None and not all(_on_its_weekday(written.groupdict(), n) for n in ("", "2")):
        return "names another day of the week than its date"
    if found is not None:
        return "is a range of times, or a time with an unclear offset (write 14:00:00-05:00)"
    return "is not a time"


def _on_its_weekday(part: dict[str, str | None], n: str) -> bool:
    """Whether a date falls on the day of the week that is written beside it, if any is."""
    said = part.get("w" + n)
    if said is None:
        return True
    try:
        day = dt.date(*(int(part[name + n] or 0) for name in "ymd"))
    except ValueError:
        return True  # there is no such day
    return day.weekday() == min("一二三四五六日天".index(said), 6)


def _moment(part: dict[str, str | None], n: str) -> dt.datetime | None:
    if not _on_its_weekday(part, n):
        return None
    year, month, day = (int(part[name + n] or 0) for name in "ymd")
    hour, minute, second = (int(part[name + n] or 0) for name in "HMS")
    micros = int((part["f" + n] or "0").ljust(6, "0")[:6])
    try:
        if n == "2" and (hour, minute, second, micros) == (24, 0, 0, 0):
            return dt.datetime(year, month, day) + dt.timedelta(days=1)  # noqa: DTZ001
        return dt.datetime(year, month, day, hour, minute, second, micros)  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None


def _is_offset(part: dict[str, str | None], moment: dt.datetime) -> bool:
    """Whether what follows a time is meant as an offset from UTC."""
    if part["s"] == "年" and part["gap"]:
        return False
    offset = part["z"] or ""
    if offset[0] != "-" or part["S"] is not None:
        return True
    end = (int(offset[1:3]), int(offset[-2:]))
    return _is_iso(part) and end <= (moment.hour, moment.minute)


def _may_be_offset(part: dict[str, str | None]) -> bool:
    """Whether a range in strict ISO form could as well be a time with an offset."""
    end = f"-{part['H2']}:{part['M2']}"
    is_offset = re.fullmatch(r"-\d\d:\d\d", end) is not None and _zone(end) is not None
    hyphen = part["sep"] == "-" and part["y2"] is None and part["S2"] is None
    return hyphen and is_offset and (_is_iso(part) or part["S"] is not None)


def _is_iso(part: dict[str, str | None]) -> bool:
    return part["s"] == "-" and (part["t"] or "").upper() == "T" and not part["gap"]


def _zone(text: str) -> dt.tzinfo | None:
    if text == "Z":
        return dt.UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[2:])
    offset = dt.timedelta(hours=int(digits[:2]), minutes=minutes)
    offset = -offset if text[0] == "-" else offset
    if minutes > 59 or not _FIRST_OFFSET <= offset <= _LAST_OFFSET:
        return None
    return dt.timezone(offset)
