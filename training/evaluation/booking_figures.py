"""What bookings look like in a stretch of time: figures whose change betrays spoiled data.

A table can be complete and still be wrong: residents exchanged, hours shifted, one person's rows
over and over. Each figure here holds still from fortnight to fortnight in sound data and moves
under at least one such fault. All are aggregates; none names a resident.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone
from features.event_runs import room_of
from recommender.geography import great_circle_m

WINDOW = timedelta(days=14)
WINDOWS = 14
"""Windows that are described: the newest two are judged by the twelve before them."""

CONCENTRATIONS = {
    "largest resident": "resident_id",
    "largest event": "event_id",
    "largest supplier": "supplier_id",
    "largest day": "day",
}
_STREET_DIGITS = 9
_NIGHT_ENDS = 6
_CROWDED = 1.5


@dataclass(frozen=True, slots=True)
class BookingFigures:
    """Figures of the bookings and ratings of a stretch of time.

    Attributes
    ----------
    bookings
        Their number.
    values
        Figures by name; those that cannot be computed (no venue, no rating) are left out. Shares
        lie in [0, 1]: of the largest resident, event, supplier and day; of residents among
        bookings; of bookings of the same category, or from the same supplier, as the resident's
        one before; in the resident's own street; made at night; for an event that starts at
        night; made after the start; of events booked far beyond their seats. Beside them the
        median distance to the venue (m) and the mean stars (1-5).
    streets
        Bookings by the resident's street.
    """

    bookings: int
    values: dict[str, float]
    streets: dict[str, int]


class BookingHistory:
    """Bookings beside what is known of their residents and events, to be described by time.

    Parameters
    ----------
    snapshot
        Canonical tables.
    """

    def __init__(self, snapshot: Dataset) -> None:
        self.rows = _described(snapshot)
        ratings = snapshot["ratings"]
        self.ratings = ratings[["rated_at", "stars"]].dropna().astype({"stars": float})

    def between(self, start: datetime | None, end: datetime) -> BookingFigures:
        """Figures of what was booked, and rated, in (start, end].

        Parameters
        ----------
        start
            Excluded; ``None`` begins with the first booking.
        end
            Included.

        Returns
        -------
        The figures.
        """
        rows = _within(self.rows, "booked_at", start, end)
        ratings = _within(self.ratings, "rated_at", start, end)
        values = {}
        if len(rows):
            for name, column in CONCENTRATIONS.items():
                counts = rows[column].value_counts()
                if len(counts):
                    values[name] = float(counts.iloc[0] / len(rows))
            values["residents to bookings"] = rows["resident_id"].nunique() / len(rows)
            for name in _SHARES:
                if rows[name].notna().any():
                    values[name] = float(rows[name].mean())
            if rows["way_m"].notna().any():
                values["distance to the venue (m)"] = float(rows["way_m"].median())
        if len(ratings):
            values["mean stars"] = float(ratings["stars"].mean())
        streets = rows["street"].value_counts()
        return BookingFigures(
            len(rows),
            {name: round(value, 6) for name, value in values.items()},
            {str(street): int(count) for street, count in streets.items() if count},
        )

    def windows(self, as_of: datetime) -> list[BookingFigures]:
        """The newest fortnights, newest first.

        Parameters
        ----------
        as_of
            Where the newest one ends.

        Returns
        -------
        ``WINDOWS`` descriptions.
        """
        ends = [as_of - number * WINDOW for number in range(WINDOWS)]
        return [self.between(end - WINDOW, end) for end in ends]


_SHARES = (
    "same category as before",
    "same supplier as before",
    "in their own street",
    "booked at night",
    "events that start at night",
    "booked after the start",
    "far beyond the seats",
)


def _described(snapshot: Dataset) -> pd.DataFrame:
    bookings = snapshot["bookings"]
    rows = pd.DataFrame({name: bookings[name] for name in ("booked_at", "resident_id", "event_id")})
    events = _one_each(snapshot["events"], "event_id")
    products = _one_each(snapshot["products"], "product_id")
    venues = _one_each(snapshot["venues"], "venue_id")
    homes = _one_each(snapshot["residents"], "resident_id")["area_code"]
    product = _looked_up(rows["event_id"], events["product_id"])
    venue = _looked_up(rows["event_id"], events["venue_id"])
    rows["supplier_id"] = _looked_up(product, products["supplier_id"])
    rows["category"] = _looked_up(product, products["category"])
    home = _looked_up(rows["resident_id"], homes)
    rows["street"] = home.str[:_STREET_DIGITS]
    hall = _looked_up(venue, venues["area_code"]).str[:_STREET_DIGITS]
    both = hall.notna() & rows["street"].notna()
    rows["in their own street"] = (hall == rows["street"]).astype(float).where(both)
    rows["way_m"] = _ways(home, venue, _one_each(snapshot["areas"], "area_code"), venues)
    starts = _found(rows["event_id"], events["starts_at"])
    room = pd.Series(room_of(events), index=events.index)
    seats = _found(rows["event_id"], room).astype(float)
    booked = rows.groupby("event_id", observed=True)["event_id"].transform("size")
    rows["booked at night"] = _night(rows["booked_at"])
    rows["events that start at night"] = _night(starts)
    late = (rows["booked_at"] > starts).astype(float)
    rows["booked after the start"] = late.where(starts.notna())
    rows["far beyond the seats"] = (booked > _CROWDED * seats).astype(float).where(seats > 0)
    rows["day"] = rows["booked_at"].dt.tz_convert(district_zone()).dt.date
    rows = rows.sort_values(["resident_id", "booked_at"], kind="stable")
    known = rows["resident_id"] == rows["resident_id"].shift()
    for name, column in (
        ("same category as before", "category"),
        ("same supplier as before", "supplier_id"),
    ):
        before = rows[column].shift()
        usable = known & before.notna() & rows[column].notna()
        rows[name] = (rows[column] == before).astype(float).where(usable)
    return rows


def _within(
    frame: pd.DataFrame, column: str, start: datetime | None, end: datetime
) -> pd.DataFrame:
    kept = frame[column] <= pd.Timestamp(end)
    return frame[kept if start is None else kept & (frame[column] > pd.Timestamp(start))]


def _one_each(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    return frame.drop_duplicates(key).set_index(_plain(frame.drop_duplicates(key)[key]))


def _looked_up(keys: "pd.Series[Any]", column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Text of a column by key; missing where the key is."""
    return _plain(_found(keys, column))


def _found(keys: "pd.Series[Any]", column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Values of a column by key, of the column's own type."""
    return column.reindex(_plain(keys)).set_axis(keys.index)


def _plain(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Without categories, whose unions would cost more than the text."""
    return values.astype("str").where(values.notna())


def _night(times: "pd.Series[Any]") -> "pd.Series[float]":
    at_night = times.dt.tz_convert(district_zone()).dt.hour < _NIGHT_ENDS
    return pd.Series(np.where(times.notna(), at_night.astype(float), np.nan), times.index)


def _ways(
    home: "pd.Series[Any]", venue: "pd.Series[Any]", areas: pd.DataFrame, venues: pd.DataFrame
) -> NDArray[np.float64]:
    places = [
        _found(where, table[axis].astype(float)).to_numpy(dtype=np.float64)
        for where, table in ((home, areas), (venue, venues))
        for axis in ("lat", "lon")
    ]
    return great_circle_m(places[0], places[1], places[2], places[3])
