"""Small charts as SVG; each says in words what it shows, and stands beside its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup


def interval_bar(
    low: float, expected: float, high: float, *, top: float, label: str, width: int = 160
) -> Markup:
    """An estimate with its interval on a scale that starts at 0.

    Parameters
    ----------
    low, expected, high
        The estimate; ``low <= expected <= high``.
    top
        Where the scale ends.
    label
        What it shows, in words.
    width
        Pixels.

    Returns
    -------
    An ``svg`` element.
    """
    scale = (width - 4) / top if top > 0 else 0.0
    left, middle, right = (
        min(max(0.0, value) * scale, width - 4) for value in (low, expected, high)
    )
    return Markup(
        '<svg class="bars" viewBox="0 0 {w} 18" width="{w}" height="18" role="img"'
        ' aria-label="{label}"><line class="axis" x1="0" y1="9" x2="{w}" y2="9"/>'
        '<rect class="band" x="{x:.1f}" y="3" width="{span:.1f}" height="12" rx="2"/>'
        '<rect class="mark" x="{m:.1f}" y="1" width="4" height="16" rx="1"/></svg>'
    ).format(w=width, label=label, x=left, span=max(right - left, 1.0), m=middle)


def paired_bars(
    rows: Sequence[Mapping[str, Any]], *, names: Mapping[str, str], label: str, width: int = 460
) -> Markup:
    """Share of demand above share of supply, by group.

    Parameters
    ----------
    rows
        Entries with ``group``, ``demand`` and ``supply``, shares of 1.
    names
        What groups are called.
    label
        What the chart shows, in words.
    width
        Pixels.

    Returns
    -------
    An ``svg`` element.
    """
    name_width, row_height = 110, 30
    values = [value for row in rows for value in (row["demand"], row["supply"]) if value == value]
    scale = (width - name_width - 52) / max([*values, 1e-9])
    height = row_height * len(rows) + 4
    parts = [
        Markup(
            '<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">'
        ).format(w=width, h=height, label=label)
    ]
    for number, row in enumerate(rows):
        y = number * row_height + 4
        parts.append(
            Markup('<text x="{x}" y="{y}" font-size="13" text-anchor="end">{name}</text>').format(
                x=name_width - 8, y=y + 16, name=names.get(row["group"], row["group"])
            )
        )
        for kind, shift in (("demand", 0), ("supply", 12)):
            value = row[kind]
            if value != value:
                continue
            length = max(value * scale, 1.0)
            parts.append(
                Markup(
                    '<rect class="{kind}" x="{x}" y="{y}" width="{length:.1f}" height="10" rx="2"/>'
                    '<text x="{end:.1f}" y="{base}" font-size="11">{told}</text>'
                ).format(
                    kind="need" if kind == "demand" else "supply",
                    x=name_width,
                    y=y + shift,
                    length=length,
                    end=name_width + length + 5,
                    base=y + shift + 9,
                    told=f"{100 * value:.0f}%",
                )
            )
    return Markup("").join([*parts, Markup("</svg>")])


def gauge(value: float, *, label: str, width: int = 160) -> Markup:
    """A share of 1 as a filled bar.

    Parameters
    ----------
    value
        The share; what is above 1 fills the bar.
    label
        What it shows, in words.
    width
        Pixels.

    Returns
    -------
    An ``svg`` element.
    """
    filled = width * min(max(value, 0.0), 1.0)
    return Markup(
        '<svg class="bars" viewBox="0 0 {w} 10" width="{w}" height="10" role="img"'
        ' aria-label="{label}"><rect class="none" width="{w}" height="10" rx="5"/>'
        '<rect class="mark" width="{filled:.1f}" height="10" rx="5"/></svg>'
    ).format(w=width, label=label, filled=filled)


_APART = 62.0
"""Pixels between two names below a curve."""


def curve(
    points: Sequence[tuple[float, float]],
    *,
    label: str,
    across: Sequence[str],
    up: str,
    width: int = 460,
) -> Markup:
    """A line through points on a scale that starts at 0; points are named below the axis.

    Parameters
    ----------
    points
        (across, up), in the order across.
    label
        What the chart shows, in words.
    across
        What each point is called.
    up
        What is counted upwards.
    width
        Pixels.

    Returns
    -------
    An ``svg`` element; empty text without two points.
    """
    if len(points) < 2:
        return Markup("")
    left, right, top, bottom, height = 64, 40, 34, 190, 220
    low_x, high_x = points[0][0], points[-1][0]
    high = max([value for _, value in points] + [1e-9])

    def at(x: float, value: float) -> tuple[float, float]:
        share = (x - low_x) / max(high_x - low_x, 1e-9)
        return left + share * (width - left - right), bottom - value / high * (bottom - top)

    placed = [at(*point) for point in points]
    parts = [
        Markup(
            '<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">'
            '<line class="axis" x1="{l}" y1="{b}" x2="{r}" y2="{b}"/>'
            '<text x="4" y="14" font-size="12">{up}</text>'
        ).format(w=width, h=height, label=label, l=left, r=width - right, b=bottom, up=up)
    ]
    tick = Markup('<text x="{x}" y="{y:.0f}" font-size="12" text-anchor="end">{told}</text>')
    parts += [
        tick.format(x=left - 8, y=at(low_x, value)[1] + 4, told=f"{value:,.0f}")
        for value in (0.0, high)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    parts.append(Markup('<polyline class="trace" points="{}"/>').format(path))
    named = -_APART
    for (x, y), name in zip(placed, across, strict=True):
        parts.append(
            Markup('<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4"/>').format(x=x, y=y)
        )
        if x - named >= _APART:  # names must not run into each other; the table has them all
            named = x
            parts.append(
                Markup(
                    '<text x="{x:.1f}" y="{b}" font-size="11" text-anchor="middle">{name}</text>'
                ).format(x=x, b=bottom + 18, name=name)
            )
    return Markup("").join([*parts, Markup("</svg>")])
