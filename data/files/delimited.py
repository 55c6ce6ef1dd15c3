"""CSV files, read in blocks by Arrow, with the line numbers that Arrow does not keep."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from data.files.encoding import open_text, open_utf8, sniff
from recommender.errors import InputRejectedError

BLOCK_BYTES = 1 << 24

csv.field_size_limit(1 << 30)


class Delimited:
    """One CSV file.

    Parameters
    ----------
    file
        Its encoding and delimiter are found out here.

    Attributes
    ----------
    header
        The first line's cells; empty for an empty file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._style = sniff(file)
        with open_text(file, self._style.encoding) as text:
            self.header: list[str] = next(csv.reader(text, delimiter=self._style.delimiter), [])
        self._skipped = 0
        self._rows = 0
        self._newlines: int | None = None
        self._scanned: tuple[NDArray[np.int64], list[tuple[int, int, str]]] | None = None

    def batches(self, positions: Mapping[str, int]) -> Iterator[pa.Table]:
        """Blocks of rows with the named columns, as text; empty cells are null.

        Raises
        ------
        InputRejectedError
            If the file is not CSV at all.
        """
        names = [f"c{position}" for position in range(len(self.header))]
        self._skipped = self._rows = 0

        def skip(_: Any) -> str:
            self._skipped += 1
            return "skip"

        with open_utf8(self._file, self._style) as stream:
            try:
                reader = pacsv.open_csv(
                    stream,
                    read_options=pacsv.ReadOptions(
                        column_names=names, skip_rows=1, block_size=BLOCK_BYTES
                    ),
                    parse_options=pacsv.ParseOptions(
                        delimiter=self._style.delimiter,
                        newlines_in_values=True,
                        invalid_row_handler=skip,
                    ),
                    convert_options=pacsv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()),
                        include_columns=[names[position] for position in positions.values()],
                        strings_can_be_null=True,
                        null_values=[""],
                        check_utf8=False,
                    ),
                )
                for batch in reader:
                    self._rows += batch.num_rows
                    yield pa.Table.from_batches([batch]).rename_columns(list(positions))
            except pa.ArrowInvalid as error:
                raise InputRejectedError(
                    f"{self._file.name} cannot be read: {error}.",
                    "Check its quotation marks and line ends.",
                ) from error

    def lines(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Line numbers, from 1, of rows that :meth:`batches` yielded."""
        if self._newlines is None:
            self._newlines = self._count_newlines()
        if not self._skipped and self._newlines in (self._rows, self._rows + 1):
            return rows + 2
        lines = self._scan()[0]
        return lines[np.minimum(rows, len(lines) - 1)]

    def malformed(self) -> list[tuple[int, int, str]]:
        """Line, number of cells and text of the rows that :meth:`batches` left out."""
        if not self._skipped:
            return []
        found = self._scan()[1][: self._skipped]
        return found + [(0, 0, "")] * (self._skipped - len(found))

    def _count_newlines(self) -> int:
        count = 0
        with self._file.open("rb") as stream:
            while chunk := stream.read(1 << 24):
                count += chunk.count(b"\n")
        return count

    def _scan(self) -> tuple[NDArray[np.int64], list[tuple[int, int, str]]]:
        """Lines of whole rows, and the others; only read when something has to be reported."""
        if self._scanned is None:
            whole: list[int] = []
            others: list[tuple[int, int, str]] = []
            with open_text(self._file, self._style.encoding) as text:
                reader = csv.reader(text, delimiter=self._style.delimiter)
                next(reader, None)
                line = reader.line_num + 1
                for row in reader:
                    if len(row) == len(self.header):
                        whole.append(line)
                    elif row:
                        others.append((line, len(row), self._style.delimiter.join(row)))
                    line = reader.line_num + 1
            self._scanned = np.array(whole, dtype=np.int64), others
        return self._scanned
