"""Charts: lengths are proportional, words are text."""

import re

import pytest

from serving.web.charts import curve, gauge, interval_bar, paired_bars
from serving.web.map import Region, coloured, shade_of


def widths(svg: str, kind: str) -> list[float]:
    return [float(w) for w in re.findall(rf'class="{kind}"[^>]*? width="([\d.]+)"', svg)]


def test_an_interval_is_drawn_to_scale() -> None:
    svg = interval_bar(10, 25, 50, top=100, label="<25>", width=104)
    assert widths(svg, "band") == [40.0]
    assert 'x="10.0"' in svg
    assert 'x="25.0"' in svg
    assert 'aria-label="&lt;25&gt;"' in svg
    assert widths(interval_bar(0, 0, 0, top=0, label=""), "band") == [1.0]


def test_bars_are_proportional_and_missing_shares_left_out() -> None:
    rows = [
        {"group": "a", "demand": 0.8, "supply": 0.4},
        {"group": "b", "demand": 0.2, "supply": float("nan")},
    ]
    svg = paired_bars(rows, names={"a": "<a>"}, label="x")
    first, second = widths(svg, "need")
    assert first / second == pytest.approx(4, rel=0.01)
    assert widths(svg, "supply") == pytest.approx([first / 2], rel=0.01)
    assert "&lt;a&gt;" in svg


def test_a_gauge_is_never_longer_than_full() -> None:
    assert widths(gauge(0.25, label="x"), "mark") == [40.0]
    assert widths(gauge(7.0, label="x"), "mark") == [160.0]


def test_shades_follow_ranks_and_hidden_values_have_none() -> None:
    assert shade_of([1.0, 2.0, 3.0, 4.0, 5.0]) == [0, 1, 2, 3, 4]
    assert shade_of([5.0, None, 5.0]) == [0, None, 0]
    assert shade_of([None]) == [None]


def test_regions_that_may_not_be_opened_are_no_links() -> None:
    place = {"centre": (31.2, 121.4), "points": ((31.21, 121.41),)}
    regions = [
        Region("a", "A", 1.0, "1", link="/a", **place),
        Region("b", "<B>", None, "—", link="", **place),
    ]
    svg = coloured(regions, title="t")
    assert svg.count("<a ") == svg.count("</a>") == 1
    assert "&lt;B&gt;" in svg
    assert 'class="none"' in svg


def test_a_curve_rises_where_its_points_do() -> None:
    svg = str(curve([(1, 10), (2, 30), (4, 20)], label="l", across="abc", up="n"))
    placed = re.findall(r'<circle class="mark" cx="([\d.]+)" cy="([\d.]+)"', svg)
    (x1, y1), (x2, y2), (x3, y3) = [(float(x), float(y)) for x, y in placed]
    assert x1 < x2 < x3
    assert x3 - x2 == pytest.approx(2 * (x2 - x1), abs=0.2)
    assert y2 < y3 < y1  # upwards is a smaller number
    assert 'aria-label="l"' in svg
    assert curve([(1, 10)], label="l", across="a", up="n") == ""
