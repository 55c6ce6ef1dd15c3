"""Maps as SVG: points of the areas we hold, without a map service."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

from markupsafe import Markup, escape


@dataclass(frozen=True, slots=True)
class Place:
    """One point of a map.

    Attributes
    ----------
    label
        Written beside it; may be empty.
    lat, lon
        Degrees WGS-84.
    here
        Whether it is what the map is about.
    """

    label: str
    lat: float
    lon: float
    here: bool = False


def sketch(places: Sequence[Place], *, title: str, width: int = 400) -> Markup:
    """A sketch of where something is among the district's streets.

    Parameters
    ----------
    places
        What is drawn; the one that the map is about comes last.
    title
        Told to who cannot see it.
    width
        In pixels; the height follows from the places.

    Returns
    -------
    An ``svg`` element, empty text when there is nothing to draw.
    """
    if not any(place.here for place in places):
        return Markup("")
    points, height = project([(place.lat, place.lon) for place in places], width=width)
    parts = [
        Markup(
            '<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
            '<rect class="map-ground" width="{0}" height="{1}" rx="10"/>'
        ).format(width, height, title)
    ]
    texts: list[Markup] = []
    taken: list[tuple[float, float, float, float]] = []
    # What the map is about is written first; a name that would cover another is left out.
    for place, (x, y) in sorted(
        zip(places, points, strict=True), key=lambda each: not each[0].here
    ):
        kind, radius, size = ("dot here", 9, 17) if place.here else ("dot", 5, 15)
        parts.append(
            Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(kind, x, y, radius)
        )
        long = size * len(place.label)
        anchor = "end" if x + radius + long > width and x > width / 2 else "start"
        at = x - radius - 4 if anchor == "end" else x + radius + 4
        left = at - long if anchor == "end" else at
        box = left, y - size / 2, left + long, y + size / 2
        if any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        texts.append(
            Markup(
                '<text class="place" x="{:.1f}" y="{:.1f}" font-size="{}" text-anchor="{}">'
                "{}</text>"
            ).format(at, y + 5, size, anchor, escape(place.label))
        )
    parts += texts
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    """Whether two boxes (left, top, right, bottom) share a point."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def project(
    points: Sequence[tuple[float, float]], *, width: int, margin: int = 34
) -> tuple[list[tuple[float, float]], int]:
    """Degrees to pixels, north up, with equal scale in both directions.

    Parameters
    ----------
    points
        Latitude and longitude of each.
    width, margin
        Pixels.

    Returns
    -------
    Position of each point, and the height that holds them.
    """
    middle = sum(lat for lat, _ in points) / len(points)
    across = cos(radians(middle))
    xs, ys = [lon * across for _, lon in points], [-lat for lat, _ in points]
    span = max(max(xs) - min(xs), (max(ys) - min(ys)) * 1.2, 1e-4)
    scale = (width - 2 * margin) / span
    left = (width - (max(xs) - min(xs)) * scale) / 2
    height = round((max(ys) - min(ys)) * scale + 2 * margin)
    return [
        (left + (x - min(xs)) * scale, margin + (y - min(ys)) * scale)
        for x, y in zip(xs, ys, strict=True)
    ], max(height, 2 * margin + 20)


STEPS = 5
"""Shades of a coloured map."""


@dataclass(frozen=True, slots=True)
class Region:
    """One street of a coloured map.

    Attributes
    ----------
    code, name
        Of the street.
    value
        What it is coloured by; ``None`` where the figure may not be shown.
    told
        The value in words.
    centre
        Latitude and longitude of the label.
    points
        Latitude and longitude of its neighbourhoods.
    link
        The street's page; empty where the reader may not open it.
    """

    code: str
    name: str
    value: float | None
    told: str
    centre: tuple[float, float]
    points: tuple[tuple[float, float], ...]
    link: str


def shade_of(values: Sequence[float | None]) -> list[int | None]:
    """Shade of each value by its rank among all, from 0 to ``STEPS - 1``."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return [None] * len(values)
    return [
        None
        if value is None
        else min(STEPS - 1, STEPS * sum(other < value for other in known) // len(known))
        for value in values
    ]


def coloured(regions: Sequence[Region], *, title: str, width: int = 640) -> Markup:
    """A map of streets, each drawn by the points of its neighbourhoods.

    Parameters
    ----------
    regions
        The streets.
    title
        Told to who cannot see it.
    width
        In pixels.

    Returns
    -------
    An ``svg`` element; empty text when there is nothing to draw.
    """
    if not regions:
        return Markup("")
    flat = [point for region in regions for point in (region.centre, *region.points)]
    placed, height = project(flat, width=width, margin=48)
    shades = shade_of([region.value for region in regions])
    parts = [
        Markup(
            '<svg class="map" viewBox="0 0 {0} {1}" role="group" aria-label="{2}">'
            '<rect class="map-ground" width="{0}" height="{1}" rx="10"/>'
        ).format(width, height, title)
    ]
    labels: list[Markup] = []
    taken: list[tuple[float, float]] = []
    start = 0
    for region, shade in zip(regions, shades, strict=True):
        (x, y), *dots = placed[start : start + 1 + len(region.points)]
        start += 1 + len(region.points)
        kind = "none" if shade is None else f"s{shade}"
        drawn = Markup("").join(
            Markup('<circle class="{}" cx="{:.0f}" cy="{:.0f}" r="{}"/>').format(
                kind, px, py, 9 if dots else 26
            )
            for px, py in (dots or [(x, y)])
        )
        while any(abs(x - other) < 90 and abs(y - height_) < 32 for other, height_ in taken):
            y += 8  # labels of streets close to each other stand below one another
        taken.append((x, y))
        label = Markup(
            '<text class="place" x="{0:.0f}" y="{1:.0f}" font-size="14" text-anchor="middle">{2}'
            '<tspan x="{0:.0f}" dy="17" font-size="13">{3}</tspan></text>'
        ).format(x, y, region.name, region.told)
        link = Markup('<a href="{}">{}</a>') if region.link else Markup("{1}")
        parts.append(drawn)
        labels.append(link.format(region.link, label))
    return Markup("").join([*parts, *labels, Markup("</svg>")])
