"""Frontiers are drawn in both languages with the present plan marked."""

from pathlib import Path

import pandas as pd
import pytest

from serving.exports import frontiers
from serving.exports.frontiers import plot_frontier

FRONTIERS = {
    "budget": (
        pd.DataFrame({"budget_fen": [1_000_000, 2_000_000], "expected": [10.0, 15.0], "gini": 0.1}),
        (1_500_000.0, 13.0),
        "预算（万元）",
    ),
    "evenness": (
        pd.DataFrame({"gini_max": [0.02, 0.05], "expected": [10.0, 15.0], "gini": [0.02, 0.05]}),
        (0.03, 12.0),
        "街镇间基尼系数上限",
    ),
    "matching": (
        pd.DataFrame(
            {"dial": [0.0, 1.0], "expected": [15.0, 10.0], "gini": 0.1, "matching": [0.6, 0.9]}
        ),
        (0.8, 12.0),
        "供需匹配度",
    ),
}


@pytest.mark.parametrize("kind", FRONTIERS)
def test_frontiers_say_it_in_both_languages(kind: str, tmp_path: Path) -> None:
    points, present, words = FRONTIERS[kind]
    out = tmp_path / "deep" / "frontier.svg"
    plot_frontier(points, out, period="2027Q1", present=present)
    drawn = out.read_text(encoding="utf-8")
    for told in (words, "expected attendances", "预计人次", "本方案", "this plan"):
        assert told in drawn
    plot_frontier(points, out, period="2027Q1")
    assert "本方案" not in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_where_chinese_cannot_be_drawn_it_is_english(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontiers, "FAMILIES", ("no such family",))
    words = frontiers.PlotWords(ending)
    assert words.say("present") == "this plan"
    points, present, _ = FRONTIERS["budget"]
    out = tmp_path / f"frontier{ending}"
    plot_frontier(points, out, period="2027Q1", present=present)  # no warning of missing glyphs
    assert out.stat().st_size > 1000
