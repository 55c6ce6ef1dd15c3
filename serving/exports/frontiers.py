"""Frontiers as plots: what more money, or more evenness, does to attendance."""

from pathlib import Path

import pandas as pd

PLOTS = (".svg", ".png", ".pdf")


def plot_frontier(points: pd.DataFrame, out: Path, *, period: str) -> None:
    """Draw one frontier.

    Labels are in English: the plot must not depend on which fonts a machine has.

    Parameters
    ----------
    points
        As `trace_budget`, `trace_evenness` or `trace_matching` give them.
    out
        The file; its ending is one of :data:`PLOTS`.
    period
        For the title.
    """
    # Figure instead of pyplot: no global state, no display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    money, wants = "budget_fen" in points, "gini_max" not in points
    if money:
        across = points["budget_fen"] / 1e6
    else:
        across = points["matching" if wants else "gini_max"]
    axes.plot(across, points["expected"], marker="o", color="#1F4E78")
    for x, y, gini in zip(across, points["expected"], points["gini"], strict=True):
        axes.annotate(
            f"Gini {gini:.3f}", (x, y), textcoords="offset points", xytext=(4, -12), fontsize=8
        )
    even = "matching of supply and wants" if wants else "bound on the Gini coefficient"
    axes.set_xlabel("budget (10,000 yuan)" if money else even)
    axes.set_ylabel("expected attendances")
    subject = "budget" if money else "wants" if wants else "evenness"
    axes.set_title(f"{period}: attendance against {subject}")
    axes.grid(alpha=0.3)
    axes.set_ylim(bottom=0)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)
