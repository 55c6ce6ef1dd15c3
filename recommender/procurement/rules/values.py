"""Rules, reasons and violations as values; the words are in the catalogue of messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class RuleKey(NamedTuple):
    """One instance of a rule.

    Attributes
    ----------
    rule
        The rule's name, such as ``floor_sessions``.
    place
        The buyer or street it holds for; empty: everywhere.
    subject
        The product, supplier or group of products it is about; empty: all.
    """

    rule: str
    place: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule, or another reason, as values; words for it are in the catalogue of messages.

    Attributes
    ----------
    rule
        The rule's name, or the name of another reason.
    place, subject
        As in :class:`RuleKey`.
    amounts
        Bounds and figures by name.
    """

    rule: str
    place: str = ""
    subject: str = ""
    amounts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a plan breaks: what was found, and the bound."""

    rule: str
    place: str = ""
    subject: str = ""
    found: float = 0.0
    bound: float = 0.0

    def __str__(self) -> str:
        where = " ".join(part for part in (self.rule, self.place, self.subject) if part)
        return f"{where}: {self.found:g} against {self.bound:g}"
