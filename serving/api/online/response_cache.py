"""Cache of lists as the bytes that are sent, within a budget of memory."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import orjson

from recommender.types import Reason, Suggestion
from serving.messages.catalogue import LANGUAGES, reason_text

_OVERHEAD = 500
"""Bytes of a cached answer beside its body, roughly."""

Key = tuple[str, int, str]
"""Resident (empty for a place), length, place."""


def _as_json(value: Any) -> Any:
    if isinstance(value, Reason):
        sentences = {lang: reason_text(value, lang) for lang in LANGUAGES}
        return {"code": value.code, **sentences, "weight": value.weight}
    if isinstance(value, Suggestion):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} is not sent.")


@dataclass(frozen=True, slots=True)
class Answer:
    """A list as it is sent.

    Attributes
    ----------
    rendered
        The suggestions, best first, as a JSON array.
    columns
        Positions of its events among the candidates.
    slots
        Number of its events by kind of slot.
    personal
        Whether it rests on the resident's profile.
    why_empty
        The rules that excluded every event; empty for a list that holds any.
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
        """An answer from suggestions, which are numbered from 1.

        Parameters
        ----------
        suggestions, columns
            The suggestions, best first, and their positions among the candidates.
        personal, why_empty
            See the attributes.

        Returns
        -------
        The answer, rendered.
        """
        ranked = [
            line if line.rank == rank else replace(line, rank=rank)
            for rank, line in enumerate(suggestions, start=1)
        ]
        slots = tuple(sorted(Counter(line.slot for line in ranked).items()))
        rendered = orjson.dumps(ranked, _as_json, orjson.OPT_PASSTHROUGH_DATACLASS)
        return cls(rendered, tuple(columns), slots, personal, why_empty)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The suggestions, parsed from their bytes."""
        lines: list[dict[str, Any]] = orjson.loads(self.rendered)
        for line in lines:
            line["starts_at"] = datetime.fromisoformat(line["starts_at"])
        return lines


class ResponseCache:
    """Answers by resident, length and place; the one stored longest ago is dropped first.

    Parameters
    ----------
    budget
        Bytes that all answers may take together.
    """

    def __init__(self, budget: int = 64_000_000) -> None:
        self._budget = budget
        self._held: OrderedDict[Key, Answer] = OrderedDict()
        self._size = 0
        self._changing = threading.Lock()

    def get(self, key: Key) -> Answer | None:
        """The answer under a key, if there is one."""
        return self._held.get(key)

    def keep(self, key: Key, answer: Answer) -> None:
        """Store an answer; the oldest ones go when the budget is exceeded.

        Parameters
        ----------
        key, answer
            What was asked, and the answer.
        """
        with self._changing:
            self._let_go(key)
            self._held[key] = answer
            self._size += len(answer.rendered) + _OVERHEAD
            while self._size > self._budget and self._held:
                self._let_go(next(iter(self._held)))

    def drop(self, which: Callable[[Key], bool]) -> None:
        """Drop the answers whose key satisfies a condition."""
        with self._changing:
            for key in [key for key in self._held if which(key)]:
                self._let_go(key)

    def clear(self) -> None:
        """Drop all answers."""
        with self._changing:
            self._held.clear()
            self._size = 0

    def _let_go(self, key: Key) -> None:
        gone = self._held.pop(key, None)
        if gone is not None:
            self._size -= len(gone.rendered) + _OVERHEAD
