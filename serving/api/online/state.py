"""The state that lists are made from: a snapshot of the tables, a model, and later changes.

A list is made from arrays alone. Residents and events that changed since the snapshot was built
are read once, by the first request that sees the change counter move, and applied to the arrays,
so that a change counts in the next answer. A new snapshot is built when enough has changed, or
another model is served.
"""

import threading
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd
import sqlalchemy as sa

from data.dataset import canonical
from data.schema import TABLES
from data.store.erasures import Erasures
from data.store.event_runs import ROOM
from features.ranking.residents import profiled
from recommender.errors import UnknownIdError
from recommender.geography import great_circle_m
from recommender.ranking.lists.inputs import ListQuery
from recommender.types import Suggestion
from serving.api.online.response_cache import Answer, Key, ResponseCache
from serving.outcomes.changes import Rows, rows_of_residents
from serving.store_tables import live_changes, mutes
from serving.suggestions.refusals import NothingEligibleError
from serving.suggestions.serving_snapshot import ServingSnapshot
from serving.suggestions.suggester import Suggester

_TAKEN = ("booked", "attended")


@dataclass
class OnlineState:
    """A snapshot bound to one model, and the changes since.

    Attributes
    ----------
    suggester
        Makes the lists.
    version
        Version of the model.
    entry
        Number of the last change that was applied.
    tables
        Tables of which single rows are read: areas and events.
    parents
        Code of each area's parent, by area code.
    changed
        Residents that differ from the snapshot, with their current rows by table.
    gone
        Digests of erased residents.
    erasures
        Makes them.
    """

    suggester: Suggester
    version: str
    entry: int
    tables: Mapping[str, pd.DataFrame]
    parents: Mapping[str, str]
    erasures: Erasures
    changed: dict[str, dict[str, Rows]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    _lists: ResponseCache = field(default_factory=ResponseCache)
    _applying: threading.Lock = field(default_factory=threading.Lock)
    _column: dict[str, int] = field(default_factory=dict)
    _until_s: "array[float]" = field(init=False)
    _free: bytearray = field(init=False)

    def __post_init__(self) -> None:
        list_tables = self.suggester.list_tables
        self._column = {event: column for column, event in enumerate(list_tables.text.event_id)}
        facts = list_tables.eligibility_context.events
        # Read for each event of every answer; single items are read faster than from NumPy.
        self._until_s = array("d", np.minimum(facts.closes_s, facts.starts_s))
        free = facts.open & ((facts.seats_left > 0) | facts.waiting_list)
        self._free = bytearray(free.astype(np.uint8).tobytes())

    @classmethod
    def of(cls, snapshot: ServingSnapshot, erasures: Erasures) -> Self:
        """The state of a snapshot, with no later change applied yet.

        Parameters
        ----------
        snapshot, erasures
            The snapshot, and what makes digests of residents.

        Returns
        -------
        The state.
        """
        return cls(
            snapshot.suggester,
            snapshot.version,
            snapshot.entry,
            snapshot.tables,
            snapshot.parents,
            erasures,
            gone=set(snapshot.gone),
        )

    @property
    def at(self) -> datetime:
        """The moment of the snapshot."""
        return self.suggester.at

    def ready(self, resident_id: str, n: int, now: datetime) -> Answer | None:
        """The cached list of a resident, if all its events can still be booked.

        Parameters
        ----------
        resident_id, n
            Resident and length of the list.
        now
            The clock.

        Returns
        -------
        ``None`` when the list has to be made.
        """
        answer = self._lists.get((resident_id, n, ""))
        return answer if answer is not None and self._are_bookable(answer.columns, now) else None

    def for_resident(
        self, resident_id: str, n: int, now: datetime, *, area: str | None = None
    ) -> Answer:
        """A resident's list, eligible at ``now``.

        Parameters
        ----------
        resident_id, n
            Resident and length of the list.
        now
            The clock.
        area
            Area code of where the resident is now; the home area when left out.

        Returns
        -------
        The list; empty, with the reason, when no event may be shown.

        Raises
        ------
        UnknownIdError
            If the resident is unknown or erased.
        """
        if self.gone and self.erasures.digest(resident_id) in self.gone:
            raise UnknownIdError("there is no such resident.")

        def ask() -> ListQuery:
            asked = self._ask(resident_id)
            return asked if area is None else self.suggester.asked_from(asked, area)

        return self._cached((resident_id, n, area or ""), ask, now)

    def for_place(self, code: str, n: int, now: datetime) -> Answer:
        """The list of an area or venue.

        Parameters
        ----------
        code, n
            Code of the area or venue, and length of the list.
        now
            The clock.

        Returns
        -------
        The list, the same for everybody there.

        Raises
        ------
        UnknownIdError
            If there is no such place.
        """
        return self._cached(("", n, f"place {code}"), lambda: self.suggester.ask_place(code), now)

    def similar(self, event_id: str, n: int, now: datetime) -> Answer:
        """Events similar to one.

        Parameters
        ----------
        event_id, n
            The event, and length of the list.
        now
            The clock.

        Returns
        -------
        The list.

        Raises
        ------
        UnknownIdError
            If the event is not known.
        """
        try:
            found = self.suggester.similar(event_id, n)
        except NothingEligibleError as nothing:
            return Answer.of((), (), personal=False, why_empty=nothing.message)
        return self._answer(found, now, personal=False)

    def ends(self, event_ids: Sequence[str]) -> dict[str, datetime]:
        """End by event, for those of some events whose end is known."""
        events = self.tables["events"]
        known = events[events["event_id"].isin(event_ids) & events["ends_at"].notna()]
        return dict(zip(known["event_id"], known["ends_at"].dt.to_pydatetime(), strict=True))

    def venue_name(self, event_id: str) -> str:
        """Name of a candidate event's venue; empty for an event online."""
        return self.suggester.list_tables.text.venue_name[self._column[event_id]] or ""

    def nearest_area(self, lat: float, lon: float) -> str | None:
        """The area whose point is nearest.

        Parameters
        ----------
        lat, lon
            WGS-84, degrees.

        Returns
        -------
        Its code; ``None`` when no area has a point.
        """
        areas = self.tables["areas"]
        known = areas[areas["lat"].notna() & areas["lon"].notna()]
        if known.empty:
            return None
        away = great_circle_m(np.array(lat), np.array(lon), *known[["lat", "lon"]].to_numpy().T)
        return str(known["area_code"].iloc[away.argmin()])

    def apply_changes(self, connection: sa.Connection) -> None:
        """Read and apply what changed since the last call; cheap when nothing did."""
        rows = connection.execute(
            sa.select(live_changes)
            .where(live_changes.c.entry > self.entry)
            .order_by(live_changes.c.entry)
        ).all()
        if not rows:
            return
        with self._applying:
            self._apply_rows(connection, rows)
            self.entry = rows[-1].entry

    def _apply_rows(self, connection: sa.Connection, rows: Sequence[Any]) -> None:
        residents = {row.resident_id for row in rows if row.resident_id}
        events = {row.event_id for row in rows if row.event_id}
        if any(row.kind == "erasures" for row in rows):
            self.gone |= self.erasures.read(connection)
            # A digest does not say whose cached list has to go.
            self._lists.clear()
        self._apply_residents(connection, sorted(residents))
        self._apply_events(connection, sorted(events))

    def _cached(self, key: Key, ask: Callable[[], ListQuery], now: datetime) -> Answer:
        """The cached list if it still holds; else a new one."""
        answer = self._lists.get(key)
        if answer is not None and self._are_bookable(answer.columns, now):
            return answer
        entry = self.entry
        answer = self._list(ask(), key[1], now)
        # The database may be slow: an answer never waits for changes that are being applied.
        if self._applying.acquire(blocking=False):
            try:
                if self.entry == entry:
                    self._lists.keep(key, answer)
            finally:
                self._applying.release()
        return answer

    def _apply_residents(self, connection: sa.Connection, ids: list[str]) -> None:
        if not ids:
            return
        snapshot = self.suggester.list_tables.snapshot
        for resident, own in rows_of_residents(connection, ids).items():
            self.changed[resident] = own
            if resident in snapshot.residents and own["residents"]:
                row = snapshot.residents.position(resident)
                # Switching off counts at once; switching on counts from the next snapshot.
                if not bool(profiled(_frame("residents", own["residents"]))[0]):
                    snapshot.resident_profiled[row] = False
        chosen = set(ids)
        self._lists.drop(lambda key: key[0] in chosen)

    def _apply_events(self, connection: sa.Connection, ids: list[str]) -> None:
        known = [event for event in ids if event in self._column]
        facts = self.suggester.list_tables.eligibility_context.events
        query = sa.text(
            f"SELECT e.event_id, {ROOM} AS seats, e.status, "
            "coalesce(sum(coalesce(b.seats, 1)), 0) AS taken "
            "FROM events e LEFT JOIN bookings b ON b.event_id = e.event_id AND b.status = "
            "ANY(:taken) WHERE e.event_id = ANY(:ids) GROUP BY e.event_id"
        )
        for row in connection.execute(query, {"taken": list(_TAKEN), "ids": known}):
            column = self._column[row.event_id]
            if row.seats is not None:
                facts.seats_left[column] = float(row.seats) - float(row.taken)
            facts.open[column] = row.status in (None, "open")
            left = facts.seats_left[column] > 0 or facts.waiting_list[column]
            self._free[column] = bool(facts.open[column] and left)

    def _ask(self, resident_id: str) -> ListQuery:
        own = self.changed.get(resident_id)
        if own is None:
            return self.suggester.ask(resident_id)
        if not own["residents"]:
            raise UnknownIdError("there is no such resident.")
        list_tables = self.suggester.list_tables
        people = _frame("residents", own["residents"])
        muted = pd.DataFrame(own["mutes"], columns=list(mutes.c.keys()))
        fresh = list_tables.facts_of(people, _frame("bookings", own["bookings"]), muted)
        if resident_id in list_tables.snapshot.residents:
            return replace(self.suggester.ask(resident_id), facts=fresh)
        area = people["area_code"].iloc[0]
        street = list_tables.street_of.get(area, -1) if isinstance(area, str) else -1
        home = int(fresh.home[0])
        return ListQuery(np.array([-1]), np.array([street]), fresh, [f"place {home}"])

    def _list(self, asked: ListQuery, n: int, now: datetime) -> Answer:
        personal = bool(asked.residents[0] >= 0)
        try:
            found, _ = self.suggester.explain(asked, n)
        except NothingEligibleError as nothing:
            return Answer.of((), (), personal=personal, why_empty=nothing.message)
        return self._answer(found, now, personal=personal)

    def _answer(self, found: Sequence[Suggestion], now: datetime, *, personal: bool) -> Answer:
        kept = [
            (line, column)
            for line, column in ((line, self._column[line.event_id]) for line in found)
            if self._are_bookable((column,), now)
        ]
        lines, columns = [line for line, _ in kept], [column for _, column in kept]
        return Answer.of(lines, columns, personal=personal)

    def _are_bookable(self, columns: Sequence[int], now: datetime) -> bool:
        free, until, moment = self._free, self._until_s, now.timestamp()
        return all(free[column] and until[column] > moment for column in columns)


def _frame(name: str, rows: Rows) -> pd.DataFrame:
    table = TABLES[name]
    return canonical(pd.DataFrame(rows, columns=list(table.column_names)), table)
