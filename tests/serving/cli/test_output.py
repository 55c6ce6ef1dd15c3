"""What is printed is what the data says: brackets are no markup, texts no formulas."""

import pandas as pd
import pytest

from serving.cli.output import Format, emit

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
