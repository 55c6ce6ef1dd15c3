"""The officer's rules: a TOML file with defaults, refused with line and reason when it is wrong."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from data.schema import AUDIENCE_GROUPS, CATEGORIES
from recommender.errors import UsageError
from serving.messages.plans import text


class RulesError(UsageError):
    """The rules file is wrong; the message names the line and the reason."""


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """Bounds for a category, an audience group or a brand; shares as in the core's `Quota`."""

    kind: str  # category, audience, brand or new
    name: str
    min_share: float = 0.0
    max_share: float = 1.0
    min_sessions: int = 0
    max_sessions: int | None = None
    weight: float = 1.0

    @property
    def label(self) -> str:
        """Such as ``category.performance``."""
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class Item:
    """A product that must or must not be bought, in one street or (empty) in all."""

    product: str
    street: str
    sessions: int
    reason: str


@dataclass(frozen=True, slots=True)
class Speciality:
    """A street's own speciality (一街一品): what an attendance at such products counts for."""

    street: str
    tag: str
    weight: float


@dataclass(frozen=True, slots=True)
class Recusal:
    """An officer who does not decide about a supplier (回避)."""

    officer: str
    supplier: str
    reason: str


DEFAULT_STAGES = tuple(
    text(f"plan.stage.{name}", "zh")
    for name in ("survey", "catalogue", "suggestion", "street", "district", "order", "acceptance")
)
"""Seven stages a plan passes through; the official content of 七个一 was not found (*assumed*)."""


@dataclass(frozen=True, slots=True)
class PlanRules:
    """All rules of one plan. Shares in [0, 1], money in fen.

    Attributes
    ----------
    given
        Names (``section.key``) that stand in the officer's file; all else is a default, and a
        default yields when it cannot be kept.
    lines
        Line of every given name.
    """

    caution: float = 0.0
    shrinkage: float = 0.15
    sessions_per_product: int = 3
    months: tuple[str, ...] = ()
    sessions_per_street: int = 0
    sessions_per_committee: float = 0.5  # two delivered items a committee a year
    attendance_per_1000: float = 0.0
    gini_max: float | None = 0.05
    evenness_aim: float = 0.4  # streets come out about a tenth off
    supplier_share_max: float = 0.10
    new_products_min_share: float = 0.20
    new_suppliers_min_share: float = 0.05
    stop_after_sessions: int = 3
    stop_below_fill: float = 0.15
    stop_below_satisfaction: float = 2.0
    touring_discount: float = 0.0
    touring_distance_m: float = 3000.0
    sessions_per_venue_month: int = 60
    splitting_threshold_fen: int = 100_000_000
    assumed_price_fen: int = 500_000
    quotas: tuple[QuotaRule, ...] = (
        QuotaRule("category", "performance", max_share=0.6),
        QuotaRule("audience", "senior", min_share=0.05),
        QuotaRule("audience", "children", min_share=0.05),
    )
    specialities: tuple[Speciality, ...] = ()
    exclude: tuple[Item, ...] = ()
    require: tuple[Item, ...] = ()
    recusals: tuple[Recusal, ...] = ()
    budgets: Mapping[str, int] = field(default_factory=dict)
    stages: tuple[str, ...] = DEFAULT_STAGES
    given: frozenset[str] = frozenset()
    lines: Mapping[str, int] = field(default_factory=dict)
    text: str = ""

    def where(self, name: str) -> str:
        """Where a rule stands, for messages."""
        line = self.lines.get(name)
        return f"line {line}" if line else "default"


_SHARE, _COUNT, _AMOUNT = (0.0, 1.0), (0, 100_000), (0, 10**13)
_PLAIN: dict[str, tuple[str, type, tuple[float, float]]] = {
    "plan.caution": ("caution", float, _SHARE),
    "plan.shrinkage": ("shrinkage", float, (0, 0.9)),
    "plan.sessions_per_product": ("sessions_per_product", int, (1, 20)),
    "floor.sessions_per_street": ("sessions_per_street", int, _COUNT),
    "floor.sessions_per_committee": ("sessions_per_committee", float, (0, 1000)),
    "floor.attendance_per_1000": ("attendance_per_1000", float, (0, 1e6)),
    "evenness.gini_max": ("gini_max", float, _SHARE),
    "evenness.aim": ("evenness_aim", float, (0.1, 1)),
    "supplier.share_max": ("supplier_share_max", float, _SHARE),
    "new.products_min_share": ("new_products_min_share", float, _SHARE),
    "new.suppliers_min_share": ("new_suppliers_min_share", float, _SHARE),
    "new.stop_after_sessions": ("stop_after_sessions", int, (1, 1000)),
    "new.stop_below_fill": ("stop_below_fill", float, _SHARE),
    "new.stop_below_satisfaction": ("stop_below_satisfaction", float, (0, 5)),
    "touring.discount": ("touring_discount", float, (0, 0.49)),
    "touring.distance_m": ("touring_distance_m", float, (0, 1e6)),
    "venues.sessions_per_month": ("sessions_per_venue_month", int, (0, 1000)),
    "splitting.threshold_fen": ("splitting_threshold_fen", int, _AMOUNT),
    "products.assumed_price_fen": ("assumed_price_fen", int, (1, 10**12)),
}
_QUOTA: dict[str, tuple[type, tuple[float, float]]] = {
    "min_share": (float, _SHARE),
    "max_share": (float, _SHARE),
    "min_sessions": (int, _COUNT),
    "max_sessions": (int, _COUNT),
    "weight": (float, (0.01, 100)),
}
_KINDS = {"category": CATEGORIES, "audience": AUDIENCE_GROUPS, "brand": None}


def read_rules(path: Path) -> PlanRules:
    """Read a rules file.

    Raises
    ------
    RulesError
        For anything that is wrong in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"cannot read rules {path}: {error}.") from error
    return parse_rules(text, name=path.name)


def parse_rules(text: str, *, name: str = "rules") -> PlanRules:
    """Rules from TOML text; what it does not say keeps its default."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{name} is not TOML: {error}.") from error
    return _Reader(name, text).read(document)


class _Reader:
    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.lines = _line_numbers(text)

    def read(self, document: dict[str, Any]) -> PlanRules:
        values: dict[str, Any] = {}
        given: set[str] = set()
        quotas = {quota.label: quota for quota in PlanRules().quotas}
        specialities: list[Speciality] = []
        for section, content in document.items():
            match section:
                case "category" | "audience" | "brand":
                    for group, bounds in self._table(section, content).items():
                        quota = self._quota(section, group, bounds)
                        quotas[quota.label] = quota
                        given |= {f"{quota.label}.{key}" for key in bounds}
                case "budget":
                    table = self._table(section, content)
                    values["budgets"] = {
                        code: int(self._number(f"budget.{code}", amount, int, _AMOUNT))
                        for code, amount in table.items()
                    }
                case "street":
                    for street, tags in self._table(section, content).items():
                        where = f"street.{street}"
                        for tag, weight in self._table(where, tags).items():
                            number = self._number(f"{where}.{tag}", weight, float, (0.01, 100))
                            specialities.append(Speciality(street, tag, float(number)))
                case "exclude" | "require":
                    values[section] = tuple(self._item(section, entry) for entry in content)
                case "recuse":
                    values["recusals"] = tuple(self._recusal(entry) for entry in content)
                case "stages":
                    values["stages"] = self._words("stages.names", content.get("names"))
                case _:
                    for key, value in self._table(section, content).items():
                        label = f"{section}.{key}"
                        given.add(label)
                        if label == "plan.months":
                            values["months"] = self._words(label, value)
                        elif label == "evenness.gini_max" and value is False:
                            values["gini_max"] = None
                        elif label in _PLAIN:
                            attribute, kind, span = _PLAIN[label]
                            values[attribute] = self._number(label, value, kind, span)
                        else:
                            raise self._wrong(label, "no such rule")
        rules = PlanRules(
            **values,
            quotas=tuple(quotas.values()),
            specialities=tuple(specialities),
            given=frozenset(given),
            lines=self.lines,
            text=self.text,
        )
        self._check_together(rules)
        return rules

    def _quota(self, kind: str, group: str, bounds: Any) -> QuotaRule:
        label = f"{kind}.{group}"
        known = _KINDS[kind]
        if known is not None and group not in known:
            raise self._wrong(label, f"unknown {kind} {group!r}; known are {', '.join(known)}")
        values: dict[str, Any] = {}
        for key, value in self._table(label, bounds).items():
            if key not in _QUOTA:
                raise self._wrong(f"{label}.{key}", f"unknown; known are {', '.join(_QUOTA)}")
            number, span = _QUOTA[key]
            values[key] = self._number(f"{label}.{key}", value, number, span)
        quota = QuotaRule(kind, group, **values)
        if quota.min_share > quota.max_share:
            reason = f"min_share {quota.min_share:g} contradicts max_share {quota.max_share:g}"
            raise self._wrong(f"{label}.min_share", reason)
        if quota.max_sessions is not None and quota.min_sessions > quota.max_sessions:
            raise self._wrong(
                f"{label}.min_sessions",
                f"min_sessions {quota.min_sessions} contradicts max_sessions {quota.max_sessions}",
            )
        return quota

    def _check_together(self, rules: PlanRules) -> None:
        floors = [q for q in rules.quotas if q.kind == "category" and q.min_share > 0]
        total = sum(q.min_share for q in floors)
        if total > 1 + 1e-9:
            raise self._wrong(
                f"{floors[-1].label}.min_share",
                f"the categories' minimum shares add up to {total:.0%}",
            )

    def _number(self, label: str, value: Any, kind: type, span: tuple[float, float]) -> float | int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (kind is float and isinstance(value, float))):
            wanted = "a whole number" if kind is int else "a number"
            raise self._wrong(label, f"{value!r} is not {wanted}")
        if not span[0] <= value <= span[1]:
            reason = "is negative" if value < 0 else f"is not in [{span[0]:g}, {span[1]:g}]"
            raise self._wrong(label, f"{value} {reason}")
        return int(value) if kind is int else float(value)

    def _words(self, label: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self._wrong(label, "must be a list of texts")
        return tuple(value)

    def _item(self, section: str, entry: Any) -> Item:
        if not isinstance(entry, dict) or not entry.get("product") or not entry.get("reason"):
            raise self._wrong(section, "needs a product and a reason")
        sessions = self._number(f"{section}.sessions", entry.get("sessions", 1), int, (1, 20))
        return Item(
            str(entry["product"]), str(entry.get("street", "")), int(sessions), str(entry["reason"])
        )

    def _recusal(self, entry: Any) -> Recusal:
        if not isinstance(entry, dict) or not entry.get("officer") or not entry.get("supplier"):
            raise self._wrong("recuse", "needs an officer and a supplier")
        reason = str(entry.get("reason", ""))
        return Recusal(str(entry["officer"]), str(entry["supplier"]), reason)

    def _table(self, label: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(label, "no such rule" if "." not in label else "must be a table")
        return value

    def _wrong(self, label: str, reason: str) -> RulesError:
        line = self.lines.get(label)
        while line is None and "." in label:
            label = label.rpartition(".")[0]
            line = self.lines.get(label)
        return RulesError(f"{self.name}, line {line or 1}: {label}: {reason}.")


def _line_numbers(text: str) -> dict[str, int]:
    """Line of every ``section`` and ``section.key``; the TOML reader keeps none."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        entry = re.match(r"\s*([^=#\[]+?)\s*=", line)
        if header:
            section = _plain(header.group(1))
            lines.setdefault(section, number)
        elif entry:
            key = _plain(entry.group(1))
            lines.setdefault(f"{section}.{key}" if section else key, number)
    return lines


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def describe(rules: PlanRules) -> list[tuple[str, str, str]]:
    """(rule, value, where it comes from) of every rule, for a plan's record."""
    rows = []
    for label, (attribute, _, _) in _PLAIN.items():
        rows.append((label, str(getattr(rules, attribute)), rules.where(label)))
    for quota in rules.quotas:
        for entry in fields(QuotaRule)[2:]:
            value = getattr(quota, entry.name)
            if value != entry.default:
                label = f"{quota.label}.{entry.name}"
                rows.append((label, str(value), rules.where(label)))
    rows += [(f"street.{s.street}.{s.tag}", str(s.weight), "file") for s in rules.specialities]
    rows += [("exclude", f"{i.product} {i.street} {i.reason}", "file") for i in rules.exclude]
    rows += [("require", f"{i.product} {i.street} {i.reason}", "file") for i in rules.require]
    rows += [("recuse", f"{r.officer} {r.supplier} {r.reason}", "file") for r in rules.recusals]
    return rows
