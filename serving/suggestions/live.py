"""Everything a list needs beside the model, as arrays: the events ahead, and who may see them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.ranking.eligibility import (
    distances_m,
    event_facts,
    resident_facts,
    seconds,
    usual_reach_m,
)
from features.ranking.residents import streets_of
from features.ranking.snapshot import build_snapshot
from recommender.booking_states import CANCELLED
from recommender.ranking.lists.boosts import Boosts, boost_matrix
from recommender.ranking.lists.eligibility import (
    EligibilityContext,
    EventFacts,
    ResidentFacts,
    bookable,
)
from recommender.ranking.lists.exploration import RateTable
from recommender.ranking.lists.reranking import SimilarityKeys
from recommender.ranking.snapshot import RankingSnapshot
from recommender.types import IdMap
from serving.suggestions.follows import Follows

NEW_DAYS = 60
"""A product listed or first published for less than this counts as new in the catalogue."""

_KEPT = ("areas", "venues", "products", "events")
"""Tables that are asked for single rows when lists are made."""


@dataclass(frozen=True, slots=True)
class EventText:
    """What is printed of the events ahead; lists by candidate."""

    event_id: list[str]
    product_id: list[str]
    title: list[str]
    starts_at: list[datetime]
    venue_id: list[str | None]
    venue_name: list[str | None]
    category: list[str | None]
    new: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Events that are not over yet, candidates or not.

    Attributes
    ----------
    facts, ids
        What the rules read of them, and their identifiers.
    shown
        Which of them are the candidates.
    """

    facts: EventFacts
    ids: IdMap
    shown: NDArray[np.intp]


class Live:
    """The tables at a moment, ready to make lists from.

    Parameters
    ----------
    tables
        Canonical frames as they were known at ``at`` (``data.snapshot.as_of``).
    at
        The moment of asking, with a zone.
    boosts
        Policy weights; none by default.
    muted, needs_step_free
        See :func:`features.ranking.eligibility.resident_facts`.

    Attributes
    ----------
    world
        What models are bound to.
    candidates
        Positions in ``snapshot.events`` of the events that somebody may be shown now; what follows
        is about these, in this order.
    ahead
        All that are not over yet, for whoever is busy with one of them.
    scene, likeness, text
        Facts for the rules, what makes events alike, and what is printed.
    boost
        Policy weight by street and event, shape (n_streets + 1, n_candidates).
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        at: datetime,
        *,
        boosts: Boosts | None = None,
        muted: pd.DataFrame | None = None,
        needs_step_free: Iterable[str] = (),
    ) -> None:
        self.at = at
        self.snapshot = build_snapshot(tables, at)
        self._events = aligned(tables["events"], "event_id", self.snapshot.events)
        facts = event_facts(
            {**tables, "events": self._events}, standing=_standing(self._events, self.snapshot)
        )
        now_s = int(at.timestamp())
        # Running events are nobody's candidates, but they keep those who booked them busy.
        ahead = np.flatnonzero(facts.ends_s > now_s)
        facts = facts.take(ahead)
        eligibility_context = EligibilityContext(now_s, facts, distances_m(tables["areas"], facts))
        shown = np.flatnonzero(bookable(eligibility_context))
        self.refused_events = (eligibility_context, ahead)
        self.candidates = ahead[shown]
        self.eligibility_context = eligibility_context.take(shown)
        self.reach_m = usual_reach_m(tables)
        self._tables = tables
        self.ahead = Ahead(facts, IdMap(self.snapshot.events.take(ahead)), shown)
        self._muted, self._needs_step_free = muted, tuple(needs_step_free)
        self.boost = self._boost_matrix(boosts) if boosts else None

    @cached_property
    def residents(self) -> ResidentFacts:
        """Facts of all residents before the candidates, in the world's order."""
        people = aligned(self._tables["residents"], "resident_id", self.snapshot.residents)
        return self.facts_of(people, self._tables["bookings"], self._muted)

    def facts_of(
        self, people: pd.DataFrame, bookings: pd.DataFrame, muted: pd.DataFrame | None
    ) -> ResidentFacts:
        """Facts of some residents before the candidates.

        Parameters
        ----------
        people
            Rows of the residents table.
        bookings, muted
            Theirs, and maybe others', who are passed over.
        """
        return resident_facts(
            {**self._tables, "bookings": bookings},
            people,
            self.ahead.facts,
            self.ahead.ids,
            reach_m=self.reach_m,
            needs_step_free=self._needs_step_free,
            muted=muted,
        ).with_events(self.ahead.shown)

    def prepare(self) -> None:
        """Compute everything that lists need, and let go of the large tables it came from."""
        for name, value in vars(type(self)).items():
            if isinstance(value, cached_property):
                getattr(self, name)
        self._tables = {
            name: table if name in _KEPT else table.iloc[:0] for name, table in self._tables.items()
        }
        self._muted = None

    @cached_property
    def similarity(self) -> SimilarityKeys:
        """What makes the candidates alike."""
        level = self.snapshot.event_level
        return SimilarityKeys(
            *(level[name][self.candidates] for name in ("product", "supplier", "category"))
        )

    @cached_property
    def rates(self) -> RateTable:
        """What is known of the candidates' booking rates."""
        n = len(self.snapshot.events)
        log = self.snapshot.log_event[self.snapshot.log_outcome != CANCELLED]
        booked = np.bincount(log, minlength=n)[self.candidates]
        shown = self._tables["impressions"]["event_id"]
        position = self.snapshot.events.positions(shown.tolist(), missing=-1)
        seen = np.bincount(position[position >= 0], minlength=n)[self.candidates]
        return RateTable.learn(booked.astype(np.float64), seen.astype(np.float64))

    @cached_property
    def text(self) -> EventText:
        """What is printed of the candidates."""
        rows = self._events.iloc[self.candidates]
        products = self._tables["products"].set_index("product_id")
        venues = self._tables["venues"].set_index("venue_id")["name"]
        title = rows["title"].where(
            rows["title"].fillna("").str.strip() != "", rows["product_id"].map(products["title"])
        )
        listed = rows["product_id"].map(products["listed_from"]).dt.tz_localize("UTC")
        since = listed.fillna(rows["published_at"])
        age = pd.Timestamp(self.at) - since
        product = self.snapshot.event_level["product"][self.candidates]
        return EventText(
            event_id=rows["event_id"].tolist(),
            product_id=self.snapshot.products.take(product.astype(np.intp)),
            title=title.fillna("").tolist(),
            starts_at=[start.to_pydatetime() for start in rows["starts_at"]],
            venue_id=_or_none(rows["venue_id"]),
            venue_name=_or_none(rows["venue_id"].map(venues)),
            category=_or_none(rows["product_id"].map(products["category"]).astype("str")),
            new=(age < pd.Timedelta(days=NEW_DAYS)).to_numpy(dtype=np.bool_),
        )

    @cached_property
    def area_names(self) -> dict[str, str]:
        """Name by area code."""
        areas = self._tables["areas"]
        return dict(zip(areas["area_code"], areas["name"], strict=True))

    @cached_property
    def area_rows(self) -> dict[str, int]:
        """Row of ``scene.distance_m`` by area code."""
        return {code: row for row, code in enumerate(self._tables["areas"]["area_code"])}

    @cached_property
    def street_of(self) -> dict[str, int]:
        """Position in ``snapshot.streets`` by area code; areas without one are left out."""
        known = self.snapshot.streets
        return {
            code: known.position(street)
            for code, street in streets_of(self._tables["areas"]).items()
            if street in known
        }

    @cached_property
    def venue_areas(self) -> dict[str, str | None]:
        """Area code by venue."""
        venues = self._tables["venues"]
        return dict(zip(venues["venue_id"], _or_none(venues["area_code"]), strict=True))

    @cached_property
    def follows(self) -> Follows:
        """What each resident follows, by position."""
        return Follows(self._tables["follows"], self.snapshot.residents)

    @cached_property
    def supplier_names(self) -> dict[str, str]:
        """Name by supplier."""
        table = self._tables["suppliers"]
        return dict(zip(table["supplier_id"], table["name"].fillna(""), strict=True))

    def audience_of(self, events: NDArray[np.intp], groups: Collection[str]) -> NDArray[np.bool_]:
        """Whether any of some audience groups is meant by each event, by position."""
        products = self._tables["products"].set_index("product_id")["audience_groups"]
        meant = self._events["product_id"].iloc[events].map(products).fillna("")
        found = [not set(groups).isdisjoint(told.split(";")) for told in meant.astype("str")]
        return np.array(found, dtype=np.bool_)

    @cached_property
    def described(self) -> list[dict[str, list[str]]]:
        """Each candidate's values by the kinds that can be followed, muted and boosted."""
        rows = self._events.iloc[self.candidates]
        products = self._tables["products"].set_index("product_id")
        columns = {
            kind: rows["product_id"].map(products[column]).astype("str").fillna("")
            for kind, column in (
                ("category", "category"),
                ("tag", "tags"),
                ("supplier", "supplier_id"),
            )
        }
        return [
            {
                "category": [category],
                "tag": tags.split(";"),
                "supplier": [supplier],
                "venue": [str(venue)],
                "product": [str(product)],
            }
            for category, tags, supplier, venue, product in zip(
                columns["category"],
                columns["tag"],
                columns["supplier"],
                rows["venue_id"],
                rows["product_id"],
                strict=True,
            )
        ]

    def event_rows(self, events: NDArray[np.intp]) -> pd.DataFrame:
        """Rows of the events table, by position."""
        return self._events.iloc[events]

    def title_of(self, event: int) -> str:
        """Title of any event of the world, by position."""
        title = self._events["title"].iloc[event]
        if isinstance(title, str) and title.strip():
            return title
        product = self._tables["products"]
        found = product.loc[product["product_id"] == self._events["product_id"].iloc[event]]
        return str(found["title"].iloc[0]) if len(found) else ""

    def _boost_matrix(self, boosts: Boosts) -> NDArray[np.float32]:
        return boost_matrix(boosts, self.snapshot.streets, self.described)


def aligned(table: pd.DataFrame, key: str, ids: IdMap) -> pd.DataFrame:
    """The rows of a table in the order of an id map that holds the same identifiers."""
    rows = pd.Index(table[key]).get_indexer(pd.Index(ids.ids, dtype="str"))
    found: pd.DataFrame = table.iloc[rows].reset_index(drop=True)
    return found


def _standing(events: pd.DataFrame, snapshot: RankingSnapshot) -> NDArray[np.bool_]:
    # Whether a set's items stand is found by the world; here only which events profit.
    usual = np.where(
        snapshot.event_ends - snapshot.event_starts > np.timedelta64(1, "D"),
        snapshot.event_ends,
        snapshot.event_starts,
    )
    given = seconds(events["booking_closes_at"], missing=-1) != -1
    return np.asarray((snapshot.event_closes > usual) & ~given)


def _or_none(column: "pd.Series[str]") -> list[str | None]:
    return [value if isinstance(value, str) else None for value in column]


def utc(moment: datetime) -> np.datetime64:
    """A zoned moment as ``datetime64[us]`` in UTC."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
