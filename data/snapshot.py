"""What was known at a moment: the one gate between the data and everything that learns.

Nothing that happened, was decided or was written down after the moment is in a snapshot, so a
model fitted on one cannot have seen what it is judged on.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone
from recommender.booking_states import state_known_at
from recommender.publication import known_from


def as_of(dataset: Dataset, moment: datetime) -> Dataset:
    """The data set as it stood at a moment.

    Parameters
    ----------
    dataset
        Canonical frames.
    moment
        With time zone. What carries exactly this time was known.

    Returns
    -------
    A new data set:

    - *bookings* made by then. A state that became known later reads as ``booked``, and
      ``updated_at`` as empty: the states in between are not recorded. When a state is known, also
      where ``updated_at`` is missing or too early, says
      :func:`recommender.booking_states.state_known_at`.
    - *events* published by then; without ``published_at`` an event is known from 90 days before
      its start on (:func:`recommender.publication.known_from`), or from its first booking,
      impression or rating on, whichever is earliest. One that was seen before its
      publication counts as published when it was first seen. None is ``done`` before its end.
      ``cancelled`` stays: when it was set is not recorded, and nobody may be sent to one.
    - *residents* who had joined, or had done something by then.
    - *ratings, impressions, follows, surveys, requests* by their own times.
    - *orders* decided by then, or never decided. Delivery, acceptance and satisfaction are known
      once the scheduled day is past; before it the order reads as ``ordered``.
    - *areas, population, venues, suppliers, budgets* carry no times and stay. So do *products*:
      a catalogue is out before it is valid, plans are made from it, and it holds no outcomes.

    Row order is kept.

    Raises
    ------
    ValueError
        If ``moment`` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    now = pd.Timestamp(moment).tz_convert("UTC").as_unit("us")
    bookings = _made_by(dataset["bookings"], "booked_at", now)
    impressions = _made_by(dataset["impressions"], "shown_at", now)
    ratings = _made_by(dataset["ratings"], "rated_at", now)
    follows = _made_by(dataset["follows"], "since", now)
    events = _known_events(dataset["events"], bookings, impressions, ratings, now)
    orders = _known_orders(dataset["orders"], now)
    acted = [frame["resident_id"] for frame in (bookings, impressions, ratings, follows)]
    return dataset.replace(
        bookings=_states_by(bookings, dataset["events"], now),
        impressions=impressions,
        ratings=ratings,
        follows=follows,
        requests=_made_by(dataset["requests"], "asked_at", now),
        events=events,
        orders=orders,
        surveys=_dated_by(dataset["surveys"], "collected_at", now),
        residents=_known_residents(dataset["residents"], acted, now),
    )


def _made_by(frame: pd.DataFrame, column: str, now: pd.Timestamp) -> pd.DataFrame:
    """Rows whose time is not later; rows without one count as always known."""
    kept = ~(frame[column] > now)
    return frame if kept.all() else frame[kept].reset_index(drop=True)


def _dated_by(frame: pd.DataFrame, column: str, now: pd.Timestamp) -> pd.DataFrame:
    """The same for dates, which are days of the local calendar."""
    kept = ~(frame[column] > _local_day(now))
    return frame if kept.all() else frame[kept].reset_index(drop=True)


def _local_day(now: pd.Timestamp) -> pd.Timestamp:
    return now.tz_convert(district_zone()).tz_localize(None).normalize()


def _states_by(bookings: pd.DataFrame, events: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    times = events.set_index("event_id")[["starts_at", "ends_at"]].reindex(bookings["event_id"])
    known = state_known_at(
        bookings["status"].cat.codes.to_numpy(),
        _utc(bookings["booked_at"]),
        _utc(bookings["updated_at"]),
        _utc(times["starts_at"]),
        _utc(times["ends_at"]),
    )
    undone = (known > _utc(pd.Series([now]))) | (bookings["updated_at"] > now).to_numpy()
    if not undone.any():
        return bookings
    return bookings.assign(
        status=bookings["status"].mask(undone, "booked"),
        updated_at=bookings["updated_at"].mask(undone),
    )


def _utc(times: pd.Series) -> NDArray[np.datetime64]:
    """Zoned times as ``datetime64[us]`` in UTC; NaT where missing."""
    local = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(local.to_numpy(), dtype="datetime64[us]")


def _known_events(
    events: pd.DataFrame,
    bookings: pd.DataFrame,
    impressions: pd.DataFrame,
    ratings: pd.DataFrame,
    now: pd.Timestamp,
) -> pd.DataFrame:
    # Who books an event knows it, even if its publication is dated later.
    firsts = [
        frame.groupby("event_id", sort=False)[column].min()
        for frame, column in (
            (bookings, "booked_at"),
            (impressions, "shown_at"),
            (ratings, "rated_at"),
        )
    ]
    published = events["published_at"]
    first = pd.concat(firsts).groupby(level=0).min().reindex(events["event_id"])
    seen = pd.Series(first.array, index=events.index)
    since = known_from(_utc(published), _utc(events["starts_at"]))
    known = (since <= _utc(pd.Series([now]))) | seen.notna()
    ends = events["ends_at"].fillna(events["starts_at"])
    undone = (events["status"] == "done") & (ends > now)
    later = published > now
    return events.assign(
        status=events["status"].mask(undone, "open"), published_at=published.mask(later, seen)
    )[known].reset_index(drop=True)


def _known_orders(orders: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    orders = _made_by(orders, "decided_at", now)
    pending = orders["scheduled_on"] >= _local_day(now)
    return orders.assign(
        status=orders["status"].mask(
            pending & orders["status"].isin(["delivered", "accepted"]), "ordered"
        ),
        satisfaction=orders["satisfaction"].mask(pending),
    )


def _known_residents(
    residents: pd.DataFrame, acted: list[pd.Series], now: pd.Timestamp
) -> pd.DataFrame:
    ids = pd.concat([ids.dropna().drop_duplicates() for ids in acted]).unique()
    known = ~(residents["joined_at"] > now) | residents["resident_id"].isin(ids)
    return residents[known].reset_index(drop=True)
