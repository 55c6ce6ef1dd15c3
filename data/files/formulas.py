"""Text that no spreadsheet program runs as a formula."""

import pandas as pd

STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a cell must not begin with (OWASP, CSV injection)."""


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before text that would begin a formula; numbers stay."""
    texts = [
        name
        for name in frame.columns
        if isinstance(frame[name].dtype, pd.CategoricalDtype | pd.StringDtype)
        or frame[name].dtype == object
    ]
    safe = {name: frame[name].astype(object).map(_safe) for name in texts}
    return frame.assign(**safe)


def _safe(value: object) -> object:
    if isinstance(value, str) and value.startswith(STARTS):
        return f"'{value}"
    return value
