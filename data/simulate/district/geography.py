"""Areas and venues: Changning's real ones, or an invented city in the same format.

Codes, names, workers and points are public facts, kept in two small files beside this module
(points converted from GCJ-02 to WGS-84). Estimated, because no source was found: the point of
江苏路街道, the points of all committees, and how people spread over committees.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from data.simulate.settings import SimulationSettings

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

METRES_PER_DEGREE = 111_320.0
DETOUR = 1.3
"""Streets are longer than straight lines (*assumed*)."""

VENUE_LEVEL = {
    "theatre/arts centre": ("district", 500),
    "dance theatre": ("city", 600),
    "art museum": ("district", 150),
    "sports/performance": ("city", 600),
    "culture park": ("private", 200),
    "library": ("district", 150),
    "cinema": ("private", 400),
    "memorial museum": ("city", 120),
    "culture centre": ("district", 400),
    "workers culture palace": ("district", 300),
    "folk culture centre": ("district", 120),
    "live music": ("private", 200),
    "park": ("district", 400),
    "zoo": ("city", 200),
    "exhibition": ("city", 500),
    "gym": ("district", 400),
    "creative park": ("private", 120),
    "culture street": ("private", 150),
}
"""Level and seats by kind (*assumed*)."""


@dataclass(frozen=True, slots=True)
class Geography:
    """Areas and venues as arrays.

    Attributes
    ----------
    area_rows
        All areas as rows of the contract (code, name, level, parent, workers, lat, lon), from
        the city down to committees.
    districts, streets, committees
        Area codes.
    street_district, committee_street
        Positions of the parents.
    street_workers
        Jobs per street.
    *_lat, *_lon
        Degrees, WGS-84.
    venue_*
        One entry a venue; ``venue_street`` is a position. The first ``len(streets)`` venues are
        the streets' own main culture centres, in the order of the streets.
    """

    area_rows: list[tuple[str, str, str, str | None, int | None, float, float]]
    districts: list[str]
    streets: list[str]
    street_names: list[str]
    committees: list[str]
    street_district: IntArray
    committee_street: IntArray
    street_workers: FloatArray
    street_lat: FloatArray
    street_lon: FloatArray
    committee_lat: FloatArray
    committee_lon: FloatArray
    venue_name: list[str]
    venue_kind: list[str]
    venue_level: list[str]
    venue_street: IntArray
    venue_committee: IntArray
    venue_lat: FloatArray
    venue_lon: FloatArray
    venue_seats: IntArray
    venue_step_free: NDArray[np.bool_]
    venue_hours: FloatArray

    def venue_code(self, venue: int) -> str:
        """The area a venue lies in: its committee for a committee's room, else its street."""
        committee = int(self.venue_committee[venue])
        return (
            self.committees[committee]
            if committee >= 0
            else self.streets[int(self.venue_street[venue])]
        )


def distances_m(
    lat: FloatArray, lon: FloatArray, other_lat: FloatArray, other_lon: FloatArray
) -> NDArray[np.float32]:
    """Walking distances, every point to every other, metres, float32 (n, m).

    Parameters
    ----------
    lat, lon
        Degrees, shape (n,).
    other_lat, other_lon
        Degrees, shape (m,).

    Returns
    -------
    Metres.
    """
    scale = METRES_PER_DEGREE * np.cos(np.radians(np.nanmean(lat)))
    north = (lat[:, None] - other_lat[None, :]) * METRES_PER_DEGREE
    east = (lon[:, None] - other_lon[None, :]) * scale
    return np.asarray(np.hypot(north, east) * DETOUR, dtype=np.float32)


def lay_out(settings: SimulationSettings, rng: np.random.Generator) -> Geography:
    """Areas, committees' points and venues of the settings' place.

    Parameters
    ----------
    settings
        All that decides the world.
    rng
        Source of randomness.

    Returns
    -------
    Streets, committees and venues with their points.
    """
    rows = _changning() if settings.place == "changning" else _invented(settings.districts, rng)
    districts = [r[0] for r in rows if r[2] == "district"]
    streets = [r for r in rows if r[2] == "street"]
    committees = [r for r in rows if r[2] == "neighbourhood"]
    street_at = {r[0]: position for position, r in enumerate(streets)}
    committee_street = np.array([street_at[str(r[3])] for r in committees], dtype=np.int64)
    lat = np.array([r[5] for r in streets])
    lon = np.array([r[6] for r in streets])
    spread = 0.0038  # about 420 m: a street of Changning is some 3.7 square kilometres
    committee_lat = lat[committee_street] + rng.normal(0, spread, len(committees))
    committee_lon = lon[committee_street] + rng.normal(0, spread * 1.17, len(committees))
    points = {
        r[0]: (a, o) for r, a, o in zip(committees, committee_lat, committee_lon, strict=True)
    }
    rows = [
        (*r[:5], round(float(points[r[0]][0]), 6), round(float(points[r[0]][1]), 6))
        if r[0] in points
        else r
        for r in rows
    ]
    venues = _venues(
        settings, streets, committees, committee_street, committee_lat, committee_lon, rng
    )
    return Geography(
        area_rows=rows,
        districts=districts,
        streets=[r[0] for r in streets],
        street_names=[r[1] for r in streets],
        committees=[r[0] for r in committees],
        street_district=np.array([districts.index(str(r[3])) for r in streets], dtype=np.int64),
        committee_street=committee_street,
        street_workers=np.array([float(r[4] or 0) for r in streets]),
        street_lat=lat,
        street_lon=lon,
        committee_lat=committee_lat,
        committee_lon=committee_lon,
        venue_name=[v[0] for v in venues],
        venue_kind=[v[1] for v in venues],
        venue_level=[v[2] for v in venues],
        venue_street=np.array([v[3] for v in venues], dtype=np.int64),
        venue_committee=np.array([v[4] for v in venues], dtype=np.int64),
        venue_lat=np.array([v[5] for v in venues]).round(6),
        venue_lon=np.array([v[6] for v in venues]).round(6),
        venue_seats=_seats(settings, np.array([float(v[7]) for v in venues])),
        venue_step_free=rng.random(len(venues)) < 0.8,
        venue_hours=rng.integers(40, 78, len(venues)).astype(np.float64),
    )


_Area = tuple[str, str, str, str | None, int | None, float, float]
_Venue = tuple[str, str, str, int, int, float, float, int]


def _read(name: str) -> list[dict[str, str]]:
    text = files("data.simulate").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _changning() -> list[_Area]:
    return [
        (
            r["area_code"],
            r["name"],
            r["level"],
            r["parent_code"] or None,
            int(r["workers"]) if r["workers"] else None,
            float(r["lat"] or "nan"),
            float(r["lon"] or "nan"),
        )
        for r in _read("changning_areas.csv")
    ]


def _invented(districts: int, rng: np.random.Generator) -> list[_Area]:
    rows: list[_Area] = [("990100", "模拟市", "city", None, None, float("nan"), float("nan"))]
    for d in range(districts):
        code = f"9901{d + 1:02d}"
        lat, lon = 31.0 + 0.09 * (d // 4), 121.2 + 0.1 * (d % 4)
        rows.append((code, f"模拟{d + 1}区", "district", "990100", None, lat, lon))
        for s in range(13):
            street = f"{code}{s + 1:03d}"
            at = (lat + rng.uniform(0, 0.08), lon + rng.uniform(0, 0.09))
            jobs = int(rng.lognormal(10.5, 0.9))
            rows.append(
                (
                    street,
                    f"模拟{d + 1}区{s + 1}街道",
                    "street",
                    code,
                    jobs,
                    round(at[0], 6),
                    round(at[1], 6),
                )
            )
            rows.extend(
                (
                    f"{street}{c + 1:03d}",
                    f"第{c + 1}居委会",
                    "neighbourhood",
                    street,
                    None,
                    0.0,
                    0.0,
                )
                for c in range(15)
            )
    return rows


def _seats(settings: SimulationSettings, usual: FloatArray) -> IntArray:
    """Seats of rooms in a world of this size: tens, between 20 and 600."""
    scaled = (usual * settings.seats_scale / 10).round() * 10
    highest = 600 if settings.sold_out_share >= 0.2 else 3_000
    return scaled.clip(20, highest).astype(np.int64)


def _venues(
    settings: SimulationSettings,
    streets: list[_Area],
    committees: list[_Area],
    committee_street: IntArray,
    committee_lat: FloatArray,
    committee_lon: FloatArray,
    rng: np.random.Generator,
) -> list[_Venue]:
    found: list[_Venue] = [
        (
            f"{r[1]}社区文化活动中心",
            "culture centre",
            "street",
            s,
            -1,
            r[5],
            r[6],
            int(rng.integers(18, 41)) * 10,
        )
        for s, r in enumerate(streets)
    ]
    lat = np.array([r[5] for r in streets])
    lon = np.array([r[6] for r in streets])
    if settings.place == "changning":
        for real in _read("changning_venues.csv"):
            level, seats = VENUE_LEVEL[real["kind"]]
            at = (float(real["lat"]), float(real["lon"]))
            near = int(np.argmin((lat - at[0]) ** 2 + (lon - at[1]) ** 2))
            found.append((real["name"], real["kind"], level, near, -1, *at, seats))
    else:
        for s in range(0, len(streets), 3):
            at = (lat[s] + 0.004, lon[s] - 0.004)
            found.append(
                (f"{streets[s][1]}剧场", "theatre/arts centre", "district", s, -1, *at, 500)
            )
    for c, r in enumerate(committees):
        if rng.random() < 0.4:
            seats = int(rng.integers(3, 9)) * 10
            street = int(committee_street[c])
            at = (float(committee_lat[c]) + 0.0005, float(committee_lon[c]))
            name = r[1].replace("居委会", "") + "居委活动室"
            found.append((name, "activity room", "neighbourhood", street, c, *at, seats))
    return found
