"""Ten ways in which a nightly delivery goes wrong while every single row stays valid."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from data.dataset import Dataset, canonical
from data.schema import TABLES

Spoiling = Callable[[Dataset, datetime, np.random.Generator], Dataset]


def residents_shuffled(data: Dataset, _: datetime, rng: np.random.Generator) -> Dataset:
    """Every booking belongs to somebody else."""
    bookings = data["bookings"].copy()
    bookings["resident_id"] = rng.permutation(bookings["resident_id"].to_numpy())
    return _with_bookings(data, bookings)


def areas_shuffled(data: Dataset, _: datetime, rng: np.random.Generator) -> Dataset:
    """Every resident lives where somebody else does."""
    residents = data["residents"].copy()
    residents["area_code"] = rng.permutation(residents["area_code"].to_numpy())
    return data.replace(residents=canonical(residents, TABLES["residents"]))


def month_by_one(data: Dataset, as_of: datetime, rng: np.random.Generator) -> Dataset:
    """The last month's bookings are all by one resident."""
    bookings = data["bookings"].copy()
    recent = _since(bookings, as_of, days=30)
    bookings["resident_id"] = (
        bookings["resident_id"].astype(object).where(~recent, rng.choice(_names(data)))
    )
    return _with_bookings(data, bookings)


def fortnight_repeated(data: Dataset, as_of: datetime, _: np.random.Generator) -> Dataset:
    """The last fortnight was delivered twenty times, under new numbers."""
    bookings = data["bookings"]
    recent = bookings[_since(bookings, as_of, days=14)]
    again = [
        recent.assign(booking_id=recent["booking_id"].astype(str) + f"-{number}")
        for number in range(1, 20)
    ]
    return _with_bookings(data, pd.concat([bookings, *again], ignore_index=True))


def event_by_everybody(data: Dataset, as_of: datetime, rng: np.random.Generator) -> Dataset:
    """Every resident booked one and the same event in the last days."""
    bookings = data["bookings"]
    events = data["events"]
    ahead = events[events["starts_at"] > pd.Timestamp(as_of)]
    event = rng.choice((ahead if len(ahead) else events)["event_id"].astype(str).to_numpy())
    names = _names(data)
    days = rng.uniform(0, 5, len(names))
    added = pd.DataFrame(
        {
            "booking_id": [f"everybody-{number}" for number in range(len(names))],
            "resident_id": names,
            "event_id": event,
            "booked_at": pd.Timestamp(as_of) - pd.to_timedelta(days, "D"),
            "seats": 1,
            "status": "booked",
        }
    )
    return _with_bookings(data, pd.concat([bookings, added], ignore_index=True))


def half_deleted(data: Dataset, _: datetime, rng: np.random.Generator) -> Dataset:
    """Half of the bookings are gone."""
    bookings = data["bookings"]
    kept = rng.random(len(bookings)) < 0.5
    return data.replace(bookings=bookings[kept].reset_index(drop=True))


def times_shifted(data: Dataset, _: datetime, rng: np.random.Generator) -> Dataset:
    """Every booking is said to be made eight to sixteen hours earlier: a zone misread."""
    bookings = data["bookings"].copy()
    bookings["booked_at"] = bookings["booked_at"] - timedelta(hours=int(rng.integers(8, 17)))
    return _with_bookings(data, bookings)


def ratings_inverted(data: Dataset, _: datetime, __: np.random.Generator) -> Dataset:
    """Five stars read as one, one as five."""
    ratings = data["ratings"].copy()
    ratings["stars"] = 6 - ratings["stars"]
    return data.replace(ratings=canonical(ratings, TABLES["ratings"]))


def street_dropped(data: Dataset, _: datetime, rng: np.random.Generator) -> Dataset:
    """The bookings of one street are gone; one of those with a fair number."""
    bookings = data["bookings"]
    homes = data["residents"].set_index("resident_id")["area_code"].astype(str).str[:9]
    homes.index = homes.index.astype(str)
    street = bookings["resident_id"].astype(str).map(homes)
    counts = street.value_counts()
    gone = rng.choice(np.asarray(counts.index[counts >= counts.median()], dtype=str))
    return data.replace(bookings=bookings[street != gone].reset_index(drop=True))


def log_stale(data: Dataset, as_of: datetime, rng: np.random.Generator) -> Dataset:
    """No booking arrived for two to six months."""
    bookings = data["bookings"]
    kept = ~_since(bookings, as_of, days=int(rng.integers(60, 181)))
    return data.replace(bookings=bookings[kept].reset_index(drop=True))


SPOILINGS: tuple[Spoiling, ...] = (
    residents_shuffled,
    areas_shuffled,
    month_by_one,
    fortnight_repeated,
    event_by_everybody,
    half_deleted,
    times_shifted,
    ratings_inverted,
    street_dropped,
    log_stale,
)


def _with_bookings(data: Dataset, bookings: pd.DataFrame) -> Dataset:
    return data.replace(bookings=canonical(bookings, TABLES["bookings"]))


def _since(bookings: pd.DataFrame, as_of: datetime, *, days: int) -> "pd.Series[bool]":
    return bookings["booked_at"] > pd.Timestamp(as_of) - timedelta(days=days)


def _names(data: Dataset) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return data["residents"]["resident_id"].astype(object).to_numpy()
