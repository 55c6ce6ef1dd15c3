"""Small tables in which every rule has something to do, a model of them, and a slow checker."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.suggestions.list_tables import ListTables
from serving.suggestions.suggester import Suggester
from training.suggestions.fit import fit_suggestions

NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)
CATEGORIES = ("performance", "lecture", "film", "reading")
BANDS = ("0-13", "14-17", "18-34", "35-59", "60-69", "70+", None)
OLDEST = {"0-13": 13, "14-17": 17, "18-34": 34, "35-59": 59, "60-69": 69, "70+": 120}
IMPLIED = {
    "all": 0,
    "children": 0,
    "family": 0,
    "disabled": 0,
    "youth": 14,
    "adult": 18,
    "senior": 18,
}
STREETS = {"310105101": (31.21, 121.42), "310105102": (31.22, 121.40), "310105103": (None, None)}
STANDING = ("booked", "waitlisted", "attended", "no_show")


def frame(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    return canonical(pd.DataFrame(rows), TABLES[name])


def make_random_world(seed: int, n_events: int = 24, n_residents: int = 12) -> Dataset:
    """Small tables in which every rule has something to do."""
    rng = np.random.default_rng(seed)

    def some(*values: object) -> object:
        return values[rng.integers(len(values))]

    def hours(count: float) -> datetime:
        return NOW + timedelta(hours=round(float(count), 2))

    venues = [
        {
            "venue_id": f"v{i}",
            "name": f"场馆{i}",
            "area_code": some(*STREETS),
            "lat": some(None, 31.2 + rng.random() / 10),
            "lon": 121.4 + rng.random() / 10,
            "step_free": some(True, False, None),
        }
        for i in range(5)
    ]
    products = [
        {
            "product_id": f"p{i}",
            "supplier_id": some("s0", "s1", None),
            "title": f"{some('评弹', '昆曲', '朗读')}{i}",
            "category": some(*CATEGORIES),
            "tags": some("舞蹈", "海派;音乐", None),
            "min_age": some(None, 6, 16, 18, 60),
            "audience_groups": some(None, "all", "senior", "adult", "children;family", "youth"),
            "duration_min": some(None, 45, 120),
        }
        for i in range(8)
    ]
    events = []
    for i in range(n_events):
        start = rng.uniform(-30, 200)
        events.append(
            {
                "event_id": f"e{i}",
                "product_id": some(None, *(p["product_id"] for p in products)),
                "venue_id": some(None, *(v["venue_id"] for v in venues)),
                "title": some(None, f"第{i}场"),
                "starts_at": hours(start),
                "ends_at": some(None, hours(start + rng.uniform(0.5, 4)), hours(start + 40)),
                "seats": some(None, 1, 2, 3, 40),
                "ticket_fen": some(None, 0, 3000),
                "published_at": some(None, hours(rng.uniform(-300, 3))),
                "booking_closes_at": some(None, None, hours(start - rng.uniform(0, 60))),
                "status": some("open", "open", "open", "cancelled", "done", None),
            }
        )
    residents = [
        {
            "resident_id": f"r{i:02d}",
            "area_code": some(None, *STREETS),
            "age_band": some(*BANDS),
            "personalised": some(True, True, False, None),
            "guardian_consent": some(True, False, None),
        }
        for i in range(n_residents)
    ]
    bookings = []
    for i in range(int(rng.integers(5, 60))):
        event = events[rng.integers(n_events)]
        bookings.append(
            {
                "booking_id": f"b{i}",
                "resident_id": f"r{rng.integers(n_residents):02d}",
                "event_id": event["event_id"],
                "booked_at": min(NOW, event["starts_at"]) - timedelta(hours=rng.uniform(0, 300)),
                "seats": some(None, 1, 2),
                "status": some("booked", "booked", "waitlisted", "cancelled", "attended"),
            }
        )
    return Dataset(
        {
            "areas": frame(
                "areas",
                [
                    {
                        "area_code": c,
                        "name": f"街道{c[-1]}",
                        "level": "street",
                        "lat": p[0],
                        "lon": p[1],
                    }
                    for c, p in STREETS.items()
                ],
            ),
            "suppliers": frame("suppliers", [{"supplier_id": s, "name": s} for s in ("s0", "s1")]),
            "venues": frame("venues", venues),
            "products": frame("products", products),
            "events": frame("events", events),
            "residents": frame("residents", residents),
            "bookings": frame("bookings", bookings),
        }
    )


def known(value: object) -> bool:
    return value is not None and value is not pd.NaT and value is not pd.NA and value == value


def metres(a: tuple[object, object], b: tuple[object, object]) -> float:
    """0 when either point is unknown."""
    if not all(known(x) for x in (*a, *b)):
        return 0.0
    (lat, lon), (other_lat, other_lon) = ([math.radians(float(x)) for x in p] for p in (a, b))  # type: ignore[arg-type]
    half = (
        math.sin((other_lat - lat) / 2) ** 2
        + math.cos(lat) * math.cos(other_lat) * math.sin((other_lon - lon) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half))


class Checker:
    """Eligibility written down once more, one pair at a time, without arrays."""

    def __init__(self, dataset: Dataset, reach_m: float) -> None:
        self.products = dataset["products"].set_index("product_id").to_dict("index")
        self.events = dataset["events"].set_index("event_id").to_dict("index")
        self.venues = dataset["venues"].set_index("venue_id").to_dict("index")
        self.residents = dataset["residents"].set_index("resident_id").to_dict("index")
        self.areas = dataset["areas"].set_index("area_code").to_dict("index")
        self.bookings = dataset["bookings"].to_dict("records")
        self.reach_m = reach_m

    def point(self, event: dict) -> tuple[object, object]:
        venue = self.venues.get(event["venue_id"], {})
        return venue.get("lat"), venue.get("lon")

    def end(self, event: dict) -> datetime:
        if known(event["ends_at"]):
            return event["ends_at"]
        minutes = self.products.get(event["product_id"], {}).get("duration_min")
        return event["starts_at"] + timedelta(minutes=int(minutes) if known(minutes) else 120)

    def days(self, event: dict) -> int:
        if not known(event["ends_at"]):
            return 1
        return max(1, math.ceil((event["ends_at"] - event["starts_at"]) / timedelta(days=1)))

    def bookable(self, event_id: str) -> bool:
        event = self.events[event_id]
        days = self.days(event)
        if (event["starts_at"] if days == 1 else event["ends_at"]) <= NOW:
            return False
        if known(event["published_at"]) and event["published_at"] > NOW:
            return False
        if known(event["status"]) and event["status"] != "open":
            return False
        if known(event["booking_closes_at"]) and event["booking_closes_at"] <= NOW:
            return False
        if not known(event["seats"]):
            return True
        taken, waiting = 0, 0
        for booking in self.bookings:
            seats = booking["seats"] if known(booking["seats"]) else 1
            if booking["event_id"] == event_id:
                taken += seats if booking["status"] in ("booked", "attended", "no_show") else 0
                waiting += seats if booking["status"] == "waitlisted" else 0
        room = event["seats"] * days
        return taken < room or 0 < waiting < max(room, 1)

    def eligible(self, resident_id: str, event_id: str) -> bool:
        if not self.bookable(event_id):
            return False
        event, resident = self.events[event_id], self.residents[resident_id]
        product = self.products.get(event["product_id"], {})
        age = OLDEST.get(resident["age_band"], 999)
        if known(product.get("min_age")) and age < product["min_age"]:
            return False
        groups = product.get("audience_groups")
        if known(groups) and age < min(IMPLIED[g] for g in groups.split(";")):
            return False
        paid = known(event["ticket_fen"]) and event["ticket_fen"] > 0
        consent = known(resident["guardian_consent"]) and resident["guardian_consent"]
        if age < 18 and paid and not consent:
            return False
        home = self.areas.get(resident["area_code"], {})
        if metres((home.get("lat"), home.get("lon")), self.point(event)) > self.reach_m:
            return False
        own = [
            b for b in self.bookings if b["resident_id"] == resident_id and b["status"] in STANDING
        ]
        return not any(b["event_id"] == event_id or self.clash(b, event) for b in own)

    def clash(self, booking: dict, event: dict) -> bool:
        other = self.events[booking["event_id"]]
        if booking["status"] == "waitlisted" or (
            known(other["status"]) and other["status"] != "open"
        ):
            return False
        if any(self.end(x) - x["starts_at"] > timedelta(hours=12) for x in (event, other)):
            return False
        travel = timedelta(seconds=metres(self.point(event), self.point(other)) / (15 / 3.6))
        return (
            event["starts_at"] < self.end(other) + travel
            and other["starts_at"] < self.end(event) + travel
        )


def make_plain_world() -> Dataset:
    """Sixty bookable events, and residents of one street who differ in everything else."""
    dataset = make_random_world(5, n_events=60, n_residents=8)
    silent = ["booking_closes_at", "published_at", "ends_at", "seats"]
    events = dataset["events"].drop(columns=silent)
    events["status"], events["venue_id"] = "open", "v1"
    events["starts_at"] = [pd.Timestamp(NOW) + pd.Timedelta(days=3 + i) for i in range(60)]
    people = dataset["residents"].assign(area_code="310105101")
    people["personalised"] = pd.array([False] * 4 + [True] * 4, dtype="boolean")
    people["age_band"] = ["18-34", "35-59", "60-69", "70+"] * 2
    bookings = dataset["bookings"]
    bookings = bookings[~bookings["resident_id"].isin(["r00", "r01", "r02", "r03"])]
    return dataset.replace(
        events=canonical(events, TABLES["events"]),
        residents=canonical(people, TABLES["residents"]),
        bookings=canonical(bookings, TABLES["bookings"]),
    )


def make_suggester(model: SuggestionModel, dataset: Dataset, **options: object) -> Suggester:
    policy = options.pop("policy", None)
    return Suggester(
        model,
        ListTables(dataset, NOW, **options),  # type: ignore[arg-type]
        model_version="m1",
        policy=policy,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def model() -> SuggestionModel:
    dataset = make_random_world(0, n_events=40, n_residents=30)
    return fit_suggestions(dataset, as_of=NOW, rng=np.random.default_rng(0))


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def random_world() -> Callable[..., Dataset]:
    return make_random_world


@pytest.fixture(scope="session")
def plain_world() -> Callable[[], Dataset]:
    return make_plain_world


@pytest.fixture(scope="session")
def suggester() -> Callable[..., Suggester]:
    return make_suggester


@pytest.fixture(scope="session")
def checker() -> Callable[..., Checker]:
    return Checker
