"""Sentences of the reasons of whole blocks of lists: what single lists tell, found for all at once.

A place of a list has at most three reasons, and few sentences differ: each is made once a block.
``tests/serving/suggestions/test_block_reasons.py`` holds them against those of single lists.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.lists.assembly import Lists
from recommender.ranking.lists.explanations import (
    DETOUR,
    FINDERS,
    LEAST_SHARE,
    MOST,
    WALK_M_PER_MIN,
    WALKABLE_MIN,
)
from recommender.ranking.lists.inputs import ListQuery
from recommender.types import Reason
from serving.messages.catalogue import Lang, reason_text
from serving.suggestions.evidence import EvidenceBuilder
from serving.suggestions.list_tables import ListTables

Ids = NDArray[np.intp]
Shares = NDArray[np.float64]
_NONE = -1


class Sentences:
    """Distinct sentences by number."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self.texts: list[str] = []
        self._known: dict[str, int] = {}

    def number(self, code: str, **values: str | float) -> int:
        """The number of the sentence of a reason."""
        told = reason_text(Reason(code, values, 1.0), self.lang)
        if told not in self._known:
            self._known[told] = len(self.texts)
            self.texts.append(told)
        return self._known[told]

    def joined(self, numbers: Ids, separator: str = ";") -> list[str]:
        """The sentences of each row, one after the other.

        Parameters
        ----------
        numbers
            Shape (rows, sentences); -1 is left out.
        separator
            What stands between two.

        Returns
        -------
        One text a row.
        """
        texts = [*self.texts, ""]
        return [separator.join([texts[one] for one in row if one >= 0]) for row in numbers.tolist()]


class BlockReasons:
    """Finds what the reasons of a block of lists may say.

    Parameters
    ----------
    list_tables
        The tables at the moment.
    evidence
        Of the same tables.
    lang
        The reasons' language.
    """

    def __init__(self, list_tables: ListTables, evidence: EvidenceBuilder, lang: Lang) -> None:
        self._tables, self._evidence, self._lang = list_tables, evidence, lang

    def texts(
        self, asked: ListQuery, lists: Lists, contributions: Mapping[str, NDArray[np.floating]]
    ) -> list[str]:
        """The reasons of every filled place, row by row, as one text each.

        Parameters
        ----------
        asked, lists
            The questions and their lists, arrays of shape (q, n).
        contributions
            What each family of signals moved, and ``boost``, shape (q, n).

        Returns
        -------
        As :func:`serving.messages.catalogue.reasons_text` has them for a single list.
        """
        who, place = np.nonzero(lists.columns >= 0)
        column = lists.columns[who, place]
        names = list(contributions)
        moved = np.array([contributions[name][who, place] for name in names], dtype=np.float64)
        positive = np.maximum(moved, 0.0)
        total = positive.sum(axis=0)
        said = Sentences(self._lang)
        block = _Block(self._tables, self._evidence, asked, who, column, said)
        told = np.full(positive.shape, _NONE, dtype=np.intp)
        for row, name in enumerate(names):
            speaks = np.flatnonzero(positive[row] > 0)
            if name in FINDERS and len(speaks):
                told[row, speaks] = getattr(block, name)(speaks)
        added = np.where(told >= 0, positive, 0.0)
        best = np.argsort(-added, axis=0, kind="stable")[:MOST]
        weight = np.take_along_axis(added, best, axis=0)
        enough = (weight > 0) & (weight >= LEAST_SHARE * total)
        return said.joined(np.where(enough, np.take_along_axis(told, best, axis=0), _NONE).T)


class _Block:
    """The facts of a block's places, by family of signals: numbers of sentences, -1 for none.

    Methods are named as the families in :data:`recommender.ranking.lists.explanations.FINDERS`, and
    answer for some of the places.
    """

    def __init__(
        self,
        tables: ListTables,
        evidence: EvidenceBuilder,
        asked: ListQuery,
        who: Ids,
        column: Ids,
        said: Sentences,
    ) -> None:
        self._tables, self._asked, self._said = tables, asked, said
        self._who, self._column = who, column
        self._event = tables.candidates[column]
        self._past = evidence.histories(asked.residents)
        self._follows: dict[int, list[tuple[str, str]]] = {}

    def affinity(self, at: Ids) -> Ids:
        found = np.full(len(at), _NONE, dtype=np.intp)
        for level in ("series", "supplier", "venue"):
            open_ = np.flatnonzero(found < 0)
            found[open_] = self._attended(f"attended_{level}", self._latest(level, at[open_]))
        for place in np.flatnonzero(found < 0).tolist():
            found[place] = self._followed(int(at[place]))
        return found

    def collaborative(self, at: Ids) -> Ids:
        found = self._attended("attended_category", self._latest("category", at))
        came = self._past[self._who[at], 0] >= 0
        return np.where((found < 0) & came, self._said.number("collaborative"), found)

    def content(self, at: Ids) -> Ids:
        return self._attended("content", self._past[self._who[at], 0])

    def distance(self, at: Ids) -> Ids:
        home = self._asked.facts.home[self._who[at]]
        metres = self._tables.eligibility_context.distance_m[home, self._column[at]]
        return self._each(metres.astype(np.float64), np.isfinite(metres), self._way)

    def _way(self, metres: float) -> int:
        minutes = max(1, round(metres * DETOUR / WALK_M_PER_MIN))
        if minutes <= WALKABLE_MIN:
            return self._said.number("walking_distance", minutes=minutes)
        return self._said.number("distance", km=metres / 1000)

    def nearby(self, at: Ids) -> Ids:
        street = self._asked.streets[self._who[at]]
        return self._each(street, street >= 0, self._street)

    def _street(self, street: int) -> int:
        name = self._tables.area_names.get(self._tables.snapshot.streets.ids[street])
        return _NONE if name is None else self._said.number("popular_street", street=name)

    def popularity_trend(self, at: Ids) -> Ids:
        new = self._tables.text.new[self._column[at]]
        return np.where(new, self._said.number("new"), self._said.number("popular"))

    def schedule(self, at: Ids) -> Ids:
        return self._always("time", at)

    def quality(self, at: Ids) -> Ids:
        return self._always("quality", at)

    def price(self, at: Ids) -> Ids:
        return self._always("price", at)

    def boost(self, at: Ids) -> Ids:
        return self._always("policy", at)

    def _always(self, code: str, at: Ids) -> Ids:
        return np.full(len(at), self._said.number(code), dtype=np.intp)

    def _latest(self, level: str, at: Ids) -> Ids:
        """The latest event each place's resident came to that shares a level with it; -1 none."""
        codes = self._tables.snapshot.event_level[level]
        past = np.where(self._past >= 0, codes[self._past], -2)
        wanted = codes[self._event[at]]
        same = past[self._who[at]] == np.where(wanted >= 0, wanted, -3)[:, None]
        first = same.argmax(axis=1)
        rows = np.arange(len(at))
        return np.where(same[rows, first], self._past[self._who[at], first], -1)

    def _attended(self, code: str, events: Ids) -> Ids:
        return self._each(
            events, events >= 0, lambda event: self._said.number(code, title=self._title(event))
        )

    def _title(self, event: int) -> str:
        return self._tables.titles[event]

    def _followed(self, at: int) -> int:
        follows = self._follows_of(int(self._asked.residents[self._who[at]]))
        described = self._tables.described[self._column[at]] if follows else {}
        for kind, name in follows:
            if name in described.get(kind, ()):
                if kind == "category":
                    return self._said.number("followed_category", category=name)
                return self._said.number("followed", name=name)
        return _NONE

    def _follows_of(self, resident: int) -> list[tuple[str, str]]:
        if resident not in self._follows:
            self._follows[resident] = self._tables.follows.of(resident)
        return self._follows[resident]

    @staticmethod
    def _each(values: NDArray[Any], told: NDArray[np.bool_], number: Callable[[Any], int]) -> Ids:
        """The sentence of each value, made once for equal ones; -1 where nothing is told."""
        found = np.full(len(values), _NONE, dtype=np.intp)
        distinct, where = np.unique(values[told], return_inverse=True)
        numbers = np.array([number(value) for value in distinct.tolist()], dtype=np.intp)
        found[told] = numbers[where]
        return found
