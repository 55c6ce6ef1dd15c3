"""Sheets of officers' workbooks: one look, printed on A4 without shrinking below 9 pt."""

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import pandas as pd

from serving.exports.paper import say

YUAN, COUNT, SHARE = "#,##0.00", "#,##0", "0.0%"
"""Formats of numbers."""

FONT_SIZE = 9
"""Of everything that is printed, in points; headings are larger."""

ACROSS, UPRIGHT = 920, 620
"""Pixels of columns that fit on A4 across and upright at full size, also in programs that lack
the workbook's font and draw its columns a seventh wider."""

_LINE_PT, _PADDING_PT = 12.8, 4.0

Columns = tuple[tuple[str, str, float, str | None], ...]
"""Key in the frame, key of the heading, width in characters, format of numbers (``None``: text)."""


def pixels(widths: Sequence[float]) -> int:
    """Columns side by side on screen and paper."""
    return sum(math.floor(7 * width + 5) for width in widths)


def lines_of(content: str, width: float) -> int:
    """Lines that a text takes in a column.

    Parameters
    ----------
    content
        The text.
    width
        Of the column, in characters.

    Returns
    -------
    At least 1.
    """
    room = 7 * width - 3
    count = 0
    for line in content.split("\n"):
        taken, rows = 0.0, 1
        for character in line:
            wide = unicodedata.east_asian_width(character) in "WFA"
            own = 4 * FONT_SIZE / 3 if wide else 0.62 * 4 * FONT_SIZE / 3
            if taken + own > room:
                rows, taken = rows + 1, 0.0
            taken += own
        count += rows
    return max(1, count)


def height_pt(contents: Sequence[str], widths: Sequence[float]) -> float:
    """Height of a row in which every text is whole.

    Parameters
    ----------
    contents
        The cells' texts.
    widths
        Their columns' widths, in characters.

    Returns
    -------
    Points.
    """
    most = max(lines_of(cell, width) for cell, width in zip(contents, widths, strict=True))
    return _LINE_PT * most + _PADDING_PT


class Sheets:
    """Formats and page set-up of one workbook."""

    def __init__(self, book: Any, footer: str) -> None:
        self.book, self.footer = book, footer
        self.base = {"font_name": "Microsoft YaHei", "font_size": FONT_SIZE, "valign": "vcenter"}
        self._formats: dict[tuple[Any, ...], Any] = {}
        self.title = book.add_format({**self.base, "bold": True, "font_size": 15})
        self.note = book.add_format({**self.base, "font_color": "#444444", "text_wrap": True})
        self.head = book.add_format(
            {**self.base, "bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF",
             "border": 1, "text_wrap": True, "align": "center"}
        )  # fmt: skip
        self.key = book.add_format(
            {**self.base, "bold": True, "border": 1, "bg_color": "#EAF1F8", "text_wrap": True}
        )

    def cell(self, number: str | None, *, total: bool = False, entry: bool = False) -> Any:
        """The format of a cell.

        Parameters
        ----------
        number
            Format of numbers; ``None``: a text, which wraps.
        total, entry
            Whether it is a sum, or to be filled in.

        Returns
        -------
        A format of the workbook.
        """
        key = (number, total, entry)
        if key not in self._formats:
            style = {**self.base, "border": 1, "text_wrap": number is None}
            style |= {"num_format": number} if number else {}
            style |= {"bold": True, "bg_color": "#EDEDED"} if total else {}
            style |= {"bg_color": "#FFF8DC", "locked": False} if entry else {}
            self._formats[key] = self.book.add_format(style)
        return self._formats[key]

    def sheet(self, name: str, *, upright: bool = False) -> Any:
        """A sheet that is printed on A4 at full size.

        Parameters
        ----------
        name
            Of the sheet.
        upright
            Portrait instead of landscape.

        Returns
        -------
        The sheet.
        """
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)  # A4
        if upright:
            sheet.set_portrait()
        else:
            sheet.set_landscape()
        sheet.set_margins(0.35, 0.35, 0.45, 0.55)
        sheet.set_footer(f"&L&8{self.footer}&C&8{say('page')}&R&8&A", {"margin": 0.25})
        return sheet

    def put(self, sheet: Any, row: int, column: int, value: Any, style: Any) -> None:
        """Write one value; a text is never a formula, whatever it begins with.

        Parameters
        ----------
        sheet
            Where to.
        row, column
            From 0.
        value
            Text, number, yes or no; nothing for what is missing.
        style
            The cell's format.
        """
        if value is None or value is pd.NA or value != value:
            sheet.write_blank(row, column, None, style)
        elif isinstance(value, bool):
            sheet.write_string(row, column, say("yes") if value else "", style)
        elif isinstance(value, str):
            sheet.write_string(row, column, value, style)
        else:
            sheet.write_number(row, column, value, style)

    def table(
        self,
        name: str,
        frame: pd.DataFrame,
        columns: Columns,
        *,
        total: tuple[str, ...] = (),
        upright: bool = False,
    ) -> Any:
        """A sheet with one table: headings repeated on every page, sums at its end.

        Parameters
        ----------
        name
            Of the sheet.
        frame
            The rows.
        columns
            What is shown, in order.
        total
            Keys of the columns that are summed.
        upright
            Portrait instead of landscape.

        Returns
        -------
        The sheet.
        """
        sheet = self.sheet(name, upright=upright)
        widths = [width for _, _, width, _ in columns]
        for position, (_, heading, width, _) in enumerate(columns):
            sheet.set_column(position, position, width)
            sheet.write_string(0, position, say(heading), self.head)
        sheet.set_row(0, height_pt([say(heading) for _, heading, _, _ in columns], widths))
        values = [frame[key].tolist() for key, _, _, _ in columns]
        for row, cells in enumerate(zip(*values, strict=True), start=1):
            texts = [cell if isinstance(cell, str) else "" for cell in cells]
            sheet.set_row(row, height_pt(texts, widths))
            for position, ((_, _, _, number), cell) in enumerate(zip(columns, cells, strict=True)):
                self.put(sheet, row, position, cell, self.cell(number))
        if total and len(frame):
            end = len(frame) + 1
            for position, (key, _, _, number) in enumerate(columns):
                style = self.cell(number, total=True)
                words = say("total") if position == 0 else ""
                value = float(frame[key].sum()) if key in total else words
                self.put(sheet, end, position, value, style)
        sheet.freeze_panes(1, 1)
        sheet.repeat_rows(0)
        if len(frame):
            sheet.autofilter(0, 0, len(frame), len(columns) - 1)
        return sheet
