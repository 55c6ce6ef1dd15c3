"""What answers: the served model and the tables in memory, with every change laid over them.

A list is made from arrays alone. Who or what changed since they were built is looked up once, by
the first request that hears the bell, and laid over the arrays, so that it counts in the very next
answer. A thread builds new arrays when enough has changed, or another model is served.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pandas as pd
import sqlalchemy as sa

from data.dataset import Dataset, canonical
from data.schema import TABLES
from features.eligibility import resident_facts
from recommender.types import Suggestion
from serving.api.problems import ProblemError
from serving.auth.secrets import digest_of
from serving.lists import Asked
from serving.live import Live
from serving.pricing import load_prices
from serving.suggesting import NothingEligibleError, Suggester
from serving.tables import erasures, live_changes, mutes

if TYPE_CHECKING:
    from data.store import Store
    from recommender.demand.model import DemandModel
    from recommender.ranking.model import SuggestionModel
    from serving.composition import ServedModel

_CACHED = 50_000
_TAKEN = ("booked", "attended")


@dataclass(frozen=True)
class Answer:
    """A list and what is to be said about it.

    Attributes
    ----------
    suggestions
        Best first.
    personal
        Whether it rests on who asked.
    why_empty
        The rules that stood against every event; empty for a list with something in it.
    """

    suggestions: tuple[Suggestion, ...]
    personal: bool
    why_empty: str = ""

    @cached_property
    def rendered(self) -> bytes:
        """The suggestions as a JSON array."""
        return orjson.dumps(self.suggestions)

    @cached_property
    def slots(self) -> list[tuple[str, int]]:
        """How many events stand in slots of each kind."""
        return sorted(Counter(line.slot for line in self.suggestions).items())


@dataclass
class Memory:
    """The arrays of one moment and one model, and the changes since.

    Attributes
    ----------
    suggester
        Makes the lists.
    version
        The model's.
    entry
        The last change that is taken in.
    tables
        What the arrays were made from.
    changed
        Residents that differ from the arrays, with their own rows of the tables.
    gone
        Digests of those who had themselves erased.
    stale
        Whether something changed that only new arrays can show.
    """

    suggester: Suggester
    version: str
    entry: int
    tables: Dataset
    parents: Mapping[str, str]
    changed: dict[str, Dataset] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    stale: bool = False
    _lists: OrderedDict[tuple[str, int, str], Answer] = field(default_factory=OrderedDict)
    _column: dict[str, int] = field(default_factory=dict)
    _muted: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text = self.suggester.live.text
        self._column = {event: column for column, event in enumerate(text.event_id)}

    @property
    def at(self) -> datetime:
        """The moment of the arrays."""
        return self.suggester.at

    def ready(self, resident_id: str, n: int, now: datetime) -> Answer | None:
        """The list that was made for a resident before, if every event in it still stands."""
        answer = self._lists.get((resident_id, n, ""))
        return answer if answer is not None and self._holds(answer, now) else None

    def for_resident(
        self, resident_id: str, n: int, now: datetime, *, area: str | None = None
    ) -> Answer:
        """A resident's list, eligible at ``now``.

        Parameters
        ----------
        resident_id, n
            Who asks, for how many.
        now
            The clock.
        area
            Where the resident is now; at home when left out.

        Raises
        ------
        ProblemError
            404 for nobody, or somebody erased.
        """
        if self.gone and digest_of(resident_id) in self.gone:
            raise ProblemError(404, "There is no such resident.")
        key = (resident_id, n, area or "")
        answer = self._lists.get(key)
        if answer is None or not self._holds(answer, now):
            asked = self._ask(resident_id)
            if area is not None:
                asked = self._moved(asked, area)
            answer = self._list(asked, n, now)
            self._remember(key, answer)
        return answer

    def for_place(self, code: str, n: int, now: datetime) -> Answer:
        """The list of an area or venue.

        Raises
        ------
        UnknownIdError
            If there is no such place.
        """
        key = ("", n, f"place {code}")
        answer = self._lists.get(key)
        if answer is None or not self._holds(answer, now):
            answer = self._list(self.suggester.ask_place(code), n, now)
            self._remember(key, answer)
        return answer

    def similar(self, event_id: str, n: int, now: datetime) -> Answer:
        """Events like one.

        Raises
        ------
        UnknownIdError
            If the event is not known.
        """
        try:
            found = self.suggester.similar(event_id, n)
        except NothingEligibleError as nothing:
            return Answer((), personal=False, why_empty=nothing.message)
        kept = tuple(s for s in found if self._bookable(s.event_id, now))
        return Answer(_ranked(kept), personal=False)

    @cached_property
    def ends(self) -> Mapping[str, datetime]:
        """When events end, where that is known."""
        events = self.tables["events"]
        known = events[events["ends_at"].notna()]
        return dict(zip(known["event_id"], known["ends_at"].dt.to_pydatetime(), strict=True))

    def nearest_area(self, lat: float, lon: float) -> str | None:
        """The area whose point is nearest; ``None`` when no area has one."""
        areas = self.tables["areas"]
        known = areas[areas["lat"].notna() & areas["lon"].notna()]
        if known.empty:
            return None
        width = np.cos(np.radians(lat))
        away = (known["lat"] - lat) ** 2 + ((known["lon"] - lon) * width) ** 2
        return str(known["area_code"].loc[away.idxmin()])

    def take_in(self, connection: sa.Connection) -> None:
        """Lay over what changed since; cheap when nothing did."""
        rows = connection.execute(
            sa.select(live_changes)
            .where(live_changes.c.entry > self.entry)
            .order_by(live_changes.c.entry)
        ).all()
        if not rows:
            return
        residents = {row.resident_id for row in rows if row.resident_id}
        events = {row.event_id for row in rows if row.event_id}
        kinds = {row.kind for row in rows}
        if "erasures" in kinds:
            self.gone |= set(connection.execute(sa.select(erasures.c.digest)).scalars())
            # Whose list it was cannot be told from a digest cheaply.
            self._lists.clear()
        if kinds - {"bookings", "residents", "mutes", "follows", "erasures"}:
            self.stale = True
        if any(row.event_id and row.kind == "events" for row in rows) or residents:
            self.stale = True
        self._take_in_residents(connection, sorted(residents))
        self._take_in_events(connection, sorted(events))
        self.entry = rows[-1].entry

    def _take_in_residents(self, connection: sa.Connection, ids: list[str]) -> None:
        if not ids:
            return
        found = {
            name: _read(connection, name, "resident_id", ids)
            for name in ("residents", "bookings", "follows")
        }
        asked = connection.execute(sa.select(mutes).where(mutes.c.resident_id.in_(ids)))
        muted = pd.DataFrame(asked.mappings().all(), columns=list(mutes.c.keys()))
        world = self.suggester.live.world
        for resident in ids:
            own = {name: frame[frame["resident_id"] == resident] for name, frame in found.items()}
            self.changed[resident] = Dataset(
                {name: frame.reset_index(drop=True) for name, frame in own.items()}
            )
            self._muted[resident] = muted[muted["resident_id"] == resident]
            if resident in world.residents and len(own["residents"]):
                row = world.residents.position(resident)
                # Switched off counts at once; tastes come back with the next arrays.
                if not _profiled(own["residents"]):
                    world.resident_profiled[row] = False
        chosen = set(ids)
        for key in [key for key in list(self._lists) if key[0] in chosen]:
            self._lists.pop(key, None)

    def _take_in_events(self, connection: sa.Connection, ids: list[str]) -> None:
        known = [event for event in ids if event in self._column]
        if not known:
            return
        facts = self.suggester.live.scene.events
        query = sa.text(
            "SELECT e.event_id, e.seats, e.status, coalesce(sum(coalesce(b.seats, 1)), 0) AS taken "
            "FROM events e LEFT JOIN bookings b ON b.event_id = e.event_id "
            "AND b.status = ANY(:taken) WHERE e.event_id = ANY(:ids) GROUP BY e.event_id"
        )
        for row in connection.execute(query, {"taken": list(_TAKEN), "ids": known}):
            column = self._column[row.event_id]
            if row.seats is not None:
                facts.seats_left[column] = float(row.seats) - float(row.taken)
            facts.open[column] = row.status in (None, "open")

    def _ask(self, resident_id: str) -> Asked:
        own = self.changed.get(resident_id)
        if own is None:
            return self.suggester.ask(resident_id)
        people = own["residents"]
        if people.empty:
            raise ProblemError(404, "There is no such resident.")
        live = self.suggester.live
        facts, ids, shown = live._ahead
        fresh = resident_facts(
            self.tables.replace(bookings=own["bookings"]),
            people,
            facts,
            ids,
            reach_m=live.reach_m,
            muted=self._muted.get(resident_id),
        ).with_events(shown)
        if resident_id in live.world.residents:
            return replace(self.suggester.ask(resident_id), facts=fresh)
        area = people["area_code"].iloc[0]
        street = live.street_of.get(area, -1) if isinstance(area, str) else -1
        home = int(fresh.home[0])
        return Asked(np.array([-1]), np.array([street]), fresh, [f"place {home}"])

    def _moved(self, asked: Asked, area: str) -> Asked:
        live = self.suggester.live
        home = np.array([live.area_rows[area]], dtype=np.intp)
        return replace(asked, facts=replace(asked.facts, home=home))

    def _list(self, asked: Asked, n: int, now: datetime) -> Answer:
        personal = bool(asked.residents[0] >= 0)
        try:
            found, _ = self.suggester.explain(asked, n)
        except NothingEligibleError as nothing:
            return Answer((), personal, nothing.message)
        kept = tuple(s for s in found if self._bookable(s.event_id, now))
        if len(kept) < len(found):
            self.stale = True
        return Answer(_ranked(kept), personal)

    def _bookable(self, event_id: str, now: datetime) -> bool:
        column = self._column[event_id]
        facts = self.suggester.live.scene.events
        return bool(
            facts.closes_s[column] > now.timestamp()
            and facts.open[column]
            and (facts.seats_left[column] > 0 or facts.waiting_list[column])
        )

    def _holds(self, answer: Answer, now: datetime) -> bool:
        return all(self._bookable(line.event_id, now) for line in answer.suggestions)

    def _remember(self, key: tuple[str, int, str], answer: Answer) -> None:
        self._lists[key] = answer
        if len(self._lists) > _CACHED:
            self._lists.popitem(last=False)


def _ranked(kept: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
    return tuple(
        line if line.rank == rank else replace(line, rank=rank)
        for rank, line in enumerate(kept, start=1)
    )


def _read(connection: sa.Connection, name: str, key: str, ids: list[str]) -> pd.DataFrame:
    table = TABLES[name]
    columns = ", ".join(table.column_names)
    found = connection.execute(
        sa.text(f"SELECT {columns} FROM {name} WHERE {key} = ANY(:ids)"), {"ids": ids}
    )
    return canonical(pd.DataFrame(found.mappings().all(), columns=list(table.column_names)), table)


def _profiled(people: pd.DataFrame) -> bool:
    from features.residents import profiled

    return bool(profiled(people)[0])


@dataclass(frozen=True, slots=True)
class Loaded:
    """A served model, opened."""

    served: "ServedModel"
    suggestions: "SuggestionModel"
    demand: "DemandModel | None"


def build(store: "Store", loaded: Loaded, home: Path, *, at: datetime, entry: int) -> Memory:
    """Arrays of the tables as they are known at a moment, and the model bound to them.

    Parameters
    ----------
    store
        The database.
    loaded
        The served model.
    home
        Where seats' prices lie, if a batch run left any.
    at
        The moment.
    entry
        The last change that the tables surely hold.
    """
    from data.snapshot import as_of

    tables = as_of(store.load(), at)
    with store.engine.connect() as connection:
        muted = pd.DataFrame(
            connection.execute(sa.select(mutes)).mappings().all(), columns=list(mutes.c.keys())
        )
        gone = set(connection.execute(sa.select(erasures.c.digest)).scalars())
    areas = tables["areas"]
    parents = {
        code: parent
        for code, parent in zip(areas["area_code"], areas["parent_code"], strict=True)
        if isinstance(parent, str)
    }
    live = Live(tables, at, muted=muted)
    version = loaded.served.version
    prices = load_prices(home, live, version)
    suggester = Suggester(loaded.suggestions, live, model_version=version, prices=prices)
    return Memory(suggester, version, entry, tables, parents, gone=gone)
