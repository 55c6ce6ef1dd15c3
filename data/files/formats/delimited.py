"""CSV files, read in blocks by Arrow, with every physical line accounted for.

Arrow keeps no line numbers and takes an open quotation mark for the start of a long cell. So lines
are first cut into records here wherever a file has unusual line ends, or quotation marks other than
around whole cells; Arrow then gets the records that are whole.
"""

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from data.files.columns import BLANKS
from data.files.formats.encoding import find_encoding, open_text, open_utf8
from data.files.formats.records import LINE_MAX, Record, cut_records, has_plain_quotes
from recommender.errors import InputRejectedError

BLOCK_BYTES = 1 << 24
HEAD_LINES = 20
"""Within so many lines the headings must stand."""

_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)


class Delimited:
    """One CSV file.

    Parameters
    ----------
    file
        Its encoding, delimiter and heading line are found out here.
    recognise
        How many columns of the table a row of cells names; the row with most is the heading.
    encoding
        The encoding that the caller knows; ``None`` to find out.

    Attributes
    ----------
    header
        The headings; empty for an empty file.
    notes
        What was guessed or skipped.
    """

    def __init__(
        self, file: Path, recognise: Callable[[Sequence[str]], int], encoding: str | None = None
    ) -> None:
        self._file = file
        self._encoding = find_encoding(file, encoding)
        self.notes = [self._encoding.note] if self._encoding.note else []
        self._delimiter = ","
        self._head_lines = 0
        self.header: list[str] = []
        self._find_header(recognise)
        self._newlines = 0
        self._odd = self._has_odd_lines()
        self._skipped = self._rows = 0
        self._kept: list[NDArray[np.int64]] = []
        self._scanned: tuple[NDArray[np.int64], list[Record]] | None = None

    @property
    def header_line(self) -> int:
        """The last line of the headings, from 1."""
        return self._head_lines

    def _find_header(self, recognise: Callable[[Sequence[str]], int]) -> None:
        with open_text(self._file, self._encoding.codec) as text:
            head = [line for _ in range(HEAD_LINES) if (line := text.readline(LINE_MAX))]
        head = list(itertools.takewhile(lambda line: len(line) < LINE_MAX, head))
        if not head and self._file.stat().st_size >= LINE_MAX:
            raise InputRejectedError(
                f"{self._file.name} has a line of more than {LINE_MAX:,} characters.",
                "A table has a line for each row.",
            )
        first = 0
        delimiters = ",\t;|"
        if head and (named := _SEPARATOR_LINE.fullmatch(head[0])):
            first, delimiters = 1, named[1]
        best = (0, 0)
        fallback: tuple[list[str], str, int] | None = None
        for delimiter in delimiters:
            reader = csv.reader(head[first:], delimiter=delimiter)
            try:
                for cells in reader:
                    cells[:] = [cell.strip(BLANKS) for cell in cells]
                    if not any(cells):
                        continue
                    known = recognise(cells)
                    # Most columns win; the one that stands first wins a tie.
                    if known and (known, -reader.line_num) > best:
                        best = (known, -reader.line_num)
                        self.header, self._delimiter = cells, delimiter
                        self._head_lines = first + reader.line_num
                    if fallback is None or (
                        fallback[2] == first + reader.line_num and len(cells) > len(fallback[0])
                    ):
                        fallback = cells, delimiter, first + reader.line_num
            except csv.Error:
                continue
        if not self.header and fallback is not None:
            self.header, self._delimiter, self._head_lines = fallback
        above = [line.strip(BLANKS + "".join(delimiters) + '"') for line in head[first:]]
        lines = self.header and "".join(self.header).count("\n")
        told = [line for line in above[: self._head_lines - first - 1 - (lines or 0)] if line]
        if told:
            self.notes.append(f"{self._file.name}: above the headings stands {told[0][:60]!r}")

    def _has_odd_lines(self) -> bool:
        """Whether lines must be cut into records one by one; counts line ends on the way."""
        with open_utf8(self._file, self._encoding) as stream:
            last = begun = b""
            run = 0
            while chunk := stream.read(1 << 20):
                self._newlines += chunk.count(b"\n")
                end = chunk.rfind(b"\n") + 1
                whole, begun = (begun + chunk[:end], chunk[end:]) if end else (b"", begun + chunk)
                if b"\x00" in chunk or not has_plain_quotes(whole, self._delimiter):
                    return True
                if b"\r" in chunk and chunk.count(b"\r") != chunk.count(b"\r\n") + (
                    chunk[-1:] == b"\r"
                ):
                    return True
                if last[-1:] == b"\r" and chunk[:1] != b"\n":
                    return True
                run = run + len(chunk) if b"\n" not in chunk else 0
                if run > 1 << 20:
                    return True
                last = chunk
        return not has_plain_quotes(begun, self._delimiter)

    def batches(self, positions: Mapping[str, int]) -> Iterator[pa.Table]:
        """Blocks of rows with the named columns, as text; empty cells are null.

        Rows of empty cells are left out, and a note tells how many.

        Raises
        ------
        InputRejectedError
            If the file is not CSV at all.
        """
        names = [f"c{position}" for position in range(len(self.header))]
        self._skipped = self._rows = 0
        self._kept = []
        empty = 0

        def skip(_: Any) -> str:
            self._skipped += 1
            return "skip"

        with self._stream() as stream:
            if not stream.peek(1):  # type: ignore[attr-defined]
                return
            try:
                reader = pacsv.open_csv(
                    stream,
                    read_options=pacsv.ReadOptions(column_names=names, block_size=BLOCK_BYTES),
                    parse_options=pacsv.ParseOptions(
                        delimiter=self._delimiter,
                        newlines_in_values=self._odd,
                        invalid_row_handler=skip,
                    ),
                    convert_options=pacsv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()),
                        strings_can_be_null=True,
                        null_values=[""],
                        check_utf8=False,
                    ),
                )
                for batch in reader:
                    table = pa.Table.from_batches([batch])
                    filled = _filled(table, positions)
                    if filled is None:
                        self._kept.append(np.arange(self._rows, self._rows + len(table)))
                    else:
                        where = filled.to_numpy(zero_copy_only=False)
                        self._kept.append(self._rows + np.flatnonzero(where))
                        table = table.filter(filled)
                        empty += int((~where).sum())
                    self._rows += batch.num_rows
                    chosen = table.select([names[position] for position in positions.values()])
                    yield chosen.rename_columns(list(positions))
            except pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                raise InputRejectedError(
                    f"{self._file.name} cannot be read: {error}.",
                    "Check its quotation marks and line ends.",
                ) from error
        if empty:
            self.notes.append(f"{self._file.name}: {empty} rows without any value left out")

    def _stream(self) -> IO[bytes]:
        """What follows the headings, as UTF-8, without the lines that are no whole records."""
        if self._odd:
            self._scan()
            return cast(IO[bytes], io.BufferedReader(_Lines(self._whole_records()), 1 << 20))
        stream = open_utf8(self._file, self._encoding)
        for _ in range(self._head_lines):
            stream.readline()
        return stream

    def _records(self) -> Iterator[Record]:
        with open_text(self._file, self._encoding.codec) as text:
            yield from cut_records(text, self._delimiter, len(self.header), skip=self._head_lines)

    def _whole_records(self) -> Iterator[bytes]:
        for record in self._records():
            if record.fault is None:
                ended = record.text.rstrip("\r\n")
                yield re.sub("[\ud800-\udfff]", "\ufffd", ended).encode() + b"\n"

    def lines(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Line numbers, from 1, of rows that :meth:`batches` yielded."""
        if not self._kept:
            return rows
        place = np.concatenate(self._kept)[rows]
        lines_after = self._newlines - self._head_lines
        if not self._odd and not self._skipped and lines_after in (self._rows, self._rows - 1):
            return np.asarray(place + self._head_lines + 1)
        lines = self._scan()[0]
        return lines[np.minimum(place, len(lines) - 1)]

    def malformed(self) -> list[tuple[int, str, str]]:
        """Line, text and fault of the lines that :meth:`batches` left out."""
        if not self._skipped and not self._odd:
            return []
        return [(r.line, r.text.rstrip("\r\n"), str(r.fault)) for r in self._scan()[1]]

    def _scan(self) -> tuple[NDArray[np.int64], list[Record]]:
        """Lines of whole rows, and the others; only read when something has to be reported."""
        if self._scanned is None:
            whole: list[int] = []
            others: list[Record] = []
            for record in self._records():
                if record.fault is None:
                    whole.append(record.line)
                else:
                    others.append(record)
            self._scanned = np.array(whole, dtype=np.int64), others
        return self._scanned


def _filled(table: pa.Table, positions: Mapping[str, int]) -> pa.Array | None:
    """Which rows hold anything; ``None`` when all do, as a first look at one column tells."""
    first = table.column(next(iter(positions.values()), 0))
    if not first.null_count and not pc.any(_is_empty(first)).as_py():
        return None
    empty = None
    for column in table.columns:
        blank = _is_empty(column)
        empty = blank if empty is None else pc.and_(empty, blank)
    if empty is None or not pc.any(empty).as_py():
        return None
    return pc.invert(empty).combine_chunks()


def _is_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    blank = pc.equal(pc.binary_length(pc.utf8_trim(column, BLANKS)), 0)
    return pc.fill_null(blank, True)


class _Lines(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._ready = bytearray()

    def readable(self) -> bool:
        return True

    def readinto(self, target: "memoryview[int]") -> int:  # type: ignore[override]
        while len(self._ready) < len(target):
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._ready += piece
        size = min(len(target), len(self._ready))
        target[:size] = self._ready[:size]
        del self._ready[:size]
        return size
