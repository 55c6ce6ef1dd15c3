"""What a simulated district is made with."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from recommender.errors import UsageError

LOCAL = ZoneInfo("Asia/Shanghai")
DAY_S = 86_400
OFFSET_S = 8 * 3_600
"""Shanghai has been at +08:00, without summer time, since 1992."""


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """All that decides a simulated world; the same settings give the same bytes.

    Attributes
    ----------
    preset, seed
        Where the settings started, and the one source of chance.
    until
        The world's present: midnight, local time, of the first day of a quarter. No booking,
        rating or impression is later; the catalogue year begins here.
    years
        Catalogue years of history before ``until``.
    place
        ``changning`` (real codes and names) or ``invented``.
    residents
        Registered residents, the rows of ``residents``; all people are more (app use is partial).
    products, events
        A catalogue year's products and a year's events.
    visits_per_year
        App visits of a mean resident in a year.
    slots
        Events shown at a visit.
    impressions_kept_days
        How long the platform keeps its impression log; older ones are not written.
    app_bias
        1 = registration falls with age as assumed, 0 = the same at every age, 2 = twice as steep.
    offline_reach
        How often people without the app hear of an event, against app users of their kind.
    no_show_free, no_show_paid
        Shares of kept bookings that nobody comes for.
    distance_decay
        1 = willingness falls to 1/e over 1.8 km; 2 = over half of that; 0 = distance is nothing.
    seat_scarcity
        Seats are divided by it.
    sold_out_share
        The share of sessions whose demand exceeds their seats, before ``seat_scarcity``.
    overdispersion
        Standard deviation of the log of an event's unexplained effect (weather, a poster seen).
    hidden_share
        Share of the variance of a product's appeal that none of its features tells.
    habit
        How much more often a resident follows up on a supplier she knows.
    habit_orders
        How strongly buyers order what was popular and whom they know, against chance.
    truth_people
        People the truth is summed over; beyond this many, a weighted sample stands for all.
    districts
        Districts of an invented city.
    """

    preset: str
    seed: int
    until: datetime
    residents: int
    products: int
    events: int
    place: str = "changning"
    years: int = 2
    visits_per_year: float = 18.0
    slots: int = 5
    impressions_kept_days: int = 120
    app_bias: float = 1.0
    offline_reach: float = 1.0
    no_show_free: float = 0.28
    no_show_paid: float = 0.17
    distance_decay: float = 1.0
    seat_scarcity: float = 1.0
    sold_out_share: float = 0.2
    overdispersion: float = 0.35
    hidden_share: float = 0.33
    habit: float = 1.8
    habit_orders: float = 1.0
    truth_people: int = 60_000
    districts: int = 1

    def __post_init__(self) -> None:
        local = self.until.astimezone(LOCAL)
        if (local.hour, local.minute, local.second, local.day) != (
            0,
            0,
            0,
            1,
        ) or local.month % 3 != 1:
            raise UsageError(
                "the present must be the first midnight of a quarter, local time.",
                "For example --until 2026-10-01T00:00+08:00",
            )
        ranges = {
            "residents": (200, 20_000_000),
            "products": (50, 50_000),
            "events": (40, 500_000),
            "years": (1, 6),
            "app_bias": (0, 4),
            "offline_reach": (0, 5),
            "no_show_free": (0, 0.9),
            "no_show_paid": (0, 0.9),
            "distance_decay": (0, 10),
            "seat_scarcity": (0.05, 20),
            "sold_out_share": (0.0, 0.95),
            "overdispersion": (0, 2),
            "hidden_share": (0, 1),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(
                    f"{name} is {value}, outside {low} to {high}.",
                    f"Give --{name.replace('_', '-')} a value in that range.",
                )

    @property
    def seats_scale(self) -> float:
        """How large rooms and audiences are beside usual ones: as large as this world's crowds."""
        asked = self.residents * self.visits_per_year * 0.35 / self.events / 95
        calm = max(0.0, (0.2 - self.sold_out_share) / 0.2)
        return min(max(asked, 0.5), 2.5) * (1 + 2 * calm)

    @property
    def until_s(self) -> int:
        """The present, in seconds since 1970, UTC."""
        return int(self.until.timestamp())

    @property
    def start(self) -> datetime:
        """The first local midnight of the history."""
        local = self.until.astimezone(LOCAL)
        return local.replace(year=local.year - self.years)

    @property
    def quarters(self) -> list[datetime]:
        """First midnights of the history's quarters and of the next one, local time."""
        first = self.start
        found: list[datetime] = []
        while len(found) <= 4 * self.years:
            found.append(first)
            first = (first + timedelta(days=95)).replace(day=1)
        return found


def period_name(moment: datetime) -> str:
    """The quarter of a moment, such as ``2026Q4``."""
    local = moment.astimezone(LOCAL)
    return f"{local.year}Q{(local.month + 2) // 3}"


UNTIL = datetime(2026, 9, 30, 16, tzinfo=UTC)

PRESETS: dict[str, dict[str, Any]] = {
    "demo": {"residents": 20_000, "products": 700, "events": 1_700},
    "district": {
        "residents": 700_000,
        "products": 5_000,
        "events": 20_000,
        "visits_per_year": 16.0,
        "impressions_kept_days": 60,
    },
    "city": {
        "place": "invented",
        "districts": 16,
        "residents": 10_000_000,
        "products": 7_700,
        "events": 40_000,
        "years": 1,
        "visits_per_year": 8.0,
        "impressions_kept_days": 14,
        "truth_people": 100_000,
    },
}


def settings_for(preset: str, seed: int, **overrides: Any) -> SimulationSettings:
    """The settings of a preset, with some of them changed.

    Parameters
    ----------
    preset
        ``demo``, ``district`` or ``city``.
    seed
        The one source of chance.
    overrides
        Fields of :class:`SimulationSettings`; those that are ``None`` stay as the preset has them.

    Returns
    -------
    The settings, validated.

    Raises
    ------
    UsageError
        For an unknown preset or a value out of range.
    """
    if preset not in PRESETS:
        raise UsageError(f"{preset!r} is not a preset.", f"Choose from {', '.join(PRESETS)}.")
    settings = SimulationSettings(preset=preset, seed=seed, **{"until": UNTIL, **PRESETS[preset]})
    return replace(settings, **{k: v for k, v in overrides.items() if v is not None})
