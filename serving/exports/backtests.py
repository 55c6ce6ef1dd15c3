"""Backtests as plots: the error of the forecast beside naive ones, by level."""

from pathlib import Path

import numpy as np
import pandas as pd


def plot_backtest(report: pd.DataFrame, out: Path) -> None:
    """Draw the pooled errors of one backtest, in Chinese and English.

    Parameters
    ----------
    report
        As `backtest_demand` gives it.
    out
        The file; its ending is one of :data:`serving.exports.frontiers.PLOTS`.
    """
    # Figure instead of pyplot: no global state, no display.
    from matplotlib.figure import Figure

    from serving.exports.frontiers import PlotWords

    pooled = report[report["period"] == "all"]
    table = pooled.pivot_table(index="level", columns="method", values="wape", sort=False)
    words = PlotWords(out.suffix)
    with words.drawing():
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        width = 0.8 / len(table.columns)
        for position, method in enumerate(table.columns):
            across = np.arange(len(table)) + (position - (len(table.columns) - 1) / 2) * width
            axes.bar(across, table[method], width, label=method)
        axes.set_xticks(np.arange(len(table)), table.index, rotation=20)
        axes.set_ylabel(words.say("error_share"))
        axes.set_title(words.say("errors"))
        axes.grid(axis="y", alpha=0.3)
        axes.legend()
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=150)
