"""Looks a sentence up by its key and language, and fills in its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, get_args

from serving.messages import (
    administration,
    categories,
    console,
    demand,
    documents,
    drafts,
    indices,
    limits,
    pages,
    plans,
    reasons,
    residents,
    schedules,
    workbook,
)

if TYPE_CHECKING:  # so that the command starts without numpy
    from recommender.types import Reason

Lang = Literal["zh", "en"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)

Topic = Mapping[str, tuple[str, str]]
"""Key within the topic to the Chinese and the English sentence; values are named in braces and
formatted as by :meth:`str.format`, in both languages alike."""

TOPICS: dict[str, Topic] = {
    "admin": administration.MESSAGES,
    "category": categories.MESSAGES,
    "console": console.MESSAGES,
    "decide": workbook.DECISIONS,
    "demand": demand.MESSAGES,
    "document": documents.MESSAGES,
    "draft": drafts.MESSAGES,
    "index": indices.MESSAGES,
    "limit": limits.MESSAGES,
    "page": pages.MESSAGES,
    "plan": plans.MESSAGES,
    "reason": reasons.MESSAGES,
    "resident": residents.MESSAGES,
    "schedule": schedules.MESSAGES,
    "workbook": workbook.MESSAGES,
}
"""Topic to its sentences; a sentence's key is ``topic.key``."""


def text(key: str, lang: Lang, **values: object) -> str:
    """One sentence.

    Parameters
    ----------
    key
        ``topic.key``, such as ``reason.walking_distance``.
    lang
        ``zh`` or ``en``.
    **values
        What the sentence names.

    Returns
    -------
    The sentence with its values.

    Raises
    ------
    KeyError
        If there is no such sentence, or a value that it names is missing.
    """
    topic, _, name = key.partition(".")
    return TOPICS[topic][name][LANGUAGES.index(lang)].format(**values)


def text_or(key: str, lang: Lang, default: str) -> str:
    """One sentence without values, or a default where the catalogue has none.

    Parameters
    ----------
    key
        ``topic.key``; the second half may come from data, such as a category.
    lang
        ``zh`` or ``en``.
    default
        Returned when there is no such sentence.

    Returns
    -------
    The sentence or ``default``.
    """
    topic, _, name = key.partition(".")
    return text(key, lang) if name in TOPICS[topic] else default


def keys() -> Iterator[str]:
    """Every key, as :func:`text` takes it."""
    return (f"{topic}.{name}" for topic, messages in TOPICS.items() for name in messages)


def reason_text(reason: Reason, lang: Lang) -> str:
    """A reason of a list as a sentence.

    Parameters
    ----------
    reason
        Code and values, as the core gives them.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    The sentence.
    """
    values = {
        name: text_or(f"category.{value}", lang, str(value)) if name == "category" else value
        for name, value in reason.values.items()
    }
    return text(f"reason.{reason.code}", lang, **values)


def reasons_text(reasons: Iterable[Reason], lang: Lang, *, separator: str = ";") -> str:
    """Several reasons in one line.

    Parameters
    ----------
    reasons
        As the core gives them, strongest first.
    lang
        ``zh`` or ``en``.
    separator
        What stands between two sentences.

    Returns
    -------
    The sentences, joined; empty without a reason.
    """
    return separator.join(reason_text(reason, lang) for reason in reasons)
