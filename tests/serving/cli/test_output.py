"""What is printed is what the data says: brackets are no markup, texts no formulas."""

from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pytest

from data.district_time import DEFAULT_ZONE, set_district_zone
from serving.cli.output import Format, _cell, emit
from serving.exports.tables import write_xlsx

FRAME = pd.DataFrame({"title": ["[免费] 茶艺", "[red]x[/red]", "=1+1"], "n": [1, 2, 3]})


def test_titles_with_brackets_print_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    emit(FRAME, title="lists [all]")
    said = capsys.readouterr().out
    for text in ("[免费] 茶艺", "[red]x[/red]", "lists [all]"):
        assert text in said


def test_a_printed_csv_holds_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    emit(FRAME, Format.CSV)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "[免费] 茶艺,1",
        "[red]x[/red],2",
        "'=1+1,3",
    ]


def test_tables_and_workbooks_show_the_districts_time(tmp_path: Path) -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2027-07-14T18:30Z", None], utc=True)})
    set_district_zone(ZoneInfo("Europe/Paris"))
    try:
        assert [_cell(value) for value in frame["at"]] == ["2027-07-14 20:30", ""]
        write_xlsx(frame, tmp_path / "t.xlsx")
    finally:
        set_district_zone(DEFAULT_ZONE)
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[0]
    assert sheet["A2"].value.isoformat() == "2027-07-14T20:30:00"
