"""What is on: the events ahead, filtered and grouped as residents look for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data.district_time import district_zone
from serving.suggestions.list_tables import ListTables
from serving.web.moments import local_date, weekend_of

WEEK = timedelta(days=7)
CHILDREN = ("children", "family")
HOURS = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24)}
"""Parts of the day by their local hours, from and below."""

SCARCE_SEATS = 10
"""So many seats left, or fewer, are told as few."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a visitor looks for; empty values do not filter.

    Attributes
    ----------
    when
        ``week`` (seven days from now), ``weekend``, or ``all``.
    on
        One day.
    hours
        A key of :data:`HOURS`.
    kind
        A category.
    place
        Code of an area, for distances.
    within_m
        Farthest distance from the place.
    free, step_free, children
        Only events without a ticket price, in step-free venues, for children and families.
    """

    when: Literal["week", "weekend", "all"] = "week"
    on: date | None = None
    hours: str = ""
    kind: str = ""
    place: str = ""
    within_m: float = 0.0
    free: bool = False
    step_free: bool = False
    children: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One product as it is listed: its next session, and how many more there are.

    Attributes
    ----------
    seats_left
        ``None`` where places are not limited.
    lasting
        Whether it has begun and goes on, such as an exhibition.
    more
        Further sessions that fit the wishes.
    reasons
        Why it is suggested, by language.
    suggestion_id
        The line of the list that it stands in; empty outside lists.
    """

    event_id: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    venue: str
    category: str
    price_fen: int
    step_free: bool
    distance_m: float | None
    seats_left: int | None
    lasting: bool
    more: int = 0
    reasons: tuple[Mapping[str, str], ...] = field(default=())
    suggestion_id: str = ""

    @property
    def scarce(self) -> bool:
        """Whether few seats are left."""
        return self.seats_left is not None and 0 < self.seats_left <= SCARCE_SEATS


class Programme:
    """The events ahead of one snapshot.

    Parameters
    ----------
    list_tables
        The tables; seats are read from it anew at every question, for they change.
    """

    def __init__(self, list_tables: ListTables) -> None:
        self._list_tables = list_tables
        text, facts = list_tables.text, list_tables.eligibility_context.events
        self._starts = np.array([int(start.timestamp()) for start in text.starts_at], np.int64)
        zone = district_zone()
        local = [start.astimezone(zone) for start in text.starts_at]
        self._hour = np.array([start.hour for start in local], np.int64)
        self._category = np.array([category or "" for category in text.category], dtype=object)
        self._children = list_tables.audience_of(list_tables.candidates, CHILDREN)
        self._column = {event: column for column, event in enumerate(text.event_id)}
        self._facts = facts
        rows = list_tables.event_rows(list_tables.candidates)
        self._price = rows["ticket_fen"].to_numpy(dtype=np.float64, na_value=0.0)
        self._ends_at = [None if end != end else end.to_pydatetime() for end in rows["ends_at"]]
        ends = np.array([0 if end is None else end.timestamp() for end in self._ends_at])
        # What has no end and is open to drop in goes on.
        endless = (ends == 0) & (facts.starts_s > self._starts)
        self._ends = np.where(endless, np.inf, np.maximum(ends, self._starts))

    @property
    def categories(self) -> list[str]:
        """Categories that something is on of."""
        return sorted({str(category) for category in self._category if category})

    def find(self, wishes: Wishes, now: datetime) -> list[Entry]:
        """Products with a session that fits, in the order of their next session.

        Parameters
        ----------
        wishes
            What the visitor looks for.
        now
            The clock.

        Returns
        -------
        One entry a product; what has begun and goes on comes last.
        """
        fits = np.flatnonzero(self._fitting(wishes, now))
        moment = now.timestamp()
        lasting = self._starts[fits] <= moment
        fits = fits[np.lexsort((self._starts[fits], lasting))]
        sessions: dict[str, list[int]] = {}
        for column in fits.tolist():
            sessions.setdefault(self._list_tables.text.product_id[column], []).append(column)
        distance = self._distance(wishes.place)
        return [
            self._entry(columns[0], distance, moment, more=len(columns) - 1)
            for columns in sessions.values()
        ]

    def entries(
        self, lines: Iterable[Mapping[str, object]], place: str, now: datetime
    ) -> list[Entry]:
        """A list of suggestions as entries; a product stands once.

        Parameters
        ----------
        lines
            Suggestions as they are sent.
        place
            Code of the area that distances count from; the lines' own distances when empty.
        now
            The clock.

        Returns
        -------
        Entries with their reasons, in the list's order.
        """
        distance = self._distance(place)
        found: dict[str, Entry] = {}
        for line in lines:
            column = self._column.get(str(line["event_id"]))
            if column is None:
                continue
            reasons: tuple[Mapping[str, str], ...] = tuple(line["reasons"])  # type: ignore[arg-type]
            product = self._list_tables.text.product_id[column]
            entry = self._entry(column, distance, now.timestamp(), reasons=reasons)
            entry = replace(entry, suggestion_id=str(line.get("suggestion_id") or ""))
            if distance is None:  # from where the list was made for
                entry = replace(entry, distance_m=line["distance_m"])  # type: ignore[arg-type]
            found.setdefault(product, entry)
        return list(found.values())

    def sessions_of(self, product_id: str, now: datetime) -> list[Entry]:
        """All bookable sessions of a product, in their order.

        Parameters
        ----------
        product_id
            The product.
        now
            The clock.

        Returns
        -------
        One entry a session.
        """
        fits = self._fitting(Wishes(when="all"), now)
        columns = [
            column
            for column, product in enumerate(self._list_tables.text.product_id)
            if product == product_id and fits[column]
        ]
        columns.sort(key=lambda column: int(self._starts[column]))
        return [self._entry(column, None, now.timestamp()) for column in columns]

    def _fitting(self, wishes: Wishes, now: datetime) -> NDArray[np.bool_]:
        facts, moment = self._facts, now.timestamp()
        fits = facts.open & ((facts.seats_left > 0) | facts.waiting_list)
        fits = fits & (np.minimum(facts.closes_s, facts.starts_s) > moment)
        first, last = self._span(wishes, now)
        fits &= (self._starts < last) & (np.maximum(self._ends, self._starts + 1) > first)
        if wishes.hours in HOURS:
            low, high = HOURS[wishes.hours]
            fits &= (self._hour >= low) & (self._hour < high)
        if wishes.kind:
            fits &= self._category == wishes.kind
        if wishes.free:
            fits &= ~facts.paid
        if wishes.step_free:
            fits &= facts.step_free | facts.online
        if wishes.children:
            fits &= self._children
        distance = self._distance(wishes.place)
        if distance is not None and wishes.within_m > 0:
            fits &= facts.online | (distance <= wishes.within_m)
        return np.asarray(fits, dtype=np.bool_)

    def _span(self, wishes: Wishes, now: datetime) -> tuple[float, float]:
        if wishes.on is not None:
            return _midnight(wishes.on), _midnight(wishes.on + timedelta(days=1))
        if wishes.when == "weekend":
            first, last = weekend_of(now)
            return _midnight(first), _midnight(last + timedelta(days=1))
        if wishes.when == "week":
            return now.timestamp(), _midnight(local_date(now + WEEK))
        return now.timestamp(), np.inf

    def _distance(self, place: str) -> NDArray[np.float32] | None:
        row = self._list_tables.area_rows.get(place)
        return None if row is None else self._list_tables.eligibility_context.distance_m[row]

    def _entry(
        self,
        column: int,
        distance: NDArray[np.float32] | None,
        moment: float,
        *,
        more: int = 0,
        reasons: tuple[Mapping[str, str], ...] = (),
    ) -> Entry:
        text, facts = self._list_tables.text, self._facts
        metres = np.inf if distance is None else float(distance[column])
        left = float(facts.seats_left[column])
        return Entry(
            event_id=text.event_id[column],
            title=text.title[column],
            starts_at=text.starts_at[column],
            ends_at=self._ends_at[column],
            venue=text.venue_name[column] or "",
            category=str(self._category[column]),
            price_fen=int(self._price[column]),
            step_free=bool(facts.step_free[column]),
            distance_m=metres if np.isfinite(metres) else None,
            seats_left=max(0, int(left)) if np.isfinite(left) else None,
            lasting=bool(self._starts[column] <= moment),
            more=more,
            reasons=reasons,
        )


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=district_zone()).timestamp()
