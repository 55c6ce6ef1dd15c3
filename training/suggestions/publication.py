"""When events without a time of publication were published, learnt from their first bookings.

What was on offer at a past moment decides what a ranker learns from and is judged on. An event that
stands in the tables today was not there for ever: in a set without times of publication, those that
were booked first 60 days ahead were out by then, and one that starts in 80 days was probably not.
Lists of today show whatever is in the tables (:mod:`recommender.publication`).
"""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from data.dataset import Dataset
from recommender.publication import ASSUMED_LEAD_DAYS

ENOUGH = 30
"""Past events to learn from, at least."""
YEAR = pd.Timedelta(days=365)
EARLY = 0.9
"""Share of past events that were first booked later than they are taken to be published."""


def usual_lead(dataset: Dataset, as_of: datetime) -> timedelta:
    """How long before their start events without a time of publication were published.

    Parameters
    ----------
    dataset
        Canonical frames; what is later than ``as_of`` is not looked at.
    as_of
        The moment, with a zone.

    Returns
    -------
    The time before their start by which one in ten of the last year's events had been booked
    first, a day at the least and :data:`recommender.publication.ASSUMED_LEAD_DAYS` at the most;
    that too where fewer than :data:`ENOUGH` such events were booked, or where most were booked
    only after they began, as things are that stand.
    """
    now = pd.Timestamp(as_of)
    events, bookings = dataset["events"], dataset["bookings"]
    past = events[
        events["published_at"].isna()
        & (events["starts_at"] <= now)
        & (events["starts_at"] > now - YEAR)
    ]
    made = bookings[(bookings["booked_at"] <= now) & bookings["event_id"].isin(past["event_id"])]
    first = made.groupby("event_id", observed=True)["booked_at"].min()
    starts = past.set_index("event_id")["starts_at"].reindex(first.index)
    days = (starts - first).dt.total_seconds().to_numpy(dtype=np.float64) / 86_400
    most = timedelta(days=ASSUMED_LEAD_DAYS)
    if len(days) < ENOUGH or np.median(days) <= 0:
        return most
    return min(max(timedelta(days=round(float(np.quantile(days, EARLY)))), timedelta(days=1)), most)


def with_publications(dataset: Dataset, lead: timedelta) -> Dataset:
    """The data set with a time of publication for every event that had none.

    Parameters
    ----------
    dataset
        Canonical frames.
    lead
        How long before their start they were published.

    Returns
    -------
    The same tables otherwise. An event first booked before that is known from then on, as ever.
    """
    events = dataset["events"]
    assumed = events["starts_at"] - pd.Timedelta(lead)
    return dataset.replace(
        events=events.assign(published_at=events["published_at"].fillna(assumed))
    )
