"""The officer's rules with their defaults and bounds, as sections of a TOML file."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    PrivateAttr,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from data.schema import AUDIENCE_GROUPS, CATEGORIES
from recommender.procurement.rules.registry import SETTINGS
from recommender.procurement.rules.rule import Setting
from serving.messages.catalogue import text


def _refuse(label: str, reason: str) -> None:
    """Raise an error about the rule ``label``, relative to where it is raised."""
    raise PydanticCustomError("rule", "{reason}", {"label": label, "reason": reason})


def _known(kind: str, names: tuple[str, ...]) -> Callable[[str], str]:
    def validate(name: str) -> str:
        if name not in names:
            _refuse("", f"unknown {kind} {name!r}; known are {', '.join(names)}")
        return name

    return validate


CategoryName = Annotated[str, AfterValidator(_known("category", CATEGORIES))]
AudienceName = Annotated[str, AfterValidator(_known("audience", AUDIENCE_GROUPS))]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Weight = Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False)]
AmountFen = Annotated[int, Field(ge=0, le=10**13)]
Name = Annotated[str, Field(min_length=1)]
GiniBound = Annotated[
    Share | None, BeforeValidator(lambda value: None if value is False else value)
]


class Section(BaseModel):
    """A table of the file; unknown keys and values of another kind are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PlanSection(Section):
    """How demand is read, and what a plan may hold."""

    caution: Share = 0.0
    shrinkage: float = Field(default=0.3, ge=0, le=0.9)
    matching: Share = 0.1
    growth_max: float = Field(default=1.5, ge=0.1, le=1000)
    sessions_per_product: int = Field(default=1, ge=1, le=20)
    months: list[str] = Field(default_factory=list)
    lead_days: int = Field(default=14, ge=0, le=730)


class NewSection(Section):
    """New products and suppliers, and the stop rule (停止规则)."""

    products_min_share: Share = 0.20
    suppliers_min_share: Share = 0.05
    stop_after_sessions: int = Field(default=3, ge=1, le=1000)
    stop_below_fill: Share = 0.15
    stop_below_satisfaction: float = Field(default=2.0, ge=0, le=5)


class EvennessSection(Section):
    """The Gini coefficient's bound (``false``: none), and the part of it that plans aim at."""

    gini_max: GiniBound = 0.05
    aim: float = Field(default=0.95, ge=0.1, le=1)  # competition evens out what is offered


class TouringSection(Section):
    """Discount on sessions that neighbouring streets share (巡演)."""

    discount: float = Field(default=0.0, ge=0, le=0.49)
    distance_m: float = Field(default=3000.0, ge=0, le=1e6)


class VenuesSection(Section):
    """Slots of venues."""

    sessions_per_month: int = Field(default=60, ge=0, le=1000)


class SplittingSection(Section):
    """When purchases of one kind from one supplier are warned of (化整为零)."""

    threshold_fen: AmountFen = 100_000_000


class ProductsSection(Section):
    """What stands in for missing prices."""

    assumed_price_fen: int = Field(default=500_000, ge=1, le=10**12)


class FloorSection(Section):
    """What every street gets at least (保底)."""

    sessions_per_street: Count = 0
    sessions_per_committee: float = Field(
        default=0.5, ge=0, le=1000
    )  # two items a committee and year


class StagesSection(Section):
    """Stages a plan passes through; the official content of 七个一 was not found (*assumed*)."""

    names: list[str] = Field(
        default_factory=lambda: [
            text(f"plan.stage.{name}", "zh")
            for name in (
                "survey", "catalogue", "suggestion", "street", "district", "order", "acceptance",
            )
        ]
    )  # fmt: skip


class QuotaBounds(Section):
    """Bounds for a category, an audience group or a brand; shares as in the core's `Quota`."""

    min_share: Share = 0.0
    max_share: Share = 1.0
    min_sessions: Count = 0
    max_sessions: Count | None = None
    weight: Weight = 1.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min_share > self.max_share:
            _refuse(
                "min_share",
                f"min_share {self.min_share:g} contradicts max_share {self.max_share:g}",
            )
        if self.max_sessions is not None and self.min_sessions > self.max_sessions:
            _refuse(
                "min_sessions",
                f"min_sessions {self.min_sessions} contradicts max_sessions {self.max_sessions}",
            )
        return self


class Item(Section):
    """A product that must or must not be bought, in one street or (empty) in all."""

    product: Name
    street: str = ""
    sessions: int = Field(default=1, ge=1, le=200)
    reason: Name


class Recusal(Section):
    """An officer who does not decide about a supplier (回避)."""

    officer: Name
    supplier: Name
    reason: str = ""


class Speciality(Section):
    """A street's own speciality (一街一品): what an attendance at such products counts for."""

    street: str
    tag: str
    weight: float


class QuotaRule(QuotaBounds):
    """A quota with the group it is about."""

    kind: str
    name: str

    @property
    def label(self) -> str:
        """Such as ``category.performance``."""
        return f"{self.kind}.{self.name}"


def _with_settings(name: str) -> GetPydanticSchema:
    """A section with, beside its own numbers, those that single rules of the registry read."""

    def schema(section: type[Section], handler: GetCoreSchemaHandler) -> CoreSchema:
        fields: dict[str, Any] = {}
        for setting in SETTINGS:
            table, _, key = setting.name.partition(".")
            if table == name:
                bounds = Field(setting.default, ge=setting.low, le=setting.high)
                fields[key] = (Annotated[float, AllowInfNan(False)], bounds)
        made = create_model(section.__name__, __base__=section, __doc__=section.__doc__, **fields)
        return handler(made)

    return GetPydanticSchema(schema)


def _defaults() -> Any:
    return Field(default_factory=dict, validate_default=True)


_QUOTAS: dict[str, dict[str, dict[str, float]]] = {
    "category": {"performance": {"max_share": 0.6}},
    "audience": {"senior": {"min_share": 0.05}, "children": {"min_share": 0.05}},
}


class PlanRules(Section):
    """All rules of one plan; what the file does not say keeps its default."""

    plan: Annotated[PlanSection, _with_settings("plan")] = _defaults()
    floor: Annotated[FloorSection, _with_settings("floor")] = _defaults()
    evenness: Annotated[EvennessSection, _with_settings("evenness")] = _defaults()
    supplier: Annotated[Section, _with_settings("supplier")] = _defaults()
    new: Annotated[NewSection, _with_settings("new")] = _defaults()
    touring: Annotated[TouringSection, _with_settings("touring")] = _defaults()
    venues: Annotated[VenuesSection, _with_settings("venues")] = _defaults()
    splitting: Annotated[SplittingSection, _with_settings("splitting")] = _defaults()
    products: Annotated[ProductsSection, _with_settings("products")] = _defaults()
    category: dict[CategoryName, QuotaBounds] = Field(default={}, validate_default=True)
    audience: dict[AudienceName, QuotaBounds] = Field(default={}, validate_default=True)
    brand: dict[str, QuotaBounds] = Field(default_factory=dict)
    street: dict[str, dict[str, Weight]] = Field(default_factory=dict)
    budget: dict[str, AmountFen] = Field(default_factory=dict)
    exclude: list[Item] = Field(default_factory=list)
    require: list[Item] = Field(default_factory=list)
    recuse: list[Recusal] = Field(default_factory=list)
    stages: StagesSection = StagesSection()
    _lines: dict[str, int] = PrivateAttr(default_factory=dict)
    _given: frozenset[str] = PrivateAttr(default_factory=frozenset)
    _text: str = PrivateAttr("")

    @field_validator("category", "audience", mode="before")
    @classmethod
    def _beside_defaults(cls, value: Any, info: Any) -> Any:
        return {**_QUOTAS[info.field_name], **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        floors = [(name, q.min_share) for name, q in self.category.items() if q.min_share > 0]
        total = sum(share for _, share in floors)
        if total > 1 + 1e-9:
            reason = f"the categories' minimum shares add up to {total:.0%}"
            _refuse(f"category.{floors[-1][0]}.min_share", reason)
        return self

    @property
    def quotas(self) -> tuple[QuotaRule, ...]:
        """Quotas of categories, audience groups and brands."""
        return tuple(
            QuotaRule(kind=kind, name=name, **dict(bounds))
            for kind in ("category", "audience", "brand")
            for name, bounds in getattr(self, kind).items()
        )

    @property
    def specialities(self) -> tuple[Speciality, ...]:
        """Every street's specialities."""
        return tuple(
            Speciality(street=street, tag=tag, weight=weight)
            for street, tags in self.street.items()
            for tag, weight in tags.items()
        )

    @property
    def given(self) -> frozenset[str]:
        """Names (``section.key``) in the officer's file; all else is a default, which may yield."""
        return self._given

    @property
    def lines(self) -> Mapping[str, int]:
        """Line of every given name."""
        return self._lines

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

    def setting(self, setting: Setting) -> float:
        """The number of a rule of the registry."""
        section, _, key = setting.name.partition(".")
        return float(getattr(getattr(self, section), key))

    def where(self, name: str) -> str:
        """Where a rule stands, for messages."""
        line = self.lines.get(name)
        return f"line {line}" if line else "default"

    def read_from(self, content: str, lines: dict[str, int], given: frozenset[str]) -> Self:
        """Remember the file: its text, the line of every name, and the names it gives.

        Parameters
        ----------
        content
            The file's text.
        lines
            Line of every name.
        given
            Names that the file gives.

        Returns
        -------
        The same rules.
        """
        self._text, self._lines, self._given = content, lines, given
        return self


_TABLES = ("plan", "floor", "evenness", "supplier", "new", "touring", "venues", "splitting",
           "products")  # fmt: skip


def describe(rules: PlanRules) -> list[tuple[str, str, str]]:
    """(rule, value, where it comes from) of every rule, for a plan's record."""
    rows = []
    for section in _TABLES:
        for key, value in getattr(rules, section):
            label = f"{section}.{key}"
            if key.endswith("_fen"):  # officers read and write yuan
                shown = label.removesuffix("fen") + "yuan"
                rows.append((shown, f"{value / 100:.2f}".removesuffix(".00"), rules.where(label)))
            elif value != []:
                rows.append((label, str(value), rules.where(label)))
    for quota in rules.quotas:
        for key, info in QuotaBounds.model_fields.items():
            value = getattr(quota, key)
            if value != info.default:
                label = f"{quota.label}.{key}"
                rows.append((label, str(value), rules.where(label)))
    rows += [(f"street.{s.street}.{s.tag}", str(s.weight), "file") for s in rules.specialities]
    rows += [("exclude", f"{i.product} {i.street} {i.reason}", "file") for i in rules.exclude]
    rows += [("require", f"{i.product} {i.street} {i.reason}", "file") for i in rules.require]
    rows += [("recuse", f"{r.officer} {r.supplier} {r.reason}", "file") for r in rules.recuse]
    return rows
