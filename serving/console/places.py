"""Points of streets and neighbourhoods, and the ten-minute circle (10分钟公共文化服务圈)."""

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from recommender.geography import great_circle_m

TEN_MINUTES_M = 800.0
"""A walk of ten minutes, in a straight line (assumed)."""

_AREAS = sa.text(
    "SELECT area_code, name, level, parent_code, lat, lon FROM areas"
    " WHERE level IN ('street', 'neighbourhood') AND lat IS NOT NULL AND lon IS NOT NULL"
    " ORDER BY area_code"
)
_VENUES = sa.text(
    "SELECT v.venue_id, v.name, v.kind, v.level, v.seats, v.step_free, v.lat, v.lon FROM venues v"
    " LEFT JOIN areas a USING (area_code) WHERE v.lat IS NOT NULL AND v.lon IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Points:
    """Where a street and its neighbourhoods are; latitude and longitude."""

    centre: tuple[float, float]
    neighbourhoods: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Circle:
    """What lies within ten minutes on foot in a street.

    Attributes
    ----------
    venues
        Venues within ten minutes of the street's point or of one of its neighbourhoods, nearest
        first, each with ``name``, ``seats``, ``step_free`` and ``distance_m``.
    neighbourhoods, covered
        How many neighbourhoods have a point, and how many of them a venue within ten minutes.
    """

    venues: tuple[dict[str, object], ...]
    neighbourhoods: int
    covered: int


def read_points(connection: sa.Connection) -> dict[str, Points]:
    """Points by street; streets without one are left out."""
    rows = connection.execute(_AREAS).all()
    children: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.level == "neighbourhood" and row.parent_code:
            children.setdefault(row.parent_code, []).append((row.lat, row.lon))
    return {
        row.area_code: Points((row.lat, row.lon), tuple(children.get(row.area_code, ())))
        for row in rows
        if row.level == "street"
    }


def read_circle(connection: sa.Connection, street: str) -> Circle:
    """The ten-minute circle of a street.

    Parameters
    ----------
    connection
        The database.
    street
        The street's code.

    Returns
    -------
    Its venues, and how many neighbourhoods they cover.
    """
    own = read_points(connection).get(street)
    if own is None:
        return Circle((), 0, 0)
    venues = [dict(row) for row in connection.execute(_VENUES).mappings()]
    if not venues:
        return Circle((), len(own.neighbourhoods), 0)
    origins = np.array([own.centre, *own.neighbourhoods])
    there = np.array([(venue["lat"], venue["lon"]) for venue in venues])
    metres = great_circle_m(
        origins[:, 0][:, None], origins[:, 1][:, None], there[:, 0], there[:, 1]
    )
    nearest = metres.min(axis=0)
    near = [
        {**venues[position], "distance_m": float(nearest[position])}
        for position in np.argsort(nearest, kind="stable")
        if nearest[position] <= TEN_MINUTES_M
    ]
    covered = int((metres[1:].min(axis=1) <= TEN_MINUTES_M).sum())
    return Circle(tuple(near), len(own.neighbourhoods), covered)
