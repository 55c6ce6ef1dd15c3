"""Words on plots in Chinese and English, without depending on the fonts of a machine."""

import logging
from contextlib import AbstractContextManager

from serving.messages.catalogue import text

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
