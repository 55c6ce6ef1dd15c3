"""Tables as files for spreadsheet programs: the one writer, which never emits a formula."""

from pathlib import Path
from typing import IO

import pandas as pd

from data.district_time import district_zone
from data.files.formulas import without_formulas

PLAIN_TEXT = {"strings_to_formulas": False, "strings_to_urls": False}
"""Options of ``xlsxwriter.Workbook`` with which every text is a text."""


PEOPLE = ("expected", "low", "high", "gap", "alone", "supply", "cost")
"""Columns that count people: officers read them whole."""


def for_officers(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as officers read it: money in yuan, people whole.

    Parameters
    ----------
    frame
        The table.

    Returns
    -------
    With ``amount_yuan`` for ``amount_fen``, and the columns :data:`PEOPLE` rounded.
    """
    made, words = frame.copy(), {}
    for name in map(str, frame.columns):
        parts = name.split("_")
        if "fen" in parts:
            made[name] = pd.to_numeric(made[name]) / 100
            words[name] = "_".join("yuan" if part == "fen" else part for part in parts)
        elif name in PEOPLE:
            made[name] = pd.to_numeric(made[name]).round().astype("Int64")
    return made.rename(columns=words)


def write_csv(frame: pd.DataFrame, out: Path | IO[str], *, mark: bool = False) -> None:
    """Write a table as CSV; text that would begin a formula gets an apostrophe.

    Parameters
    ----------
    frame
        The table.
    out
        File or stream.
    mark
        Begin with a byte-order mark, so that spreadsheet programs read the Chinese.
    """
    encoding = "utf-8-sig" if mark else "utf-8"
    without_formulas(frame).to_csv(out, index=False, encoding=encoding)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as CSV with a byte-order mark; see :func:`write_csv`."""
    return without_formulas(frame).to_csv(index=False).encode("utf-8-sig")


def write_xlsx(frame: pd.DataFrame, out: Path) -> None:
    """Write a table as a workbook in which every text is a text.

    Parameters
    ----------
    frame
        The table; times are written by the district's clock, as workbooks know no zone.
    out
        The file.
    """
    zoned = frame.select_dtypes("datetimetz").columns
    zone = district_zone()
    plain = frame.assign(
        **{name: frame[name].dt.tz_convert(zone).dt.tz_localize(None) for name in zoned}
    )
    with pd.ExcelWriter(out, engine="xlsxwriter", engine_kwargs={"options": PLAIN_TEXT}) as book:
        plain.to_excel(book, index=False)
