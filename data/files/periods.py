"""Periods as people write them, in the form of the one grammar."""

import re

from recommender.demand.periods import period_months
from recommender.errors import UsageError

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
    try:
        period_months(period)
    except UsageError:
        return None
    return period
