"""A backtest's plot names every level and method."""

from pathlib import Path

import pandas as pd

from serving.exports.backtests import plot_backtest


def test_levels_and_methods_are_in_the_plot(tmp_path: Path) -> None:
    rows = [
        {"period": period, "level": level, "method": method, "wape": wape}
        for period in ("2026Q4", "all")
        for level in ("street", "district")
        for method, wape in (("forecast", 0.2), ("last period", 0.3))
    ]
    out = tmp_path / "plots" / "backtest.svg"
    plot_backtest(pd.DataFrame(rows), out)
    drawn = out.read_text(encoding="utf-8")
    for label in ("street", "district", "forecast", "last period"):
        assert f">{label}</text>" in drawn
