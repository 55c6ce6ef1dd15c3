"""Figures and money as people of a language write them."""

import math
from pathlib import Path

import pytest

from serving.web.rendering import number, percent, size, yuan


@pytest.mark.parametrize(
    ("fen", "told"),
    [
        (120_000, "¥1,200"),
        (12_345_678_900, "¥123,456,789"),
        (1_250, "¥12.50"),
        (1_234_567, "¥12,346"),
        (0, "¥0"),
    ],
)
def test_money(fen: int, told: str) -> None:
    assert yuan(fen) == told


def test_figures_and_shares() -> None:
    assert number(1234.5678, 2) == "1,234.57"
    assert number(1_234_567) == "1,234,567"
    assert number(None) == number(math.nan) == percent(None) == percent(math.nan) == "—"
    assert (percent(0.123), percent(0.1234, 1), percent(1.5)) == ("12%", "12.3%", "150%")
    assert (size(999), size(120_000)) == ("999 B", "120.0 kB")


def test_every_macro_knows_the_readers_language() -> None:
    templates = [*Path("serving").rglob("templates/*.html")]
    imports = [
        line
        for each in templates
        for line in each.read_text("utf-8").splitlines()
        if line.startswith("{% from ")
    ]
    assert len(imports) >= 8
    assert [line for line in imports if "with context" not in line] == []
