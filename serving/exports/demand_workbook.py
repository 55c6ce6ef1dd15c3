"""Demand as a workbook made for officers: one sheet for all, one a street, ready to print."""

import re
from pathlib import Path

import pandas as pd
import xlsxwriter

from recommender.demand.model import DemandModel
from serving.exports.paper import category_label, say
from serving.exports.sheets import COUNT, Columns, Sheets
from serving.exports.tables import PLAIN_TEXT, for_officers

SHEETS_MAX = 40
"""Streets with a sheet of their own; more are on the first sheet alone."""

_COLUMNS: Columns = (
    ("rank", "rank", 6, COUNT),
    ("street", "street", 13, None),
    ("title", "product", 34, None),
    ("category", "category", 8, None),
    ("expected", "expected", 9, COUNT),
    ("low", "low", 8, COUNT),
    ("high", "high", 8, COUNT),
    ("supply", "seats_planned", 8, COUNT),
    ("gap", "gap_of_seats", 8, COUNT),
    ("evidence_bookings", "evidence_bookings", 8, COUNT),
    ("evidence_surveys", "evidence_surveys", 8, COUNT),
)


def write_demand(model: DemandModel, frame: pd.DataFrame, period: str, out: Path) -> None:
    """Write the workbook.

    Parameters
    ----------
    model
        Knows the streets' names.
    frame
        Rows as :func:`serving.demand.frames.demand_frame` gives them.
    period
        Such as ``2027Q1``.
    out
        The file; its folder is made where it is missing.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    names = dict(zip(model.streets.ids, model.street_names, strict=True))
    rows = for_officers(frame)
    rows["street"] = [names.get(code) or code for code in rows["street_code"]]
    rows["category"] = [category_label(name) for name in rows["category"]]
    rows["title"] = [
        f"{title}（{say('suppressed')}）" if hidden else title
        for title, hidden in zip(rows["title"], rows["suppressed"], strict=True)
    ]
    book = xlsxwriter.Workbook(str(out), {"nan_inf_to_errors": True, **PLAIN_TEXT})
    book.set_properties({"title": say("demand_title", period=period)})
    sheets = Sheets(book, say("demand_title", period=period))
    try:
        codes = list(dict.fromkeys(rows["street_code"]))
        if len(codes) != 1:
            sheets.table(say("all_streets"), rows, _COLUMNS)
        for code in codes[:SHEETS_MAX]:
            own = rows[rows["street_code"] == code].reset_index(drop=True)
            own["rank"] = range(1, len(own) + 1)
            sheets.table(_sheet_name(own["street"].iloc[0], code, book), own, _COLUMNS)
        _notes(sheets)
    finally:
        book.close()


def _sheet_name(street: str, code: str, book: xlsxwriter.Workbook) -> str:
    """A name that a workbook takes; the code where it is taken or empty."""
    plain = re.sub(r"[\[\]:*?/\\']", "", street)[:31]
    return plain if plain and book.get_worksheet_by_name(plain) is None else code[:31]


def _notes(sheets: Sheets) -> None:
    sheet = sheets.sheet(say("reading"), upright=True)
    sheet.set_column(0, 0, 84)
    for row, name in enumerate(("expected_means", "interval_means", "evidence_means")):
        sheet.set_row(row, 30)
        sheet.write_string(row, 0, say(name), sheets.note)
