"""Which quotation marks need a closer look, and records that are cut with care."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files.formats.records import cut_records, has_plain_quotes


@pytest.mark.parametrize(
    ("lines", "plain"),
    [
        ("a,b\nc,d\n", True),
        ('"a","b"\r\n"c",d\n', True),
        ('"",""\n', True),
        ('"a,b",c', True),
        ('"a""b",c\n', False),
        ('a"b",c\n', False),
        ('"a"b,c\n', False),
        ('"a,b\nc,d\n', False),
        ('"a\nb",c\n', False),
        ('"a,b\n"c,d\n', False),
        ('a,"\nb,"c\n', False),
    ],
)
def test_plain_quotes(lines: str, plain: bool) -> None:
    assert has_plain_quotes(lines.encode(), ",") is plain


@given(st.text(alphabet='a,"\n', max_size=30))
def test_where_quotes_are_plain_every_reader_cuts_alike(text: str) -> None:
    if not has_plain_quotes(text.encode(), ","):
        return
    lines = [line for line in text.split("\n") if line]
    read = [row for row in csv.reader(io.StringIO(text)) if row]
    assert len(read) == len(lines)
    for line, row in zip(lines, read, strict=True):
        (record,) = cut_records(io.StringIO(line), ",", len(row))
        assert record.fault is None
