"""The account of a conversion: every row read is mapped, merged or set aside, and said so."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

NOTE_COLUMNS = ("file", "line", "column", "value", "reason", "row_kept")


@dataclass(frozen=True, slots=True)
class Note:
    """One value that could not be mapped.

    Attributes
    ----------
    file, line
        Where it stands; lines count from 1, the header included.
    column, value
        Empty column: the row as a whole.
    reason
        Why it could not be mapped.
    row_kept
        Whether the rest of its row was mapped all the same.
    """

    file: str
    line: int
    column: str
    value: str
    reason: str
    row_kept: bool


@dataclass(slots=True)
class Account:
    """What became of one source file's rows; ``read = mapped + merged + set_aside``."""

    file: str
    becomes: str
    read: int = 0
    mapped: int = 0
    merged: int = 0
    set_aside: int = 0


@dataclass(slots=True)
class Ledger:
    """Collects accounts and notes while a source is read."""

    accounts: dict[str, Account] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def open(self, file: str, becomes: str) -> Account:
        """The account of a file, opened at its first mention.

        Parameters
        ----------
        file
            Name of the source file.
        becomes
            The contract tables that its rows become.

        Returns
        -------
        The account, counting from zero at the first call.
        """
        return self.accounts.setdefault(file, Account(file, becomes))

    def mapped(self, file: str) -> None:
        """Count a row that became a row of its own."""
        self.accounts[file].mapped += 1

    def merged(self, file: str) -> None:
        """Count a row that says more about something an earlier row made."""
        self.accounts[file].merged += 1

    def set_aside(self, file: str, line: int, column: str, value: str, reason: str) -> None:
        """Count a row that could not be taken, and say why.

        Parameters
        ----------
        file, line
            Where the row is; lines count from 1 with the header.
        column, value
            What is wrong; values are cut after 200 characters.
        reason
            Why, as ``unmapped.csv`` says it.
        """
        self.accounts[file].set_aside += 1
        self.notes.append(Note(file, line, column, value[:200], reason, row_kept=False))

    def emptied(self, file: str, line: int, column: str, value: str, reason: str) -> None:
        """Record that one value of a mapped row could not be mapped; the row itself is kept.

        Parameters
        ----------
        file, line
            Where the row is; lines count from 1 with the header.
        column, value
            What is wrong; values are cut after 200 characters.
        reason
            Why, as ``unmapped.csv`` says it.
        """
        self.notes.append(Note(file, line, column, value[:200], reason, row_kept=True))

    def summary(self) -> pd.DataFrame:
        """One row a source file; ``read = mapped + merged + set_aside``."""
        values = Counter(note.file for note in self.notes if note.row_kept)
        return pd.DataFrame(
            [
                {
                    "file": account.file,
                    "read": account.read,
                    "mapped": account.mapped,
                    "merged": account.merged,
                    "set_aside": account.set_aside,
                    "values_emptied": values[account.file],
                    "becomes": account.becomes,
                }
                for account in self.accounts.values()
            ],
            columns=["file", "read", "mapped", "merged", "set_aside", "values_emptied", "becomes"],
        )

    def reasons(self) -> pd.DataFrame:
        """How often each reason was given, most frequent first."""
        counts = Counter((n.file, n.column, n.reason, n.row_kept) for n in self.notes)
        return pd.DataFrame(
            [
                (file, column, reason, "value" if kept else "row", count)
                for (file, column, reason, kept), count in counts.most_common()
            ],
            columns=["file", "column", "reason", "what", "count"],
        )

    def unmapped(self) -> pd.DataFrame:
        """Every note, one row each, columns :data:`NOTE_COLUMNS`."""
        return _frame(self.notes)


def _frame(notes: Sequence[Note]) -> pd.DataFrame:
    return pd.DataFrame(
        [(n.file, n.line, n.column, n.value, n.reason, n.row_kept) for n in notes],
        columns=list(NOTE_COLUMNS),
    )
