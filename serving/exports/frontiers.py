"""Plots in Chinese and English: frontiers, and the words that any plot can draw."""

import logging
from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd

from serving.messages.catalogue import text

PLOTS = (".svg", ".png", ".pdf")

FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei", "SimSun",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Serif CJK SC", "Droid Sans Fallback",
)  # fmt: skip
"""Families with Chinese characters, the first that is there is taken."""


def chinese_family() -> str | None:
    """A family of this machine that has Chinese characters; ``None``: there is none."""
    from matplotlib import font_manager

    there = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in FAMILIES if name in there), None)


class PlotWords:
    """Sentences of a plot in both languages; in English alone where Chinese cannot be drawn.

    A ``.svg`` holds its words as text, which the reader's program draws in a font of its own: it
    is in both languages on every machine.
    """

    def __init__(self, ending: str) -> None:
        self._svg = ending.lower() == ".svg"
        self._family = chinese_family()
        self._both = self._svg or self._family is not None
        # An .svg names fonts that this machine may lack: the reader's has one of them.
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

    def drawing(self) -> AbstractContextManager[None]:
        """The fonts of a plot, as a context in which it is drawn and saved."""
        from matplotlib import rc_context

        own = [self._family] if self._family else []
        wanted = dict.fromkeys([*own, *(FAMILIES if self._svg else ()), "DejaVu Sans"])
        return rc_context(
            {"font.family": list(wanted), "svg.fonttype": "none", "axes.unicode_minus": False}
        )

    def say(self, name: str, **values: object) -> str:
        """A sentence of ``plot.NAME`` in the languages that can be drawn.

        Parameters
        ----------
        name
            Of the sentence.
        **values
            What it names.

        Returns
        -------
        Chinese and English, or English alone.
        """
        english = text(f"document.plot_{name}", "en", **values)
        if not self._both:
            return english
        return f"{text(f'document.plot_{name}', 'zh', **values)}  {english}"


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
