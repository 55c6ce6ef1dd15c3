"""Lines of a CSV file cut into records, by RFC 4180 to the letter.

A line that cannot belong to a whole record is a record of its own with a fault, and the next line
is looked at anew: an open quotation mark costs its own line and no other.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import IO

import numpy as np

LINE_MAX = 1 << 20
"""Characters of a line, and lines of a record times their length, that are still read."""

_RECORD_LINES = 200


@dataclass(frozen=True, slots=True)
class Record:
    """One record, or one line that belongs to none.

    Attributes
    ----------
    line
        Its first line, from 1.
    text
        As written, with its line end.
    fault
        What is wrong; ``None`` for a whole record.
    """

    line: int
    text: str
    fault: str | None


def cut_records(text: IO[str], delimiter: str, cells: int, *, skip: int = 0) -> Iterator[Record]:
    """Records of a text stream; lines without anything are none.

    Parameters
    ----------
    text
        Opened with ``newline=""``.
    delimiter
        One character.
    cells
        How many a whole record has.
    skip
        Lines before the first record.

    Yields
    ------
    Record
        Together they hold every line that is not empty, once.
    """
    source = _Source(text)
    for _ in range(skip):
        source.take()
    while (found := source.take()) is not None:
        number, line = found
        if not line.strip("\r\n"):
            continue
        if len(line) >= LINE_MAX:
            yield Record(number, line[:200], f"is longer than {LINE_MAX:,} characters")
            continue
        if '"' not in line:
            yield _judged(number, line, line.count(delimiter) + 1, cells)
            continue
        joined = _join(source, line, delimiter, cells)
        if joined is None:
            yield Record(number, line, "has a quotation mark that is left open or out of place")
            continue
        source.drop(joined.count)
        record = _judged(number, joined.text, joined.cells, cells)
        if record.fault is not None and joined.count:
            source.give_back(joined.lines)
            record = Record(number, line, record.fault)
        yield record


def _judged(number: int, text: str, found: int, cells: int) -> Record:
    fault = None if found == cells else f"has {found} cells, the header has {cells}"
    return Record(number, text, fault)


@dataclass(frozen=True, slots=True)
class _Joined:
    text: str
    cells: int
    lines: list[tuple[int, str]]

    @property
    def count(self) -> int:
        return len(self.lines)


def _join(source: "_Source", line: str, delimiter: str, cells: int) -> _Joined | None:
    """The record that begins with a line; ``None`` where its quotation marks make no sense."""
    text, lines = line, list[tuple[int, str]]()
    while True:
        count, state = _parse(text, delimiter)
        if state == "whole":
            return _Joined(text, count, lines)
        following = source.look(len(lines)) if state == "open" else None
        if following is None or len(lines) >= _RECORD_LINES or len(text) >= LINE_MAX:
            return None
        if line.count(delimiter) + 1 >= cells and _looks_like_record(
            following[1], delimiter, cells
        ):
            return None  # the mark was left open: this is a row of its own
        lines.append(following)
        text += following[1]


def _looks_like_record(line: str, delimiter: str, cells: int) -> bool:
    return cells > 1 and line.count(delimiter) + 1 >= cells


def has_plain_quotes(lines: bytes, delimiter: str) -> bool:
    """Whether every quotation mark stands around a whole cell of one line, and none inside.

    Such lines are the same to every reader.

    Parameters
    ----------
    lines
        Whole lines, in UTF-8.
    delimiter
        One character.

    Returns
    -------
    True also where there is no quotation mark.
    """
    if b'"' not in lines:
        return True
    data = np.frombuffer(lines, dtype=np.uint8)
    marks = np.flatnonzero(data == ord('"'))
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    around = np.zeros(256, dtype=np.bool_)
    around[[ord("\n"), ord("\r"), *delimiter.encode()]] = True
    before = around[data[np.maximum(opening - 1, 0)]] | (opening == 0)
    last = len(data) - 1
    after = around[data[np.minimum(closing + 1, last)]] | (closing == last)
    ends = np.flatnonzero(data == ord("\n"))
    in_line = np.searchsorted(ends, opening) == np.searchsorted(ends, closing)
    return bool((before & after & in_line).all())


@cache
def _cell_pattern(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    return re.compile(rf'"(?:[^"]|"")*"(?={mark}|\r?\n?\Z|\r\Z)|(?!")[^{mark}\r\n]*')


def _parse(text: str, delimiter: str) -> tuple[int, str]:
    """Number of cells, and whether the record is ``whole``, still ``open`` or ``broken``."""
    pattern = _cell_pattern(delimiter)
    place, count = 0, 0
    while True:
        found = pattern.match(text, place)
        if found is None:
            inside = text[place + 1 :].replace('""', "")
            return count, "broken" if '"' in inside else "open"
        count += 1
        place = found.end()
        if place == len(text) or not text[place:].strip("\r\n"):
            return count, "whole"
        if text[place] != delimiter:
            return count, "broken"
        place += 1


class _Source:
    """Numbered lines, with some that were looked at ahead."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._ahead: deque[tuple[int, str]] = deque()
        self._number = 0

    def _read(self) -> tuple[int, str] | None:
        line = self._text.readline(LINE_MAX)
        if not line:
            return None
        self._number += 1
        rest = line
        while len(rest) >= LINE_MAX and rest[-1] not in "\r\n":
            rest = self._text.readline(LINE_MAX)
            if not rest:
                break
        return self._number, line

    def take(self) -> tuple[int, str] | None:
        """The next line."""
        return self._ahead.popleft() if self._ahead else self._read()

    def look(self, ahead: int) -> tuple[int, str] | None:
        """A line further on, left where it is."""
        while len(self._ahead) <= ahead:
            found = self._read()
            if found is None:
                return None
            self._ahead.append(found)
        return self._ahead[ahead]

    def drop(self, count: int) -> None:
        """Pass over lines that were looked at."""
        for _ in range(count):
            self._ahead.popleft()

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        """Put lines before the others again."""
        self._ahead.extendleft(reversed(lines))
