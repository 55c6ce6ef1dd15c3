"""Lists that were made: kept as the bytes that are sent, within a budget of memory."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from recommender.types import Suggestion

_OVERHEAD = 500
"""What an answer costs beside its bytes, roughly."""

Key = tuple[str, int, str]
"""Resident (empty for a place), length, place."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A list and what is to be said about it.

    Attributes
    ----------
    rendered
        The suggestions, best first, as a JSON array.
    columns
        Which candidates they are.
    slots
        How many of them stand in slots of each kind.
    personal
        Whether it rests on who asked.
    why_empty
        The rules that stood against every event; empty for a list with something in it.
    """

    rendered: bytes
    columns: tuple[int, ...]
    slots: tuple[tuple[str, int], ...]
    personal: bool
    why_empty: str = ""

    @classmethod
    def of(
        cls,
        suggestions: Sequence[Suggestion],
        columns: Sequence[int],
        *,
        personal: bool,
        why_empty: str = "",
    ) -> "Answer":
        """An answer of suggestions, which are numbered from 1."""
        ranked = [
            line if line.rank == rank else replace(line, rank=rank)
            for rank, line in enumerate(suggestions, start=1)
        ]
        slots = tuple(sorted(Counter(line.slot for line in ranked).items()))
        return cls(orjson.dumps(ranked), tuple(columns), slots, personal, why_empty)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The suggestions as they are sent, made anew from their bytes."""
        lines: list[dict[str, Any]] = orjson.loads(self.rendered)
        for line in lines:
            line["starts_at"] = datetime.fromisoformat(line["starts_at"])
        return lines


class ResponseCache:
    """ResponseCache by who asked for how many, the longest unused dropped first.

    Parameters
    ----------
    budget
        Bytes that they may take together.
    """

    def __init__(self, budget: int = 64_000_000) -> None:
        self._budget = budget
        self._held: OrderedDict[Key, Answer] = OrderedDict()
        self._size = 0
        self._changing = threading.Lock()

    def get(self, key: Key) -> Answer | None:
        """The answer, if it is kept."""
        return self._held.get(key)

    def keep(self, key: Key, answer: Answer) -> None:
        """Keep an answer; what was asked longest ago goes, when there are too many."""
        with self._changing:
            self._let_go(key)
            self._held[key] = answer
            self._size += len(answer.rendered) + _OVERHEAD
            while self._size > self._budget and self._held:
                self._let_go(next(iter(self._held)))

    def drop(self, which: Callable[[Key], bool]) -> None:
        """Drop some."""
        with self._changing:
            for key in [key for key in self._held if which(key)]:
                self._let_go(key)

    def clear(self) -> None:
        """Drop all."""
        with self._changing:
            self._held.clear()
            self._size = 0

    def _let_go(self, key: Key) -> None:
        gone = self._held.pop(key, None)
        if gone is not None:
            self._size -= len(gone.rendered) + _OVERHEAD
