"""Every list against a slow and obvious checker, on worlds full of gaps and conflicts."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from data.dataset import Dataset, canonical
from data.schema import TABLES
from recommender.errors import UnknownIdError
from recommender.ranking.boosts import Boosts
from recommender.ranking.listing import ListPolicy
from recommender.ranking.model import SuggestionModel
from serving.batch import side_folder, suggest_all, unfinished
from serving.frames import COLUMNS, suggestions_frame
from serving.live import Live
from serving.pricing import load_prices, price_seats, save_prices
from serving.suggesting import NothingEligibleError, Suggester
from training.suggestions import fit_suggestions

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


def random_world(seed: int, n_events: int = 24, n_residents: int = 12) -> Dataset:
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

    def bookable(self, event_id: str) -> bool:
        event = self.events[event_id]
        if event["starts_at"] <= NOW:
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
        return taken < event["seats"] or 0 < waiting < max(event["seats"], 1)

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


NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A seed cannot be made simpler, and every example fits a world."""


@pytest.fixture(scope="module")
def model() -> SuggestionModel:
    dataset = random_world(0, n_events=40, n_residents=30)
    return fit_suggestions(dataset, as_of=NOW, rng=np.random.default_rng(0))


def suggester(model: SuggestionModel, dataset: Dataset, **options: object) -> Suggester:
    policy = options.pop("policy", None)
    return Suggester(
        model,
        Live(dataset, NOW, **options),  # type: ignore[arg-type]
        model_version="m1",
        policy=policy,  # type: ignore[arg-type]
    )


@given(seed=st.integers(0, 10**6), n=st.sampled_from([1, 6, 50]), full=st.booleans())
@settings(max_examples=15, deadline=None, phases=NO_SHRINKING)
def test_no_list_holds_what_it_may_not_and_none_is_short(
    model: SuggestionModel, seed: int, n: int, full: bool
) -> None:
    dataset = random_world(seed)
    policy = ListPolicy(full_up_to=600 if full else 0)
    made = suggester(model, dataset, policy=policy)
    checker = Checker(dataset, made.live.reach_m)
    for resident in dataset["residents"]["resident_id"]:
        wanted = {event for event in checker.events if checker.eligible(resident, event)}
        if not wanted:
            with pytest.raises(NothingEligibleError):
                made.for_resident(resident, n)
            continue
        listed = [line.event_id for line in made.for_resident(resident, n)]
        assert set(listed) <= wanted
        assert len(listed) == len(set(listed)) == min(n, len(wanted))


@given(seed=st.integers(0, 10**6))
@settings(max_examples=6, deadline=None, phases=NO_SHRINKING)
def test_place_lists_and_similar_events_can_be_booked(model: SuggestionModel, seed: int) -> None:
    dataset = random_world(seed)
    made = suggester(model, dataset)
    checker = Checker(dataset, made.live.reach_m)
    open_ = {event for event in checker.events if checker.bookable(event)}
    if len(open_) < 2:
        return
    for place in ("310105101", "v0"):
        assert {line.event_id for line in made.for_place(place, 50)} <= open_
    for event in list(checker.events)[:5]:
        found = [line.event_id for line in made.similar(event, 50)]
        assert set(found) == open_ - {event}


def line_up(made: Suggester, resident: str, n: int = 10) -> list[tuple[str, float]]:
    return [(line.event_id, line.score) for line in made.for_resident(resident, n)]


def plain_world() -> Dataset:
    """Sixty bookable events, and residents of one street who differ in everything else."""
    dataset = random_world(5, n_events=60, n_residents=8)
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


def test_whoever_switched_personalisation_off_gets_the_list_of_the_place(
    model: SuggestionModel,
) -> None:
    made = suggester(model, plain_world())
    place = [(line.event_id, line.score) for line in made.for_place("310105101", 10)]
    assert len(place) == 10
    for resident in ("r00", "r01", "r02", "r03"):
        assert line_up(made, resident) == place


def test_distilled_scores_are_the_full_ones_for_nobody_and_close_for_somebody(
    model: SuggestionModel,
) -> None:
    dataset = plain_world()
    full = suggester(model, dataset).engine
    quick = suggester(model, dataset, policy=ListPolicy(full_up_to=0)).engine.quick
    assert quick is not None
    everybody = full.ask_residents(0, 8)
    truth = full.scores(everybody, np.arange(60)).total
    found = quick.score(everybody.residents, everybody.streets)
    nobody = everybody.residents < 0
    np.testing.assert_allclose(found[nobody], truth[nobody], atol=1e-5)
    for row in np.flatnonzero(~nobody):
        assert np.corrcoef(found[row], truth[row])[0, 1] > 0.8
        alone = quick.score(everybody.residents[[row]], everybody.streets[[row]])
        np.testing.assert_allclose(alone[0], found[row], rtol=1e-4, atol=1e-5)


def test_where_a_first_stage_chooses_lists_are_still_the_full_rankers(
    model: SuggestionModel,
) -> None:
    dataset = plain_world()
    full, engine = (
        suggester(model, dataset, policy=ListPolicy(full_up_to=most, shortlist=12)).engine
        for most in (600, 0)
    )
    asked = full.ask_residents(0, 8)
    wanted, found = full.lists(asked, 5), engine.lists(asked, 5)
    same = [len(set(a) & set(b)) / 5 for a, b in zip(wanted.columns, found.columns, strict=True)]
    assert np.mean(same) > 0.9
    # What is in both lists has the full ranker's score there.
    for row in range(8):
        scores = dict(
            zip(wanted.columns[row], wanted.score[row] - wanted.variety[row], strict=True)
        )
        for column, score in zip(
            found.columns[row], found.score[row] - found.variety[row], strict=True
        ):
            if column in scores:
                assert score == pytest.approx(scores[column], abs=1e-4)


def test_the_same_question_gets_the_same_answer(model: SuggestionModel) -> None:
    first, second = (suggester(model, plain_world()) for _ in range(2))
    for resident in ("r00", "r05"):
        assert first.for_resident(resident) == second.for_resident(resident)


def test_the_arithmetic_adds_up(model: SuggestionModel) -> None:
    boosts = Boosts.parse({"district": {"category:film": 0.7, "tag:舞蹈": 0.2}})
    made = Suggester(
        model,
        Live(plain_world(), NOW, boosts=boosts),
        model_version="m1",
        prices=np.linspace(0, 3, 60),
    )
    seen = set()
    for resident in made.live.world.residents.ids:
        lines, sums = made.explain(made.ask(resident), 12)
        assert [line.score for line in lines] == [told.score for told in sums]
        ranked = [line.score for line in lines if line.slot != "explore"]
        assert ranked == sorted(ranked, reverse=True)
        for told in sums:
            assert sum(told.parts.values()) == pytest.approx(told.score, abs=1e-4)
            seen |= set(told.parts)
    assert {"boost", "capacity_price", "variety"} <= seen


def test_reasons_speak_both_languages_and_share_the_credit(model: SuggestionModel) -> None:
    made = suggester(model, plain_world())
    lines = made.for_resident("r05", 10)
    assert any(line.reasons for line in lines)
    for line in lines:
        assert sum(reason.weight for reason in line.reasons) <= 1 + 1e-6
        assert all(reason.zh and reason.en for reason in line.reasons)
    frame = suggestions_frame(lines, "en")
    assert tuple(frame.columns) == COLUMNS
    assert frame["starts_at"].str.endswith("+08:00").all()


def test_exploration_is_marked_and_logged(model: SuggestionModel) -> None:
    made = suggester(model, plain_world())
    lines = made.for_resident("r05", 10)
    assert [line.slot for line in lines] == ["ranked"] * 9 + ["explore"]
    assert all(line.propensity == 1 for line in lines[:9])
    assert 0 < lines[-1].propensity < 1


def test_unknown_names_are_told(model: SuggestionModel) -> None:
    made = suggester(model, plain_world())
    for ask in (made.for_resident, made.for_place, made.similar):
        with pytest.raises(UnknownIdError, match="nowhere"):
            ask("nowhere")


def test_nothing_ahead_is_told(model: SuggestionModel) -> None:
    dataset = plain_world()
    late = Live(dataset, NOW + timedelta(days=900))
    with pytest.raises(NothingEligibleError, match="no event lies ahead"):
        Suggester(model, late, model_version="m1").for_resident("r05")
    muted = pd.DataFrame(
        [{"resident_id": "r05", "target_kind": "venue", "target": "v1"}], dtype="str"
    )
    with pytest.raises(NothingEligibleError, match="muted by the resident"):
        suggester(model, dataset, muted=muted).for_resident("r05")


def test_seat_prices_of_the_batch_serve_single_lists_for_two_days(
    model: SuggestionModel, tmp_path: Path
) -> None:
    made = suggester(model, plain_world())
    prices = np.linspace(0, 2, 60)
    assert load_prices(tmp_path, made.live, "m1") is None
    save_prices(tmp_path, made.live, prices, "m1")
    found = load_prices(tmp_path, made.live, "m1")
    assert found is not None
    np.testing.assert_array_equal(found, prices)
    assert load_prices(tmp_path, made.live, "m2") is None
    later = Live(plain_world(), NOW + timedelta(hours=49))
    assert load_prices(tmp_path, later, "m1") is None


def test_scarce_seats_get_a_price(model: SuggestionModel) -> None:
    dataset = plain_world()
    seats = pd.array([None] * 60, dtype="Int64")
    favourite = suggester(model, dataset).for_resident("r05", 1)[0].event_id
    events = dataset["events"].assign(seats=seats)
    events.loc[events["event_id"] == favourite, "seats"] = 1
    made = suggester(model, dataset.replace(events=events))
    prices = price_seats(made.engine, 5, rng=np.random.default_rng(0))
    assert prices.shape == (60,)
    assert (prices >= 0).all()
    priced = dict(zip(made.live.text.event_id, prices.tolist(), strict=True))
    assert all(price == 0 for event, price in priced.items() if event != favourite)


class KilledError(Exception):
    """Stands for a killed process."""


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_killed_batch_goes_on_and_equals_single_lists(
    model: SuggestionModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr("serving.batch.BLOCK", 3)
    made = suggester(model, plain_world())
    out = tmp_path / f"lists{ending}"

    def die(done: int, _: int) -> None:
        if done >= 6:
            raise KilledError

    with pytest.raises(KilledError):
        suggest_all(made, 10, out, told=die)
    assert not out.exists()
    assert unfinished(out) == NOW
    kept = sorted(side_folder(out).glob("*.parquet"))
    stamps = [part.stat().st_mtime_ns for part in kept]
    assert len(kept) == 2
    done: list[int] = []

    def watch(count: int, _: int) -> None:
        done.append(count)
        assert [part.stat().st_mtime_ns for part in kept] == stamps

    rows = suggest_all(made, 10, out, told=watch)
    assert done == [3, 6, 8]
    assert not side_folder(out).exists()
    frame = pd.read_parquet(out) if ending == ".parquet" else pd.read_csv(out)
    assert len(frame) == rows == 80
    assert tuple(frame.columns) == ("resident_id", *COLUMNS)
    for resident, lines in frame.groupby("resident_id"):
        single = suggestions_frame(made.for_resident(str(resident), 10))
        assert lines["event_id"].tolist() == single["event_id"].tolist()
        assert lines["suggestion_id"].tolist() == single["suggestion_id"].tolist()
        np.testing.assert_allclose(lines["propensity"], single["propensity"])


def test_blocks_of_another_run_are_not_taken_over(model: SuggestionModel, tmp_path: Path) -> None:
    out = tmp_path / "lists.parquet"
    side = side_folder(out)
    side.mkdir()
    (side / "run.json").write_text(json.dumps({"at": NOW.isoformat(), "n": 3}), encoding="utf-8")
    (side / "000000000.parquet").write_bytes(b"not a table")
    assert suggest_all(suggester(model, plain_world()), 4, out) == 32
