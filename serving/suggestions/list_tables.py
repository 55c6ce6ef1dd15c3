"""The tables at a moment: the arrays lists are made from, and the texts that are printed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.district_time import district_zone
from features.ranking.list_inputs import (
    aligned,
    build_list_inputs,
    describe_events,
    facts_of_residents,
)
from features.ranking.residents import streets_of
from recommender.errors import UnknownIdError
from recommender.ranking.lists.boosts import Boosts
from recommender.ranking.lists.facts import EligibilityContext, ResidentFacts
from recommender.ranking.snapshot import RankingSnapshot
from serving.suggestions.follows import Follows

NEW_DAYS = 60
"""A product listed or first published for less than this counts as new in the catalogue."""

_KEPT = ("areas", "venues", "products", "events")
"""Tables of which single rows are read when lists are made."""


@dataclass(frozen=True, slots=True)
class EventText:
    """What is printed of the candidates; lists in their order."""

    event_id: list[str]
    product_id: list[str]
    title: list[str]
    starts_at: list[datetime]
    venue_id: list[str | None]
    venue_name: list[str | None]
    category: list[str | None]
    new: NDArray[np.bool_]


class ListTables:
    """The tables at a moment, ready to make and to print lists from.

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
    inputs
        The arrays that the list engine reads. All candidates below are in their order.
    upcoming
        All events that are not over yet, candidates or not.
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
        self._needs_step_free = tuple(needs_step_free)
        self.inputs, self.upcoming = build_list_inputs(
            tables,
            at,
            district_zone(),
            boosts=boosts,
            muted=muted,
            needs_step_free=self._needs_step_free,
        )
        self._tables = tables
        self._events = aligned(tables["events"], "event_id", self.snapshot.events)

    @property
    def snapshot(self) -> RankingSnapshot:
        """What models are bound to."""
        return self.inputs.snapshot

    @property
    def candidates(self) -> NDArray[np.intp]:
        """Positions in ``snapshot.events`` of the events that somebody may be shown now."""
        return self.inputs.candidates

    @property
    def eligibility_context(self) -> EligibilityContext:
        """What the eligibility rules read of the candidates."""
        return self.inputs.eligibility_context

    def facts_of(
        self, people: pd.DataFrame, bookings: pd.DataFrame, muted: pd.DataFrame | None
    ) -> ResidentFacts:
        """Facts of some residents before the candidates.

        Parameters
        ----------
        people
            Rows of the residents table.
        bookings, muted
            Theirs; rows of others are ignored.

        Returns
        -------
        Facts of ``len(people)`` residents.
        """
        return facts_of_residents(
            {**self._tables, "bookings": bookings},
            people,
            self.upcoming,
            reach_m=self.inputs.reach_m,
            muted=muted,
            needs_step_free=self._needs_step_free,
        )

    def prepare(self) -> None:
        """Compute everything that lists need, and let go of the large tables it came from."""
        for name, value in vars(type(self)).items():
            if isinstance(value, cached_property):
                getattr(self, name)
        self._tables = {
            name: table if name in _KEPT else table.iloc[:0] for name, table in self._tables.items()
        }

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
            title=title.where(title.fillna("") != "", rows["event_id"]).tolist(),
            starts_at=[
                start.to_pydatetime() for start in rows["starts_at"].dt.tz_convert(district_zone())
            ],
            venue_id=_or_none(rows["venue_id"]),
            venue_name=_or_none(rows["venue_id"].map(venues)),
            category=_or_none(rows["product_id"].map(products["category"]).astype("str")),
            new=(age < pd.Timedelta(days=NEW_DAYS)).to_numpy(dtype=np.bool_),
        )

    @cached_property
    def local_starts(self) -> list[str]:
        """Start of each candidate by the district's clock, ISO 8601 with offset."""
        zone = district_zone()
        return [start.astimezone(zone).isoformat() for start in self.text.starts_at]

    @cached_property
    def area_names(self) -> dict[str, str]:
        """Name by area code."""
        areas = self._tables["areas"]
        return dict(zip(areas["area_code"], areas["name"], strict=True))

    @cached_property
    def place_names(self) -> dict[str, str]:
        """Name by area code or venue."""
        venues = self._tables["venues"]
        names = zip(venues["venue_id"], venues["name"].fillna(""), strict=True)
        return {**dict(names), **self.area_names}

    @cached_property
    def area_rows(self) -> dict[str, int]:
        """Row of ``eligibility_context.distance_m`` by area code."""
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

    def place_of(self, code: str) -> tuple[int, int]:
        """Where an area or a venue lies: its row of distances, its position among the streets.

        Either is -1 where it is not known.

        Raises
        ------
        UnknownIdError
            If there is neither an area nor a venue of that code.
        """
        area = code if code in self.area_rows else self.venue_areas.get(code)
        if area is not None:
            return self.area_rows.get(area, -1), self.street_of.get(area, -1)
        if code in self.venue_areas:
            return -1, -1
        raise UnknownIdError(
            f"no area or venue {code!r} is known.", "Use an areas.area_code or a venues.venue_id."
        )

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
        """Whether each event is meant for any of some audience groups.

        Parameters
        ----------
        events
            Positions in ``snapshot.events``, shape (e,).
        groups
            Names as in ``products.audience_groups``.

        Returns
        -------
        Booleans, shape (e,).
        """
        products = self._tables["products"].set_index("product_id")["audience_groups"]
        meant = self._events["product_id"].iloc[events].map(products).fillna("")
        found = [not set(groups).isdisjoint(text.split(";")) for text in meant.astype("str")]
        return np.array(found, dtype=np.bool_)

    @cached_property
    def described(self) -> list[dict[str, list[str]]]:
        """Each candidate's values by the kinds that can be followed, muted and boosted."""
        return describe_events(self._events.iloc[self.candidates], self._tables["products"])

    def event_rows(self, events: NDArray[np.intp]) -> pd.DataFrame:
        """Rows of the events table, by position."""
        return self._events.iloc[events]

    @cached_property
    def titles(self) -> list[str]:
        """Title of every event of the snapshot: its own, its product's, or its identifier."""
        events = self._events
        products = self._tables["products"].drop_duplicates("product_id")
        of_product = events["product_id"].map(products.set_index("product_id")["title"])
        own = events["title"].where(events["title"].fillna("").str.strip() != "")
        return own.fillna(of_product).fillna(events["event_id"]).astype("str").tolist()

    def title_of(self, event: int) -> str:
        """Title of any event of the snapshot, by position."""
        return self.titles[event]


def _or_none(column: "pd.Series[str]") -> list[str | None]:
    return [value if isinstance(value, str) else None for value in column]
