"""Days and hours as people say them: 明天, 周六下午, Saturday afternoon."""

from datetime import date, datetime, timedelta

from babel.dates import format_date

from data.district_time import district_zone
from serving.messages.catalogue import Lang

LOCALES: dict[Lang, str] = {"zh": "zh_Hans_CN", "en": "en"}
"""What Babel writes dates, numbers and money by."""

_THIS_YEAR: dict[Lang, str] = {"zh": "M月d日 EEE", "en": "EEE d MMM"}
_OTHER_YEAR: dict[Lang, str] = {"zh": "y年M月d日 EEE", "en": "EEE d MMM y"}
_NEAR = {0: ("今天", "today"), 1: ("明天", "tomorrow"), 2: ("后天", "")}


def local_date(moment: datetime) -> date:
    """The day in the district."""
    return moment.astimezone(district_zone()).date()


def day_words(moment: datetime | date, *, now: datetime, lang: Lang) -> str:
    """A day.

    Parameters
    ----------
    moment
        Any moment of the day, or the day.
    now
        The clock.
    lang
        The visitor's language.

    Returns
    -------
    Such as ``明天 10月3日 周六``; the year only where it is another one.
    """
    day = local_date(moment) if isinstance(moment, datetime) else moment
    today = local_date(now)
    near = _NEAR.get((day - today).days, ("", ""))[0 if lang == "zh" else 1]
    pattern = (_THIS_YEAR if day.year == today.year else _OTHER_YEAR)[lang]
    words = format_date(day, pattern, locale=LOCALES[lang])
    return f"{near} {words}" if near else words


def part_of_day(moment: datetime, lang: Lang) -> str:
    """Morning, afternoon or evening.

    Parameters
    ----------
    moment
        With a zone.
    lang
        The visitor's language.

    Returns
    -------
    Before noon, before six, or later.
    """
    hour = moment.astimezone(district_zone()).hour
    zh, en = (
        ("上午", "morning")
        if hour < 12
        else ("下午", "afternoon")
        if hour < 18
        else ("晚上", "evening")
    )
    return zh if lang == "zh" else en


def clock_words(moment: datetime) -> str:
    """The hour in the district, as ``14:30``."""
    return f"{moment.astimezone(district_zone()):%H:%M}"


def moment_words(moment: datetime, *, now: datetime, lang: Lang) -> str:
    """A day and its hour.

    Parameters
    ----------
    moment
        With a zone.
    now
        The clock.
    lang
        The visitor's language.

    Returns
    -------
    Such as ``明天 10月3日 周六 下午 14:30``.
    """
    day = day_words(moment, now=now, lang=lang)
    return f"{day} {part_of_day(moment, lang)} {clock_words(moment)}"


def weekend_of(now: datetime) -> tuple[date, date]:
    """Saturday and Sunday of this week; what is left of it once it has begun."""
    today = local_date(now)
    saturday = today + timedelta(days=5 - today.weekday()) if today.weekday() < 5 else today
    sunday = today + timedelta(days=6 - today.weekday())
    return saturday, sunday
