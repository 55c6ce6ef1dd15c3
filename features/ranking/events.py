"""Events as arrays: what they belong to, when they can be booked, where they are."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.publication import known_from
from recommender.ranking.snapshot import FOREVER


def moments(times: pd.Series) -> NDArray[np.datetime64]:
    """Zoned times as ``datetime64[us]`` in UTC; NaT where missing."""
    local = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(local.to_numpy(), dtype="datetime64[us]")


def positions(index: pd.Index, ids: pd.Series) -> NDArray[np.int32]:
    """Positions of identifiers in an index, -1 where it does not hold them.

    Parameters
    ----------
    index
        Distinct identifiers; their order gives the positions.
    ids
        Identifiers to look up, shape (n,).

    Returns
    -------
    Positions, shape (n,), int32; -1 for an unknown identifier.
    """
    return np.asarray(index.get_indexer(pd.Index(ids)), dtype=np.int32)


def with_products(
    products: pd.DataFrame, events: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every event that has no (known) product one of its own.

    Such a product is called ``event:ID`` and carries the event's title; its category is unknown.

    Parameters
    ----------
    products, events
        The tables of these names.

    Returns
    -------
    Both tables; products with the added rows at the end, events with every ``product_id`` filled.
    """
    without_product = ~events["product_id"].isin(products["product_id"]).to_numpy()
    if not without_product.any():
        return products, events
    events = events.copy()
    own = "event:" + events.loc[without_product, "event_id"]
    events.loc[without_product, "product_id"] = own
    added = products.iloc[:0].reindex(range(int(without_product.sum())))
    added["product_id"] = own.to_numpy()
    added["title"] = events.loc[without_product, "title"].fillna("").to_numpy()
    return pd.concat([products, added], ignore_index=True), events


SEEN = {"bookings": "booked_at", "impressions": "shown_at", "ratings": "rated_at"}
"""Tables that show an event or a resident to be known, with their times."""


def first_times(tables: Mapping[str, pd.DataFrame], key: str, as_of: datetime) -> pd.Series:
    """First time by which a booking, impression, rating or follow names each identifier.

    Parameters
    ----------
    tables
        Canonical frames.
    key
        ``event_id`` or ``resident_id``; only residents follow.
    as_of
        What is later is left out; with time zone.

    Returns
    -------
    Zoned times by identifier; those that nothing names are absent.
    """
    seen = SEEN if key == "event_id" else SEEN | {"follows": "since"}
    firsts = []
    for name, column in seen.items():
        frame = tables[name]
        frame = frame[frame[column] <= pd.Timestamp(as_of)]
        firsts.append(frame.groupby(key, sort=False)[column].min())
    found: pd.Series = pd.concat(firsts).groupby(level=0).min()
    return found


def known_at(events: pd.DataFrame, first_seen: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """When each event became known: published, seen, or by assumption before its start.

    Parameters
    ----------
    events
        The events table.
    first_seen
        Time of its first booking, impression or rating, shape (n_events,); NaT where there is none.

    Returns
    -------
    ``datetime64[us]``, shape (n_events,): see :func:`recommender.publication.known_from`; earlier
    where the event was seen before that.
    """
    published, starts = moments(events["published_at"]), moments(events["starts_at"])
    return np.fmin(known_from(published, starts), first_seen)


def closing_options(events: pd.DataFrame) -> NDArray[np.datetime64]:
    """Until when each event may be bookable, for ``recommender.ranking.snapshot.choose_closing``.

    Returns
    -------
    ``datetime64[us]``, shape (4, n_events), from the earliest to the latest option. A
    ``booking_closes_at`` in the table holds in all but the last; without one the options are the
    start (the end of what runs longer than a day), the end and ``FOREVER``. Sets whose items stand
    (books to lend, films to see) are recognised by bookings after the earlier ones.
    """
    starts, ends = moments(events["starts_at"]), moments(events["ends_at"])
    given = moments(events["booking_closes_at"])
    long = (ends - starts) > np.timedelta64(1, "D")
    latest = np.where(np.isnat(ends), FOREVER, np.fmax(starts, ends))
    forever = np.full_like(starts, FOREVER)
    guesses = np.stack([np.where(long, ends, starts), latest, forever])
    return np.stack([*np.where(np.isnat(given), guesses, given), forever])
