"""Bad rows: what is wrong with each, and the file that tells it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.files.columns import as_text
from data.files.formulas import without_formulas
from data.files.pseudonyms import mask, mask_numbers, personal_trait

COLUMNS = ("table", "line", "column", "value", "reason")
"""Of the quarantine file."""

_LONGEST = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def empty_quarantine() -> pd.DataFrame:
    """A quarantine without rows."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS}).astype(
        {"line": "int64"}
    )


@dataclass
class Problems:
    """What was found wrong in one table so far; several findings may concern one row."""

    rows: list[NDArray[np.int64]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    reasons: list[str | list[str]] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)

    def add(
        self,
        bad: pa.ChunkedArray,
        numbers: pa.ChunkedArray,
        column: str,
        values: pa.ChunkedArray,
        reason: str | list[str],
    ) -> None:
        """Note the rows where ``bad`` is true.

        Parameters
        ----------
        bad
            Booleans; null counts as fine.
        numbers
            The rows' numbers in the file, from 0.
        column, values
            Where, and what stands there.
        reason
            One for all, or one for each bad row.
        """
        where = pc.indices_nonzero(pc.fill_null(bad, False))
        if len(where) == 0:
            return
        self.rows.append(pc.take(numbers, where).to_numpy())
        self.columns.append(column)
        self.texts.append(
            ["" if text is None else text for text in as_text(pc.take(values, where)).to_pylist()]
        )
        self.reasons.append(reason)

    def extend(self, other: "Problems") -> None:
        """Take over another part's findings."""
        self.rows += other.rows
        self.columns += other.columns
        self.reasons += other.reasons
        self.texts += other.texts

    def bad_rows(self) -> NDArray[np.int64]:
        """Numbers of the rows with any finding, sorted, each once."""
        if not self.rows:
            return np.empty(0, dtype=np.int64)
        return np.unique(np.concatenate(self.rows))

    def to_frame(self) -> pd.DataFrame:
        """One line a bad row: the first finding, the others added to its reason.

        Returns
        -------
        Columns ``row, column, value, reason``, ordered by row.
        """
        parts = [
            pd.DataFrame({"row": rows, "column": column, "value": values, "reason": reason})
            for rows, column, values, reason in zip(
                self.rows, self.columns, self.texts, self.reasons, strict=True
            )
        ]
        if not parts:
            return pd.DataFrame(
                {"row": pd.Series(dtype="int64"), "column": "", "value": "", "reason": ""}
            )
        found = pd.concat(parts, ignore_index=True).sort_values("row", kind="stable")
        again = found["row"].duplicated()
        first = found[~again].set_index("row")
        if again.any():
            rest = found[again]
            more = (rest["column"] + ": " + rest["reason"]).groupby(rest["row"]).agg("; ".join)
            first.loc[more.index, "reason"] = first.loc[more.index, "reason"] + "; also " + more
        return first.reset_index()


def show(value: str, column: str) -> str:
    """A bad value as it may be written down: short, printable, personal ones masked.

    Parameters
    ----------
    value
        The value as read.
    column
        Its column, which decides whether it is personal.

    Returns
    -------
    The text for ``quarantine.csv``.
    """
    if column == "resident_id" and personal_trait(value) is not None:
        value = mask(value)
    elif not column:  # a whole row, as it could not be split
        value = mask_numbers(value)
    value = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", value)
    return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"


def write_quarantine(quarantine: pd.DataFrame, folder: Path) -> Path | None:
    """Write ``quarantine.csv`` into a folder, over the one of an earlier import.

    Parameters
    ----------
    quarantine
        Rejected values, with table, line, column, value and reason.
    folder
        Where the file goes; created when there are rejected values.

    Returns
    -------
    The file; ``None`` when nothing is bad and there is no earlier one to empty.
    """
    path = folder / "quarantine.csv"
    if quarantine.empty and not path.exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    safe = without_formulas(quarantine)
    # Rejected rows may hold what was never meant to be here, such as a telephone number.
    path.touch(mode=0o600)
    path.chmod(0o600)
    # The mark makes Excel read it as UTF-8.
    safe.to_csv(path, index=False, encoding="utf-8-sig")
    return path
