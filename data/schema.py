"""The contract's tables: the one place where their columns are written down.

Everything else (database, validation, readers, writers, simulator, converters) derives from
:data:`TABLES`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds, and its dtype in a canonical frame."""

    ID = "id"  # str; letters, digits and -_.:  (a pseudonym or a code)
    TEXT = "text"  # str
    LIST = "list"  # str, entries separated by ";"
    CHOICE = "choice"  # category over Column.choices
    INT = "int"  # Int64 (nullable)
    FLOAT = "float"  # float64
    BOOL = "bool"  # boolean (nullable)
    TIME = "time"  # datetime64[us, UTC]
    PERIOD = "period"  # str; a year, quarter or month: 2027, 2027Q1, 2027-01
    DATE = "date"  # datetime64[us], midnight, no zone


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        As in the contract; units stand in the name.
    kind
        Decides dtype, parsing and the checks every value undergoes.
    required
        Whether an empty value is bad input.
    choices
        The allowed values of a ``CHOICE`` column, or of each entry of a ``LIST`` column.
    low, high
        Inclusive range of a numeric column.
    references
        The table whose key the value must be found in (single-column keys only).
    past
        Whether a time after the import's clock is bad input.
    longest
        Most characters of a text.
    """

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    references: str | None = None
    past: bool = False
    longest: int = 500


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes
    ----------
    name
        As in the contract.
    columns
        In the contract's order.
    key
        Names of the key columns.
    ordered
        Pairs (earlier, later) of time or date columns that must not be reversed.
    newest
        The column that decides between two versions of one row (a repeated or late update);
        ``None`` when a second, different version inside one file is bad input.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    ordered: tuple[tuple[str, str], ...] = ()
    newest: str | None = None

    def column(self, name: str) -> Column:
        """One column by name.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names, in order."""
        return tuple(column.name for column in self.columns)


AREA_LEVELS = ("city", "district", "street", "neighbourhood")
VENUE_LEVELS = (*AREA_LEVELS, "private")
AGE_BANDS = ("0-13", "14-17", "18-34", "35-59", "60-69", "70+")
SEXES = ("f", "m", "u")
SUPPLIER_KINDS = ("company", "social_organisation", "public_institution")
CATEGORIES = (
    "performance", "lecture", "exhibition", "tour", "course", "film", "activity", "reading",
    "online",
)  # fmt: skip
AUDIENCE_GROUPS = ("all", "children", "family", "youth", "adult", "senior", "disabled")
EVENT_STATUSES = ("open", "cancelled", "done")
BOOKING_STATUSES = ("booked", "waitlisted", "cancelled", "attended", "no_show")
FOLLOW_KINDS = ("category", "tag", "supplier", "venue", "product")
SURVEY_KINDS = ("category", "product", "tag")
SURVEY_CHANNELS = ("paper", "online", "meeting")
REQUEST_KINDS = ("category", "tag", "product", "text")
REQUEST_STATUSES = ("open", "planned", "held", "declined")
HOLIDAY_KINDS = ("holiday", "workday")
ORDER_STATUSES = ("proposed", "approved", "rejected", "ordered", "delivered", "accepted")

_ID, _TEXT, _LIST, _CHOICE = Kind.ID, Kind.TEXT, Kind.LIST, Kind.CHOICE
_INT, _FLOAT, _BOOL, _TIME, _DATE = Kind.INT, Kind.FLOAT, Kind.BOOL, Kind.TIME, Kind.DATE

_LAT = Column("lat", _FLOAT, low=-90, high=90)
_LON = Column("lon", _FLOAT, low=-180, high=180)


def _table(
    name: str,
    key: str,
    *columns: Column,
    ordered: tuple[tuple[str, str], ...] = (),
    newest: str | None = None,
) -> Table:
    return Table(name, columns, tuple(key.split()), ordered, newest)


_ALL = (
    _table(
        "areas",
        "area_code",
        Column("area_code", _ID, required=True),
        Column("name", _TEXT, required=True),
        Column("level", _CHOICE, required=True, choices=AREA_LEVELS),
        Column("parent_code", _ID),
        Column("population", _INT, low=0),
        Column("workers", _INT, low=0),
        _LAT,
        _LON,
    ),
    _table(
        "population",
        "area_code age_band sex",
        Column("area_code", _ID, required=True, references="areas"),
        Column("age_band", _CHOICE, required=True, choices=AGE_BANDS),
        Column("sex", _CHOICE, required=True, choices=SEXES),
        Column("people", _INT, required=True, low=0),
    ),
    _table(
        "venues",
        "venue_id",
        Column("venue_id", _ID, required=True),
        Column("name", _TEXT, required=True),
        Column("area_code", _ID, references="areas"),
        Column("level", _CHOICE, choices=VENUE_LEVELS),
        Column("kind", _TEXT),
        _LAT,
        _LON,
        Column("seats", _INT, low=0),
        Column("step_free", _BOOL),
        Column("open_hours_per_week", _FLOAT, low=0, high=168),
    ),
    _table(
        "suppliers",
        "supplier_id",
        Column("supplier_id", _ID, required=True),
        Column("name", _TEXT, required=True),
        Column("kind", _CHOICE, choices=SUPPLIER_KINDS),
        Column("licences", _LIST, longest=2_000),
        Column("licence_valid_until", _DATE),
        Column("active_since", _DATE),
    ),
    _table(
        "products",
        "product_id",
        Column("product_id", _ID, required=True),
        Column("supplier_id", _ID, references="suppliers"),
        Column("title", _TEXT, required=True),
        Column("description", _TEXT, longest=20_000),
        Column("category", _CHOICE, required=True, choices=CATEGORIES),
        Column("tags", _LIST, longest=2_000),
        Column("price_fen", _INT, low=0),
        Column("duration_min", _INT, low=1),
        Column("audience_max", _INT, low=1),
        Column("min_seats", _INT, low=0),
        Column("audience_groups", _LIST, choices=AUDIENCE_GROUPS),
        Column("min_age", _INT, low=0, high=120),
        Column("licence_required", _TEXT),
        Column("listed_from", _DATE),
        Column("listed_until", _DATE),
        Column("sessions_max", _INT, low=0),
        ordered=(("listed_from", "listed_until"),),
    ),
    _table(
        "orders",
        "order_id",
        Column("order_id", _ID, required=True),
        Column("plan_id", _ID),
        Column("line_id", _ID),
        Column("buyer_code", _ID, required=True, references="areas"),
        Column("product_id", _ID, required=True, references="products"),
        Column("venue_id", _ID, references="venues"),
        Column("scheduled_on", _DATE),
        Column("sessions", _INT, required=True, low=1),
        Column("amount_fen", _INT, low=0),
        Column("status", _CHOICE, required=True, choices=ORDER_STATUSES),
        Column("decided_by", _TEXT),
        Column("decided_at", _TIME, past=True),
        Column("reason", _TEXT, longest=20_000),
        Column("satisfaction", _INT, low=1, high=5),
    ),
    _table(
        "events",
        "event_id",
        Column("event_id", _ID, required=True),
        Column("product_id", _ID, references="products"),
        Column("venue_id", _ID, references="venues"),
        Column("title", _TEXT),
        Column("starts_at", _TIME, required=True),
        Column("ends_at", _TIME),
        Column("seats", _INT, low=0),
        Column("ticket_fen", _INT, low=0),
        Column("published_at", _TIME),
        Column("booking_closes_at", _TIME),
        Column("status", _CHOICE, choices=EVENT_STATUSES),
        Column("order_id", _ID, references="orders"),
        ordered=(("starts_at", "ends_at"),),
    ),
    _table(
        "residents",
        "resident_id",
        Column("resident_id", _ID, required=True),
        Column("area_code", _ID, references="areas"),
        Column("age_band", _CHOICE, choices=AGE_BANDS),
        Column("sex", _CHOICE, choices=SEXES),
        Column("joined_at", _TIME, past=True),
        Column("personalised", _BOOL),
        Column("guardian_consent", _BOOL),
    ),
    _table(
        "bookings",
        "booking_id",
        Column("booking_id", _ID, required=True),
        Column("resident_id", _ID, required=True, references="residents"),
        Column("event_id", _ID, required=True, references="events"),
        Column("booked_at", _TIME, required=True, past=True),
        Column("seats", _INT, low=1),
        Column("status", _CHOICE, required=True, choices=BOOKING_STATUSES),
        Column("updated_at", _TIME, past=True),
        Column("suggestion_id", _ID),
        ordered=(("booked_at", "updated_at"),),
        newest="updated_at",
    ),
    _table(
        "ratings",
        "resident_id event_id",
        Column("resident_id", _ID, required=True, references="residents"),
        Column("event_id", _ID, required=True, references="events"),
        Column("stars", _INT, required=True, low=1, high=5),
        Column("rated_at", _TIME, required=True, past=True),
        Column("comment", _TEXT, longest=20_000),
        newest="rated_at",
    ),
    _table(
        "impressions",
        "impression_id",
        Column("impression_id", _ID, required=True),
        Column("resident_id", _ID, references="residents"),
        Column("event_id", _ID, required=True, references="events"),
        Column("shown_at", _TIME, required=True, past=True),
        Column("surface", _TEXT),
        Column("position", _INT, low=1),
        Column("propensity", _FLOAT, low=1e-9, high=1),
        Column("suggestion_id", _ID),
        Column("model_version", _TEXT),
    ),
    _table(
        "follows",
        "resident_id target_kind target",
        Column("resident_id", _ID, required=True, references="residents"),
        Column("target_kind", _CHOICE, required=True, choices=FOLLOW_KINDS),
        Column("target", _TEXT, required=True),
        Column("since", _TIME, past=True),
    ),
    _table(
        "surveys",
        "survey_id",
        Column("survey_id", _ID, required=True),
        Column("area_code", _ID, required=True, references="areas"),
        Column("age_band", _CHOICE, choices=AGE_BANDS),
        Column("target_kind", _CHOICE, required=True, choices=SURVEY_KINDS),
        Column("target", _TEXT, required=True),
        Column("votes", _INT, required=True, low=0),
        Column("respondents", _INT, low=0),
        Column("channel", _CHOICE, choices=SURVEY_CHANNELS),
        Column("collected_at", _DATE, past=True),
    ),
    _table(
        "requests",
        "request_id",
        Column("request_id", _ID, required=True),
        Column("resident_id", _ID, required=True, references="residents"),
        Column("area_code", _ID, references="areas"),
        Column("target_kind", _CHOICE, required=True, choices=REQUEST_KINDS),
        Column("target", _TEXT, required=True),
        Column("asked_at", _TIME, required=True, past=True),
        Column("status", _CHOICE, choices=REQUEST_STATUSES),
        Column("answer", _TEXT, longest=2_000),
    ),
    _table(
        "holidays",
        "date",
        Column("date", _DATE, required=True),
        Column("name", _TEXT),
        Column("kind", _CHOICE, required=True, choices=HOLIDAY_KINDS),
    ),
    _table(
        "budgets",
        "buyer_code period",
        Column("buyer_code", _ID, required=True, references="areas"),
        Column("period", Kind.PERIOD, required=True),
        Column("amount_fen", _INT, required=True, low=0),
    ),
)

TARGET_TABLES = {"product": "products", "supplier": "suppliers", "venue": "venues"}
"""Where the ``target`` of a row is to be found, by its ``target_kind``."""

TABLES: dict[str, Table] = {table.name: table for table in _ALL}
"""All tables by name, in an order in which references come first."""

NEEDED_TO_TRAIN = ("areas", "products", "events", "residents", "bookings")
