"""Contract tables → :class:`recommender.ranking.snapshot.RankingSnapshot`."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from features.event_runs import room_of
from features.local_time import local_times
from features.ranking.events import (
    closing_options,
    first_times,
    known_at,
    moments,
    positions,
    with_products,
)
from features.ranking.interactions import log_columns
from features.ranking.products import product_features, product_traits
from features.ranking.residents import (
    lookup_points,
    points_of,
    profiled,
    street_positions,
    streets_of,
)
from features.ranking.series_names import series_keys
from recommender.ranking.snapshot import ALWAYS, RankingSnapshot, choose_closing
from recommender.types import IdMap

_SEXES = {"f": 0, "m": 1, "u": 2}


def build_snapshot(
    tables: Mapping[str, pd.DataFrame], as_of: datetime, zone: tzinfo
) -> RankingSnapshot:
    """Everything a model scores with, from canonical frames.

    Parameters
    ----------
    tables
        A ``Dataset``, or any mapping that holds all contract tables as canonical frames; usually
        a snapshot of what was known at ``as_of``. Optional tables may be empty.
    as_of
        The snapshot's moment, with a zone. Later bookings and ratings are left out all the same.
    zone
        The district's time zone, which hours and weekdays of events go by.

    Returns
    -------
    The tables as arrays, positions in the order of the sorted identifiers.
    """
    moment = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us")
    areas, venues = tables["areas"], tables["venues"]
    residents = tables["residents"].sort_values("resident_id", ignore_index=True)
    products, events = with_products(tables["products"], tables["events"])
    products = products.sort_values("product_id", ignore_index=True)
    events = events.sort_values("event_id", ignore_index=True)
    bookings = tables["bookings"]
    bookings = bookings[bookings["booked_at"] <= pd.Timestamp(as_of)]

    product_index = pd.Index(products["product_id"])
    event_index = pd.Index(events["event_id"])
    resident_index = pd.Index(residents["resident_id"])
    log = log_columns(bookings, resident_index, events, moment)
    seen = first_times(tables, "event_id", as_of)
    closing = closing_options(events)

    streets = streets_of(areas)
    home = residents["area_code"]
    venue_area = events["venue_id"].map(venues.set_index("venue_id")["area_code"])
    known = IdMap(
        sorted(
            {streets[c] for s in (home, venue_area) for c in s.dropna().unique() if c in streets}
        )
    )
    points = points_of(areas)
    starts = moments(events["starts_at"])
    level, size = _levels(products, events, venues, product_index)
    follows, since = _follows(tables["follows"], resident_index, products, venues, size, as_of)
    return RankingSnapshot(
        as_of=moment,
        residents=IdMap(resident_index),
        products=IdMap(product_index),
        events=IdMap(event_index),
        streets=known,
        resident_street=street_positions(home, streets, known),
        resident_age=np.asarray(residents["age_band"].cat.codes, dtype=np.int32),
        resident_sex=np.asarray(
            residents["sex"].astype(object).map(_SEXES).fillna(2), dtype=np.int32
        ),
        resident_profiled=profiled(residents),
        resident_known=_resident_known(tables, residents, as_of),
        resident_point=lookup_points(home, points),
        street_point=lookup_points(pd.Series(known.ids, dtype="str"), points),
        product_features=product_features(products),
        product_traits=product_traits(products),
        product_price_fen=products["price_fen"].to_numpy(dtype=np.float64, na_value=np.nan),
        event_level=level,
        level_size=size,
        event_street=street_positions(venue_area, streets, known),
        event_point=_event_points(events, venues, venue_area, points),
        event_known=known_at(events, _at(seen, event_index)),
        event_starts=starts,
        event_local_starts=local_times(starts, zone),
        event_ends=moments(events["ends_at"].fillna(events["starts_at"])),
        event_closes=choose_closing(closing, log["log_event"], log["log_time"]),
        event_closing=closing,
        event_open=(events["status"].astype(object) != "cancelled").to_numpy(dtype=bool),
        event_seats=room_of(events),
        event_ticket_fen=events["ticket_fen"].to_numpy(dtype=np.float64, na_value=np.nan),
        ratings=_ratings(tables["ratings"], resident_index, event_index, as_of),
        follows=follows,
        follows_since=since,
        **log,
    )


def _at(times: pd.Series, index: pd.Index) -> NDArray[np.datetime64]:
    """Times by identifier, in the order of an index; NaT where there is none."""
    return moments(times.reindex(index))


def _resident_known(
    tables: Mapping[str, pd.DataFrame], residents: pd.DataFrame, as_of: datetime
) -> NDArray[np.datetime64]:
    """When each resident joined or first did something; ``ALWAYS`` where neither is recorded."""
    acted = _at(first_times(tables, "resident_id", as_of), pd.Index(residents["resident_id"]))
    joined = moments(residents["joined_at"])
    known = np.fmin(np.where(np.isnat(joined), ALWAYS, joined), acted)
    follows = tables["follows"]
    undated = follows.loc[follows["since"].isna(), "resident_id"]
    known[residents["resident_id"].isin(undated).to_numpy()] = ALWAYS
    return known


def _levels(
    products: pd.DataFrame,
    events: pd.DataFrame,
    venues: pd.DataFrame,
    product_index: pd.Index,
) -> tuple[dict[str, NDArray[np.int32]], dict[str, int]]:
    product = positions(product_index, events["product_id"])
    series, series_names = pd.factorize(series_keys(products, events), sort=True)
    supplier, supplier_names = pd.factorize(products["supplier_id"], sort=True)
    category = np.asarray(products["category"].cat.codes, dtype=np.int32)
    venue_index = pd.Index(venues["venue_id"].sort_values())
    level = {
        "product": product,
        "series": np.asarray(series, dtype=np.int32),
        "supplier": np.asarray(supplier, dtype=np.int32)[product],
        "category": category[product],
        "venue": positions(venue_index, events["venue_id"]),
    }
    size = {
        "product": len(products),
        "series": len(series_names),
        "supplier": len(supplier_names),
        "category": len(products["category"].cat.categories),
        "venue": len(venue_index),
    }
    # A level that nothing belongs to keeps one empty place, so that lookups need no branches.
    return level, {name: max(n, 1) for name, n in size.items()}


def _event_points(
    events: pd.DataFrame,
    venues: pd.DataFrame,
    venue_area: pd.Series,
    points: Mapping[str, tuple[float, float]],
) -> NDArray[np.float32]:
    own = venues.set_index("venue_id")[["lat", "lon"]].reindex(events["venue_id"].to_numpy())
    exact = own.to_numpy(dtype=np.float32).reshape(-1, 2)
    return np.where(np.isnan(exact), lookup_points(venue_area, points), exact)


def _ratings(
    ratings: pd.DataFrame, residents: pd.Index, events: pd.Index, as_of: datetime
) -> NDArray[np.float64]:
    ratings = ratings[ratings["rated_at"] <= pd.Timestamp(as_of)]
    rows = np.column_stack(
        [
            positions(residents, ratings["resident_id"]),
            positions(events, ratings["event_id"]),
            ratings["stars"].to_numpy(dtype=np.float64),
            moments(ratings["rated_at"]).astype(np.int64),
        ]
    ).astype(np.float64)
    rows = rows[(rows[:, 0] >= 0) & (rows[:, 1] >= 0)]
    return rows[np.lexsort((rows[:, 0], rows[:, 1], rows[:, 3]))]


def _follows(
    follows: pd.DataFrame,
    residents: pd.Index,
    products: pd.DataFrame,
    venues: pd.DataFrame,
    size: Mapping[str, int],
    as_of: datetime,
) -> tuple[dict[str, sp.csr_matrix], dict[str, NDArray[np.datetime64]]]:
    """What residents follow by level, and since when: the earliest where a target stands twice."""
    follows = follows[~(follows["since"] > pd.Timestamp(as_of))]
    names = {
        "product": pd.Index(products["product_id"]),
        "supplier": pd.Index(products["supplier_id"].dropna().sort_values().unique()),
        "category": pd.Index(products["category"].cat.categories),
        "venue": pd.Index(venues["venue_id"].sort_values()),
    }
    found, since = {}, {}
    for kind, index in names.items():
        rows = follows[follows["target_kind"].astype(object) == kind]
        entries = pd.DataFrame(
            {
                "row": positions(residents, rows["resident_id"]),
                "column": positions(index, rows["target"]),
                "since": moments(rows["since"]),
            }
        )
        entries = entries[(entries["row"] >= 0) & (entries["column"] >= 0)]
        # In the order of a CSR matrix's data; without a time somebody always followed.
        entries = entries.sort_values(["row", "column", "since"], na_position="first")
        entries = entries.drop_duplicates(["row", "column"])
        ones = np.ones(len(entries), dtype=np.float32)
        found[kind] = sp.csr_matrix(
            (ones, (entries["row"].to_numpy(), entries["column"].to_numpy())),
            shape=(len(residents), size[kind]),
        )
        since[kind] = entries["since"].to_numpy(dtype="datetime64[us]")
    return found, since
