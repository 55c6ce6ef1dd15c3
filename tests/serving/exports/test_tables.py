"""No table holds a formula, whatever its texts begin with."""

import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from serving.exports.tables import csv_bytes, for_officers, write_csv, write_xlsx

EVIL = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "http://a.test", "茶", "[bold]"]


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "title": EVIL,
            "kind": pd.Categorical(EVIL),
            "gap": [-1.5] * len(EVIL),
            "sessions": range(len(EVIL)),
        }
    )


@pytest.mark.parametrize("how", ["stream", "file", "bytes"])
def test_text_of_a_csv_begins_no_formula_and_numbers_stay(tmp_path: Path, how: str) -> None:
    if how == "stream":
        out = io.StringIO()
        write_csv(frame(), out)
        text = out.getvalue()
    elif how == "file":
        write_csv(frame(), tmp_path / "a.csv", mark=True)
        text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
    else:
        text = csv_bytes(frame()).decode("utf-8-sig")
    read = pd.read_csv(io.StringIO(text))
    for column in ("title", "kind"):
        held = read[column].tolist()
        assert not [value for value in held if value.startswith(tuple("=+-@\t\r"))]
        assert held == [f"'{value}" for value in EVIL[:5]] + EVIL[5:]
    assert read["gap"].tolist() == [-1.5] * len(EVIL)


def test_text_of_a_workbook_is_text(tmp_path: Path) -> None:
    write_xlsx(frame(), tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert [cell.hyperlink for cell in cells if cell.hyperlink] == []
    assert sheet["A2"].value == "=1+1"


def test_officers_read_yuan_and_whole_people() -> None:
    shown = for_officers(
        pd.DataFrame(
            {"amount_fen": [123_450], "marginal_fen_per_attendance": [250.0], "expected": [401.89],
             "low": [None], "gini": [0.0312], "offence": ["x"]}
        )
    )  # fmt: skip
    assert pd.isna(shown.pop("low")[0])
    assert shown.to_dict("records") == [
        {"amount_yuan": 1234.5, "marginal_yuan_per_attendance": 2.5, "expected": 402,
         "gini": 0.0312, "offence": "x"}
    ]  # fmt: skip
