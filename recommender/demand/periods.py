"""Periods as months of the local calendar: the one grammar of everything that names a period."""

import re

import numpy as np

from recommender.errors import UsageError

_PERIOD = re.compile(r"((?:19|20|21)\d\d)(?:Q([1-4])|-(0[1-9]|1[0-2]))?")
_LOOSE = re.compile(
    r"(?P<year>\d{4})年?"
    r"(?:[-./]?(?:Q(?P<q>[1-4])|(?P<n>[1-4])Q|第?(?P<z>[1-4一二三四])季度?)"
    r"|[-./](?P<m>1[0-2]|0?[1-9])月?|(?P<w>1[0-2]|0?[1-9])月|年?度)?"
)
_QUARTERS = {"一": "1", "二": "2", "三": "3", "四": "4"}


def read_period(text: str) -> str | None:
    """A period as people write it, in the form that the commands read.

    Returns
    -------
    ``2027``, ``2027Q1`` or ``2027-01`` for that and for texts such as ``2027 Q1``, ``2027q1``,
    ``2027年第一季度``, ``2027年1月``, ``2027/1``; ``None`` where the text is no period.
    """
    plain = "".join(text.split()).upper()
    found = _LOOSE.fullmatch(plain)
    if found is None:
        return None
    quarter = found["q"] or found["n"] or found["z"]
    month = found["m"] or found["w"]
    year = found["year"]
    if quarter:
        period = f"{year}Q{_QUARTERS.get(quarter, quarter)}"
    else:
        period = f"{year}-{int(month):02d}" if month else year
    return period if _PERIOD.fullmatch(period) else None


def period_months(period: str) -> tuple[np.datetime64, np.datetime64]:
    """First month of a period and the one after its last, as datetime64[M].

    Raises
    ------
    UsageError
        If the text is not a year, quarter or month such as ``2027``, ``2027Q1``, ``2027-01``.
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise UsageError(
            f"{period!r} is not a period.", "Write a quarter as 2027Q1, a month as 2027-01."
        )
    year, quarter, month = match.groups()
    first = 3 * int(quarter) - 2 if quarter else int(month) if month else 1
    length = 3 if quarter else 1 if month else 12
    start = np.datetime64(f"{year}-{first:02d}", "M")
    return start, start + length
