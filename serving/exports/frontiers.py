"""Frontiers as plots: what more money, more evenness or more matching does to attendance."""

from pathlib import Path

import pandas as pd

PLOTS = (".svg", ".png", ".pdf")


def plot_frontier(
    points: pd.DataFrame, out: Path, *, period: str, present: tuple[float, float] | None = None
) -> None:
    """Draw one frontier in Chinese and English, with the present plan marked.

    Parameters
    ----------
    points
        As `trace_budget`, `trace_evenness` or `trace_matching` give them.
    out
        The file; its ending is one of :data:`PLOTS`.
    period
        For the title.
    present
        Where the present plan lies: its value of what varies (budget in fen, Gini coefficient or
        matching), and its attendances; ``None``: it is not marked.
    """
    # Figure instead of pyplot: no global state, no display.
    from matplotlib.figure import Figure

    from serving.exports.plots import PlotWords

    words = PlotWords(out.suffix)
    kind = (
        "budget" if "budget_fen" in points else "evenness" if "gini_max" in points else "matching"
    )
    scale = 1e6 if kind == "budget" else 1.0
    column = {"budget": "budget_fen", "evenness": "gini_max", "matching": "matching"}[kind]
    across = points[column] / scale
    with words.drawing():
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(across, points["expected"], marker="o", color="#1F4E78")
        for x, y, gini in zip(across, points["expected"], points["gini"], strict=True):
            axes.annotate(
                f"Gini {gini:.3f}", (x, y), textcoords="offset points", xytext=(4, -12), fontsize=8
            )
        if present is not None:
            axes.plot(
                [present[0] / scale], [present[1]], marker="*", markersize=16, color="#C0392B",
                linestyle="none", label=words.say("present"),
            )  # fmt: skip
            axes.legend(loc="lower right")
        axes.set_xlabel(words.say(f"across_{kind}"))
        axes.set_ylabel(words.say("attendances"))
        axes.set_title(words.say(f"title_{kind}", period=period))
        axes.grid(alpha=0.3)
        axes.set_ylim(0, 1.1 * max(points["expected"].max(), present[1] if present else 0))
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=150)
