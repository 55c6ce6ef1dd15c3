"""Maps drawn on the server."""

from serving.web.map import Place, project, sketch


def test_north_is_up_and_the_scale_is_the_same_both_ways() -> None:
    points, height = project([(31.20, 121.40), (31.22, 121.40), (31.20, 121.44)], width=400)
    south_west, north, east = points
    assert north[1] < south_west[1]
    assert east[0] > south_west[0]
    # 0.02 degrees of latitude against 0.04 of longitude at 31 degrees north (cosine 0.857).
    ratio = (south_west[1] - north[1]) / (east[0] - south_west[0])
    assert abs(ratio - 0.02 / (0.04 * 0.857)) < 0.01
    assert all(0 < x < 400 and 0 < y < height for x, y in points)


def test_labels_are_text_and_nothing_is_drawn_of_nowhere() -> None:
    drawn = sketch([Place("a", 31.2, 121.4), Place("<b>", 31.21, 121.41, here=True)], title="“m”")
    assert "&lt;b&gt;" in drawn
    assert "<b>" not in drawn
    assert sketch([Place("a", 31.2, 121.4)], title="m") == ""


def test_no_name_covers_another_and_what_the_map_is_about_is_always_named() -> None:
    places = [Place("远处街道", 31.0, 121.0), Place("近处街道", 31.2001, 121.4001)]
    drawn = sketch([*places, Place("文化中心", 31.2, 121.4, here=True)], title="m")
    assert drawn.count("<circle") == 3
    named = [name for name in ("文化中心", "远处街道", "近处街道") if name in drawn]
    assert named == ["文化中心", "远处街道"]
