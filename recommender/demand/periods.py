"""Periods as months of the local calendar: the one grammar of everything that names a period."""

import re

import numpy as np

from recommender.errors import UsageError

_PERIOD = re.compile(r"((?:19|20|21)\d\d)(?:Q([1-4])|-(0[1-9]|1[0-2]))?")


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
