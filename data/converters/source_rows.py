"""Reading foreign files line by line, with the line kept for the account."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.converters.ledger import Ledger
from recommender.errors import InputRejectedError, UsageError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NOT_ID = re.compile(r"[^A-Za-z0-9_.:]+")
# Letters that have no decomposition into a base letter and a mark.
_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source file: where it stands and its values by column name."""

    line: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


def find(folder: Path, name: str) -> Path:
    """A source file in a folder.

    Parameters
    ----------
    folder
        The folder of the data set.
    name
        Name of the file.

    Returns
    -------
    The path of the file.

    Raises
    ------
    UsageError
        If it is not there.
    """
    path = folder / name
    if not path.is_file():
        raise UsageError(f"{name} is not in {folder}.", "Give the folder that holds the data set.")
    return path


def table_rows(
    path: Path, ledger: Ledger, *, needs: tuple[str, ...], becomes: str
) -> Iterator[Row]:
    """Rows of a CSV file with a header; rows of another width are set aside.

    Parameters
    ----------
    path
        The file, UTF-8 with or without a byte-order mark.
    ledger
        Where rows are counted and rejected ones noted.
    needs
        Columns that the header must have.
    becomes
        The contract tables that its rows become, for the ledger.

    Yields
    ------
    Rows with their line numbers, cleaned of control characters.

    Raises
    ------
    InputRejectedError
        If the header lacks one of the columns in ``needs``.
    """
    account = ledger.open(path.name, becomes)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in needs if name not in header]
        if missing:
            raise InputRejectedError(
                f"{path.name} has no column {', '.join(missing)}.", f"It has: {', '.join(header)}."
            )
        line = reader.line_num
        while True:
            first, line = line + 1, line
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                account.read += 1
                line = reader.line_num
                ledger.set_aside(path.name, first, "", "", f"not readable as CSV: {error}")
                continue
            line = reader.line_num
            if not fields:
                continue
            account.read += 1
            if len(fields) != len(header):
                ledger.set_aside(
                    path.name,
                    first,
                    "",
                    ",".join(fields),
                    f"has {len(fields)} fields where the header has {len(header)}",
                )
                continue
            yield Row(first, {k: clean(v) for k, v in zip(header, fields, strict=True)})


def separated_rows(
    path: Path, ledger: Ledger, columns: tuple[str, ...], *, separator: str, becomes: str
) -> Iterator[Row]:
    """Rows of a file without header whose fields are parted by ``separator``.

    Parameters
    ----------
    path
        The file, UTF-8.
    ledger
        Where rows are counted and rejected ones noted.
    columns
        Names of its fields, in order.
    separator
        What stands between two fields.
    becomes
        The contract tables that its rows become, for the ledger.

    Yields
    ------
    Rows with their line numbers.
    """
    account = ledger.open(path.name, becomes)
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as text:
        for line, content in enumerate(text, start=1):
            content = content.rstrip("\r\n")
            if not content:
                continue
            account.read += 1
            fields = content.split(separator)
            if len(fields) != len(columns):
                ledger.set_aside(
                    path.name,
                    line,
                    "",
                    content,
                    f"has {len(fields)} fields where {len(columns)} are expected",
                )
                continue
            yield Row(line, {k: clean(v) for k, v in zip(columns, fields, strict=True)})


def clean(text: str) -> str:
    """The text with runs of control characters turned into one blank, and trimmed."""
    return _CONTROL.sub(" ", text).strip()


def slug(text: str) -> str:
    """An identifier of ASCII letters, digits and ``-_.:`` from any text; may be empty."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return _NOT_ID.sub("-", plain).strip("-")


def whole(text: str) -> int | None:
    """An integer written as ``7`` or ``7.0``; ``None`` for anything else."""
    match = re.fullmatch(r"([+-]?\d{1,18})(?:\.0*)?", text)
    return int(match[1]) if match else None


def number(text: str) -> float | None:
    """A finite decimal number; ``None`` for anything else."""
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", text):
        return None
    value = float(text)
    return value if abs(value) < float("inf") else None


def point(lat: str, lon: str) -> tuple[float, float] | None:
    """A place on earth; ``None`` when either is missing, off the globe, or both are zero.

    Parameters
    ----------
    lat, lon
        Degrees as text, WGS-84.

    Returns
    -------
    Latitude in [-90, 90] and longitude in [-180, 180], or ``None``.
    """
    y, x = number(lat), number(lon)
    if y is None or x is None or abs(y) > 90 or abs(x) > 180 or (y == 0 and x == 0):
        return None
    return y, x


def epoch(text: str, *, per_second: int = 1) -> datetime | None:
    """A moment given as a count since 1970, between 1990 and 2100; ``None`` for anything else.

    Parameters
    ----------
    text
        The count, a whole number.
    per_second
        Counts in a second: 1 for seconds, 1000 for milliseconds.

    Returns
    -------
    The time in UTC, or ``None``.
    """
    count = whole(text)
    if count is None:
        return None
    seconds = count / per_second
    if not 631_152_000 <= seconds < 4_102_444_800:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC)


def age_band(age: int) -> str:
    """The contract's age band of an age in whole years."""
    for band, below in (("0-13", 14), ("14-17", 18), ("18-34", 35), ("35-59", 60), ("60-69", 70)):
        if age < below:
            return band
    return "70+"
