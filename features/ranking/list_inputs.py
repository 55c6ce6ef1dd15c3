"""Tables → the arrays that lists are made from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.ranking.eligibility import (
    event_facts,
    resident_facts,
    seconds,
)
from features.ranking.reach import distances_m, usual_reach_m
from features.ranking.snapshot import build_snapshot
from recommender.booking_states import CANCELLED
from recommender.ranking.lists.boosts import Boosts, boost_matrix
from recommender.ranking.lists.eligibility import bookable
from recommender.ranking.lists.exploration import RateTable
from recommender.ranking.lists.facts import EligibilityContext, ResidentFacts
from recommender.ranking.lists.inputs import ListInputs
from recommender.ranking.lists.reranking import SimilarityKeys
from recommender.ranking.snapshot import RankingSnapshot
from recommender.types import IdMap

Frames = Mapping[str, pd.DataFrame]
"""Canonical frames by contract table name; all tables present, possibly empty."""


@dataclass(frozen=True, slots=True)
class UpcomingEvents:
    """Events that are not over yet, candidates or not.

    Attributes
    ----------
    context
        What the eligibility rules read of them, shape (e,).
    positions
        Their positions in ``snapshot.events``, shape (e,).
    ids
        Their identifiers.
    candidates
        Which of them are the candidates, as positions among them.
    """

    context: EligibilityContext
    positions: NDArray[np.intp]
    ids: IdMap
    candidates: NDArray[np.intp]


def build_list_inputs(
    tables: Frames,
    at: datetime,
    zone: tzinfo,
    *,
    boosts: Boosts | None = None,
    muted: pd.DataFrame | None = None,
    needs_step_free: Iterable[str] = (),
    snapshot: RankingSnapshot | None = None,
) -> tuple[ListInputs, UpcomingEvents]:
    """Arrays of the tables at a moment, for the list engine.

    Parameters
    ----------
    tables
        As they were known at ``at`` (``data.snapshot.as_of``).
    at
        The moment of asking, with a zone.
    zone
        The district's time zone.
    boosts
        Policy weights; none when left out.
    muted, needs_step_free
        See :func:`features.ranking.eligibility.resident_facts`.
    snapshot
        Of these tables at this moment; built when left out.

    Returns
    -------
    The inputs, and all events that are not over yet.
    """
    snapshot = snapshot or build_snapshot(tables, at, zone)
    events = aligned(tables["events"], "event_id", snapshot.events)
    facts = event_facts({**tables, "events": events}, standing=_standing(events, snapshot))
    now_s = int(at.timestamp())
    # Running events are nobody's candidates, but they keep those who booked them busy.
    positions = np.flatnonzero(facts.ends_s > now_s)
    facts = facts.take(positions)
    context = EligibilityContext(now_s, facts, distances_m(tables["areas"], facts))
    shown = np.flatnonzero(bookable(context))
    upcoming = UpcomingEvents(context, positions, IdMap(snapshot.events.take(positions)), shown)
    candidates = positions[shown]
    reach_m = usual_reach_m(tables)
    people = aligned(tables["residents"], "resident_id", snapshot.residents)
    inputs = ListInputs(
        at=np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us"),
        day=np.datetime64(at.astimezone(zone).date()),
        snapshot=snapshot,
        candidates=candidates,
        eligibility_context=context.take(shown),
        residents=facts_of_residents(
            tables, people, upcoming, reach_m=reach_m, muted=muted, needs_step_free=needs_step_free
        ),
        reach_m=reach_m,
        similarity=SimilarityKeys(
            *(
                snapshot.event_level[name][candidates]
                for name in ("product", "supplier", "category")
            )
        ),
        rates=_rates(tables["impressions"], snapshot, candidates),
        boost=(
            boost_matrix(
                boosts,
                snapshot.streets,
                describe_events(events.iloc[candidates], tables["products"]),
            )
            if boosts
            else None
        ),
    )
    return inputs, upcoming


def facts_of_residents(
    tables: Frames,
    people: pd.DataFrame,
    upcoming: UpcomingEvents,
    *,
    reach_m: float,
    muted: pd.DataFrame | None = None,
    needs_step_free: Iterable[str] = (),
) -> ResidentFacts:
    """What the eligibility rules read of some residents, about the candidates.

    Parameters
    ----------
    tables
        ``areas``, ``bookings``, ``events`` and ``products`` are read; rows of others are ignored.
    people
        Rows of the residents table; their order is that of the answer.
    upcoming
        Events that are not over yet, so that a running one keeps its visitors busy.
    reach_m
        How far they travel.
    muted, needs_step_free
        See :func:`features.ranking.eligibility.resident_facts`.

    Returns
    -------
    Facts of ``len(people)`` residents before the candidates.
    """
    return resident_facts(
        tables,
        people,
        upcoming.context.events,
        upcoming.ids,
        reach_m=reach_m,
        needs_step_free=needs_step_free,
        muted=muted,
    ).with_events(upcoming.candidates)


def describe_events(events: pd.DataFrame, products: pd.DataFrame) -> list[dict[str, list[str]]]:
    """Each event's values by the kinds that can be followed, muted and boosted.

    Parameters
    ----------
    events
        Rows of the events table.
    products
        The products table.

    Returns
    -------
    One dictionary an event, with the keys of :data:`recommender.ranking.lists.boosts.KINDS`.
    """
    known = products.set_index("product_id")
    category, tags, supplier = (
        events["product_id"].map(known[column]).astype("str").fillna("")
        for column in ("category", "tags", "supplier_id")
    )
    return [
        {
            "category": [one_category],
            "tag": some_tags.split(";"),
            "supplier": [one_supplier],
            "venue": [str(venue)],
            "product": [str(product)],
        }
        for one_category, some_tags, one_supplier, venue, product in zip(
            category, tags, supplier, events["venue_id"], events["product_id"], strict=True
        )
    ]


def aligned(table: pd.DataFrame, key: str, ids: IdMap) -> pd.DataFrame:
    """The rows of a table in the order of an id map that holds the same identifiers.

    Parameters
    ----------
    table
        Any contract table.
    key
        Its column that the map holds.
    ids
        The order.

    Returns
    -------
    The same rows with a new index from 0.
    """
    rows = pd.Index(table[key]).get_indexer(pd.Index(ids.ids, dtype="str"))
    found: pd.DataFrame = table.iloc[rows].reset_index(drop=True)
    return found


def _rates(
    impressions: pd.DataFrame, snapshot: RankingSnapshot, candidates: NDArray[np.intp]
) -> RateTable:
    n = len(snapshot.events)
    log = snapshot.log_event[snapshot.log_outcome != CANCELLED]
    booked = np.bincount(log, minlength=n)[candidates]
    position = snapshot.events.positions(impressions["event_id"].tolist(), missing=-1)
    seen = np.bincount(position[position >= 0], minlength=n)[candidates]
    return RateTable.learn(booked.astype(np.float64), seen.astype(np.float64))


def _standing(events: pd.DataFrame, snapshot: RankingSnapshot) -> NDArray[np.bool_]:
    # The snapshot finds whether a set's items stay bookable; here only which events do.
    usual = np.where(
        snapshot.event_ends - snapshot.event_starts > np.timedelta64(1, "D"),
        snapshot.event_ends,
        snapshot.event_starts,
    )
    given = seconds(events["booking_closes_at"], missing=-1) != -1
    return np.asarray((snapshot.event_closes > usual) & ~given)
