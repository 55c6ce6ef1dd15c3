"""Events as arrays: what they belong to, when they can be booked, where they are."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.ranking.snapshot import FOREVER

_NOISE = re.compile(r"[\d\W_]+")
LATE_SHARE = 0.2
"""From this share of bookings after an event's end on, a set's events are standing items."""


def moments(times: pd.Series) -> NDArray[np.datetime64]:
    """Zoned times as ``datetime64[us]`` in UTC; NaT where missing."""
    local = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(local.to_numpy(), dtype="datetime64[us]")


def positions(index: pd.Index, ids: pd.Series) -> NDArray[np.int32]:
    """Positions of identifiers in an index, -1 where it does not hold them."""
    return np.asarray(index.get_indexer(pd.Index(ids)), dtype=np.int32)


def with_products(
    products: pd.DataFrame, events: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every event that has no (known) product one of its own.

    Such a product is called ``event:ID`` and carries the event's title; its category is unknown.
    """
    lonely = ~events["product_id"].isin(products["product_id"]).to_numpy()
    if not lonely.any():
        return products, events
    events = events.copy()
    own = "event:" + events.loc[lonely, "event_id"]
    events.loc[lonely, "product_id"] = own
    added = products.iloc[:0].reindex(range(int(lonely.sum())))
    added["product_id"] = own.to_numpy()
    added["title"] = events.loc[lonely, "title"].fillna("").to_numpy()
    return pd.concat([products, added], ignore_index=True), events


def series_keys(products: pd.DataFrame, events: pd.DataFrame) -> pd.Series:
    """What recurs under one name by one supplier: its digits and punctuation do not count."""
    by_id = products.set_index("product_id")
    title = events["title"].where(
        events["title"].fillna("").str.strip() != "", events["product_id"].map(by_id["title"])
    )
    supplier = events["product_id"].map(by_id["supplier_id"]).fillna("")
    plain = title.fillna("").map(lambda text: _NOISE.sub(" ", text.lower()).strip())
    key = supplier + "\n" + plain
    # Without a name there is no series; the product stands in.
    return key.where(plain != "", "product\n" + events["product_id"].fillna(""))


def known_at(events: pd.DataFrame, first_booking: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """When each event became known: published, else at its first booking, else at its start."""
    published, starts = moments(events["published_at"]), moments(events["starts_at"])
    fallback = np.fmin(starts, first_booking)
    return np.where(np.isnat(published), fallback, np.fmin(published, first_booking))


def closes_at(
    events: pd.DataFrame, log_event: NDArray[np.int32], log_time: NDArray[np.datetime64]
) -> NDArray[np.datetime64]:
    """Until when each event can be booked.

    The table's own ``booking_closes_at``; else the end of what runs longer than a day, else the
    start. Sets whose items stand (books to lend, films to see) show in their past bookings: when
    more than ``LATE_SHARE`` came after that moment, the end counts; when still, there is none.

    Parameters
    ----------
    log_event, log_time
        Past bookings: positions of events and moments.
    """
    starts, ends = moments(events["starts_at"]), moments(events["ends_at"])
    given = moments(events["booking_closes_at"])
    long = (ends - starts) > np.timedelta64(1, "D")
    first = np.where(long, ends, starts)
    latest = np.where(np.isnat(ends), FOREVER, np.fmax(starts, ends))
    for guess in (first, latest, np.full_like(starts, FOREVER)):
        closes = np.where(np.isnat(given), guess, given)
        if len(log_event) == 0 or np.mean(log_time > closes[log_event]) <= LATE_SHARE:
            break
    else:
        closes = np.full_like(starts, FOREVER)
    return closes
