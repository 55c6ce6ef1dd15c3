"""What needs no personal profile, or little of it: popularity, geography, schedule, quality."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.features.geography import AGES, Geography
from recommender.ranking.features.popularity import Popularity
from recommender.ranking.features.quality import Quality
from recommender.ranking.features.schedule import Schedule
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

Values = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _MomentTables:
    """Signals of the events that can be booked, at one moment.

    Names, and values by event (n, d); by street and event; by age band and event. The last street
    and the last age are for whoever has none.
    """

    at: np.datetime64
    common: tuple[str, ...]
    common_values: NDArray[np.float32]
    street: tuple[str, ...]
    street_values: NDArray[np.float32]
    age: tuple[str, ...]
    age_values: NDArray[np.float32]


class Context:
    """Counts over everybody, by event, product, street and age band.

    Parameters
    ----------
    snapshot
        What is known.
    half_life_days
        Half-life of the signal ``popularity``, days.
    """

    def __init__(self, snapshot: RankingSnapshot, half_life_days: float) -> None:
        self.snapshot = snapshot
        self.popularity = Popularity(snapshot, half_life_days)
        self.geography = Geography(snapshot)
        self.schedule = Schedule(snapshot)
        self.quality = Quality(snapshot)
        self._tables: _MomentTables | None = None

    def signals(self, query: Query, *, first_stage: bool = False) -> Values:
        """All signals of the context.

        Parameters
        ----------
        query
            Residents and events.
        first_stage
            Leave out those that are of one resident alone.

        Returns
        -------
        Signal name → float32, shape (q, m), or (1, m) where they are the same for everybody.
        """
        if query.events.shape[0] > 1 or len(query.residents) == 1:
            column = self._column[query.events]
            if (column >= 0).all():
                found = self._looked_up(query, column)
                return found if first_stage else found | self._own(query)
        found = self._common(query.events, query.at) | self.geography.signals(query)
        return found if first_stage else found | self._own(query)

    def by_age(self, events: NDArray[np.intp]) -> Values:
        """Signals that go by age band, shape (bands + 1, m); the last row is for who has none."""
        return self.geography.by_age(np.append(np.arange(AGES), -1), events[None, :])

    def _common(self, events: NDArray[np.intp], at: np.datetime64) -> Values:
        return {
            **self.popularity.signals(events),
            **self.schedule.signals(events, at),
            **self.quality.signals(events),
        }

    def _own(self, query: Query) -> Values:
        return {
            "hours": self.schedule.habits(query),
            "distance_visited": self.geography.log_km_from_places(query),
        }

    @cached_property
    def _column(self) -> NDArray[np.int32]:
        """Where each event stands among those that can be booked now, -1 for all others."""
        column = np.full(len(self.snapshot.events), -1, dtype=np.int32)
        open_now = self.snapshot.bookable(self.snapshot.as_of)
        column[open_now] = np.arange(len(open_now))
        return column

    def _looked_up(self, query: Query, column: NDArray[np.int32]) -> Values:
        """The same from tables made once a moment: short lists then cost three look-ups."""
        if self._tables is None or self._tables.at != query.at:
            self._tables = self._tables_at(query.at)
        tables = self._tables
        ages = self.geography.ages_of(query)
        found = _unstacked(tables.common, tables.common_values[column])
        found |= _unstacked(tables.street, tables.street_values[query.streets[:, None], column])
        found |= _unstacked(tables.age, tables.age_values[ages[:, None], column])
        return found

    def _tables_at(self, at: np.datetime64) -> _MomentTables:
        events = np.flatnonzero(self._column >= 0)[None, :]
        common = self._common(events, at)
        streets = np.append(np.arange(len(self.snapshot.streets)), -1)
        near = self.geography.by_street(streets, events)
        near["distance"] = self.geography.log_km(streets, events)
        ages = self.by_age(events[0])
        return _MomentTables(
            at,
            tuple(common),
            np.stack([values[0] for values in common.values()], axis=-1, dtype=np.float32),
            tuple(near),
            np.stack(list(near.values()), axis=-1, dtype=np.float32),
            tuple(ages),
            np.stack(list(ages.values()), axis=-1, dtype=np.float32),
        )


def _unstacked(names: tuple[str, ...], values: NDArray[np.float32]) -> Values:
    return {name: values[..., i] for i, name in enumerate(names)}
