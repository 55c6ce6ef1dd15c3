"""Demand fitted from tables: planted rates, missing tables, odd calls."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from recommender.demand.model import DemandModel
from recommender.errors import UnknownIdError, UsageError
from recommender.types import IdMap
from serving.demand.frames import COLUMNS, demand_frame, explain_frame, location_quotient_frame
from training.demand.fit import fit_demand

AS_OF = datetime(2027, 1, 1, tzinfo=UTC)
STREETS = ("310105001", "310105002", "310105003", "310105004")


def world(*, seed: int = 0, per_street: int = 400, population: bool = True) -> Dataset:
    """Four streets, twelve products; even products are wanted in even streets."""
    rng = np.random.default_rng(seed)
    n = per_street * len(STREETS)
    street = np.repeat(np.arange(len(STREETS)), per_street)
    band = rng.choice(["18-34", "60-69"], n, p=[0.8, 0.2])
    residents = pd.DataFrame(
        {
            "resident_id": [f"r{i}" for i in range(n)],
            "area_code": [f"{STREETS[s]}01" for s in street],
            "age_band": band,
        }
    )
    areas = pd.DataFrame(
        [{"area_code": code, "name": code, "level": "street"} for code in STREETS]
        + [
            {"area_code": f"{code}01", "name": "c", "level": "neighbourhood", "parent_code": code}
            for code in STREETS
        ]
    )
    people = pd.DataFrame(
        [
            {"area_code": f"{code}01", "age_band": b, "sex": "u", "people": p}
            for code in STREETS
            for b, p in (("18-34", 1000), ("60-69", 3000))
        ]
    )
    products = pd.DataFrame(
        {
            "product_id": [f"p{i:02d}" for i in range(12)],
            "title": [f"product {i}" for i in range(12)],
            "category": "film",
            "listed_from": pd.Timestamp("2026-01-01"),
            "listed_until": [pd.Timestamp("2026-12-31") if i == 11 else pd.NaT for i in range(12)],
        }
    )
    events = pd.DataFrame(
        {
            "event_id": [f"e{i:02d}" for i in range(10)],
            "product_id": [f"p{i:02d}" for i in range(10)],
            "starts_at": pd.Timestamp("2026-06-01", tz="UTC") + pd.to_timedelta(range(10), "D"),
            "status": "done",
        }
    )
    rows = []
    for i in range(10):
        rate = np.where(street % 2 == i % 2, 0.2, 0.05) * np.where(band == "60-69", 0.5, 1.0)
        who = (rng.random(n) < rate).nonzero()[0]
        rows.append(pd.DataFrame({"resident_id": [f"r{j}" for j in who], "event_id": f"e{i:02d}"}))
    bookings = pd.concat(rows, ignore_index=True)
    bookings["booking_id"] = [f"b{i}" for i in range(len(bookings))]
    bookings["booked_at"] = pd.Timestamp("2026-05-20", tz="UTC")
    bookings["status"] = "attended"
    bookings["updated_at"] = pd.Timestamp("2026-06-20", tz="UTC")
    frames = {
        "areas": areas, "products": products, "events": events, "residents": residents,
        "bookings": bookings,
    }  # fmt: skip
    if population:
        frames["population"] = people
    return Dataset({name: canonical(frame, TABLES[name]) for name, frame in frames.items()})


@pytest.fixture(scope="module")
def model() -> DemandModel:
    return fit_demand(world(), as_of=AS_OF, rng=np.random.default_rng(0))


def test_planted_rates_come_back_scaled_to_the_population(model: DemandModel) -> None:
    estimate = model.estimate(model.streets, model.products, "2027Q1")
    truth = np.where(np.arange(4)[:, None] % 2 == np.arange(10) % 2, 0.2, 0.05)
    truth = truth * (1000 + 3000 * 0.5)
    found = estimate.expected[:, :10]
    assert np.abs(found - truth).sum() / truth.sum() < 0.15
    assert found.sum() == pytest.approx(truth.sum(), rel=0.06)
    inside = (estimate.low[:, :10] <= truth) & (truth <= estimate.high[:, :10])
    assert inside.mean() > 0.6


def test_a_new_product_gets_a_figure_with_a_wide_interval(model: DemandModel) -> None:
    estimate = model.estimate(model.streets, model.products, "2027Q1")
    assert (estimate.expected[:, 10] > 0).all()
    ratio = estimate.high / estimate.low
    assert (ratio[:, 10] > ratio[:, :10].mean(axis=1)).all()
    assert estimate.evidence_bookings[:, 10].sum() == 0


def test_the_same_model_comes_back_from_its_arrays(model: DemandModel) -> None:
    again = DemandModel.from_arrays(model.to_arrays())
    pd.testing.assert_frame_equal(demand_frame(again, "2027Q1"), demand_frame(model, "2027Q1"))


def test_rows_are_the_listed_products_by_falling_demand(model: DemandModel) -> None:
    frame = demand_frame(model, "2027Q1")
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 4 * 11
    assert "p11" not in set(frame["product_id"])
    assert frame["expected"].is_monotonic_decreasing
    assert list(frame["rank"]) == list(range(1, 45))
    one = demand_frame(model, "2026Q3", street=STREETS[1], category="film")
    assert len(one) == 12
    assert set(one["street_code"]) == {STREETS[1]}


def test_without_optional_tables_the_figures_are_those_of_the_residents() -> None:
    found = fit_demand(world(population=False), as_of=AS_OF, rng=np.random.default_rng(0))
    kept = found.expected[:, :10]
    assert kept.sum() == pytest.approx(found.bookings.sum(), rel=0.1)


def test_unknown_street_product_category_and_period_are_refused(model: DemandModel) -> None:
    with pytest.raises(UnknownIdError):
        model.estimate(IdMap(["nowhere"]), model.products, "2027Q1")
    with pytest.raises(UnknownIdError):
        model.estimate(model.streets, IdMap(["nothing"]), "2027Q1")
    with pytest.raises(UnknownIdError, match="Known: 310105001"):
        demand_frame(model, "2027Q1", street="nowhere")
    with pytest.raises(UsageError, match="film"):
        demand_frame(model, "2027Q1", category="opera")
    with pytest.raises(UsageError, match="not a period"):
        demand_frame(model, "next year")


def test_a_street_with_few_residents_is_suppressed_without_numbers() -> None:
    data = world()
    tiny = data["residents"]["area_code"] == f"{STREETS[3]}01"
    keep = data["residents"][~tiny | (tiny.cumsum() <= 5)]
    bookings = data["bookings"]
    bookings = bookings[bookings["resident_id"].isin(keep["resident_id"])]
    shrunk = data.replace(
        residents=keep.reset_index(drop=True), bookings=bookings.reset_index(drop=True)
    )
    found = fit_demand(shrunk, as_of=AS_OF, rng=np.random.default_rng(0))
    frame = demand_frame(found, "2027Q1")
    hidden = frame[frame["street_code"] == STREETS[3]]
    assert hidden["suppressed"].all()
    assert hidden[["expected", "low", "high", "gap", "evidence_bookings"]].isna().all().all()
    # Nor does asking for the street alone show it, nor subtraction from a total.
    assert demand_frame(found, "2027Q1", street=STREETS[3])["suppressed"].all()
    assert frame.groupby("product_id")["suppressed"].sum().min() >= 2


def without_people(data: Dataset, *streets: str) -> Dataset:
    """The tables without anyone who lives in these streets."""
    homes = [f"{street}01" for street in streets]
    kept = data["residents"][~data["residents"]["area_code"].isin(homes)]
    mine = data["bookings"]["resident_id"].isin(kept["resident_id"])
    return data.replace(
        residents=kept.reset_index(drop=True),
        bookings=data["bookings"][mine].reset_index(drop=True),
        population=data["population"][~data["population"]["area_code"].isin(homes)],
    )


def test_a_street_without_people_is_refused_and_the_others_keep_their_figures() -> None:
    data = world()
    found = fit_demand(without_people(data, STREETS[3]), as_of=AS_OF, rng=np.random.default_rng(0))
    for values in (found.expected, found.log_sd, found.step_street_ratios, found.season):
        assert np.isfinite(values).all()
    frame = demand_frame(found, "2027Q1")
    assert set(frame["street_code"]) == set(STREETS[:3])
    assert (frame["expected"] > 0).all()
    rates = fit_demand(data, as_of=AS_OF, rng=np.random.default_rng(0)).expected[:3]
    assert found.expected[:3].sum() == pytest.approx(rates.sum(), rel=0.05)
    assert set(location_quotient_frame(found, "2027Q1")["street_code"]) == set(STREETS[:3])
    with pytest.raises(UsageError, match="no people are known in street 310105004"):
        demand_frame(found, "2027Q1", street=STREETS[3])
    with pytest.raises(UsageError, match="no street has people"):
        fit_demand(without_people(data, *STREETS), as_of=AS_OF, rng=np.random.default_rng(0))


def test_nothing_known_yet_is_answered_with_small_figures() -> None:
    early = datetime(2025, 1, 1, tzinfo=UTC)
    found = fit_demand(world(), as_of=early, rng=np.random.default_rng(0))
    assert np.isfinite(found.expected).all()
    assert found.bookings.sum() == 0


def test_steps_sum_to_the_figure(model: DemandModel) -> None:
    frame = demand_frame(model, "2027Q1").set_index(["street_code", "product_id"])["expected"]
    for product in ("p00", "p10"):
        steps = explain_frame(model, "2027Q1", STREETS[0], product)
        assert steps["change"].sum() == pytest.approx(frame[STREETS[0], product], abs=0.01)
        assert steps["figure"].iloc[-1] == pytest.approx(steps["change"].sum())
    with pytest.raises(UnknownIdError):
        explain_frame(model, "2027Q1", "nowhere", "p00")


def test_a_committee_canvassing_ten_thousand_likes_moves_nothing() -> None:
    data = world()
    rows = [
        {
            "survey_id": f"s{i}", "area_code": f"{STREETS[0]}01", "target_kind": "product",
            "target": "p10", "votes": 10_000, "respondents": 10_000, "channel": "online",
            "collected_at": pd.Timestamp("2026-09-01"),
        }
        for i in range(1)
    ] + [
        {
            "survey_id": f"t{i}", "area_code": f"{STREETS[i % 4]}01", "target_kind": "product",
            "target": f"p{5 + i // 4:02d}", "votes": 20, "respondents": 60, "channel": "online",
            "collected_at": pd.Timestamp("2026-09-01"),
        }
        for i in range(20)
    ]  # fmt: skip
    canvassed = data.replace(surveys=canonical(pd.DataFrame(rows), TABLES["surveys"]))
    honest = data.replace(surveys=canonical(pd.DataFrame(rows[1:]), TABLES["surveys"]))
    with_likes = fit_demand(canvassed, as_of=AS_OF, rng=np.random.default_rng(0))
    without = fit_demand(honest, as_of=AS_OF, rng=np.random.default_rng(0))
    ratio = with_likes.expected / without.expected
    np.testing.assert_allclose(ratio, 1.0, rtol=1e-9)


def test_an_honest_paper_survey_moves_the_product_it_asked_about() -> None:
    data = world()
    rows = [
        {
            "survey_id": f"t{i}", "area_code": f"{STREETS[i % 4]}01", "target_kind": "product",
            "target": f"p{i // 4:02d}", "votes": 45 if i // 4 == 10 else 20, "respondents": 60,
            "channel": "paper", "collected_at": pd.Timestamp("2026-09-01"),
        }
        for i in range(48)
    ]  # fmt: skip
    category = str(data["products"].set_index("product_id").loc["p10", "category"])
    rows.append(rows[0] | {"survey_id": "c", "target_kind": "category", "target": category})
    asked = data.replace(surveys=canonical(pd.DataFrame(rows), TABLES["surveys"]))
    found = fit_demand(asked, as_of=AS_OF, rng=np.random.default_rng(0))
    plain = fit_demand(data, as_of=AS_OF, rng=np.random.default_rng(0))
    assert (found.expected[:, 10] > 1.05 * plain.expected[:, 10]).all()
    assert found.survey_votes[:, 10].sum() == 180  # its category's votes are not its own


def test_a_street_without_bookings_and_a_category_with_one_event_get_wide_intervals() -> None:
    data = world()
    homes = data["residents"].set_index("resident_id")["area_code"]
    quiet = homes[data["bookings"]["resident_id"]].to_numpy() == f"{STREETS[2]}01"
    kinds = data["products"].copy()
    kinds["category"] = kinds["category"].where(kinds["product_id"] != "p03", "tour")
    changed = data.replace(bookings=data["bookings"][~quiet].reset_index(drop=True), products=kinds)
    found = fit_demand(changed, as_of=AS_OF, rng=np.random.default_rng(0))
    assert np.isfinite(found.expected).all()
    assert (found.expected > 0).all()
    estimate = found.estimate(found.streets, found.products, "2027Q1")
    assert estimate.suppressed[2].all()
    assert (estimate.high >= estimate.expected).all()
    assert (estimate.low <= estimate.expected).all()


def test_a_product_listed_for_a_later_quarter_is_foretold_today() -> None:
    data = world()
    catalogue = data["products"].copy()
    catalogue.loc[catalogue["product_id"] == "p10", "listed_from"] = pd.Timestamp("2027-04-01")
    found = fit_demand(data.replace(products=catalogue), as_of=AS_OF, rng=np.random.default_rng(0))
    assert "p10" not in set(demand_frame(found, "2027Q1")["product_id"])
    later = demand_frame(found, "2027Q2").set_index("product_id")
    assert (later.loc["p10", "expected"] > 0).all()


def test_a_period_with_no_data_gives_figures_and_one_without_a_catalogue_is_refused(
    model: DemandModel,
) -> None:
    assert demand_frame(model, "2031Q3")["expected"].notna().all()
    with pytest.raises(UsageError, match="no product is listed"):
        demand_frame(model, "2020Q1")


def test_speciality_marks_what_stands_out_and_leaves_suppressed_products_out(
    model: DemandModel,
) -> None:
    frame = location_quotient_frame(model, "2027Q1")
    assert set(frame["category"]) == {"film"}
    np.testing.assert_allclose(frame["ratio"], 1.0)
    assert not frame["speciality"].any()
    group = np.arange(len(model.products)) % 2
    split = replace(
        model,
        categories=("film", "tour"),
        group=group,
        season=np.ones((2, 12)),
        repeat_factor=np.full(2, 0.7),
    )
    tastes = location_quotient_frame(split, "2027Q1").set_index(["street_code", "category"])
    assert tastes.loc[(STREETS[0], "film"), "ratio"] > 1.2
    assert tastes.loc[(STREETS[1], "tour"), "ratio"] > 1.2
    hidden = replace(model, contributors=np.zeros_like(model.contributors))
    with pytest.raises(UsageError, match="too few residents"):
        location_quotient_frame(hidden, "2027Q1")


def test_explanation_says_when_impressions_were_not_recorded(model: DemandModel) -> None:
    unseen = replace(model, effective_impressions=np.zeros(len(model.products)))
    text = explain_frame(unseen, "2027Q1", STREETS[0], "p00", lang="en").set_index("step")["text"]
    assert "not recorded" in text["own_bookings"]
    measured = replace(model, effective_impressions=np.full(len(model.products), 1234.0))
    text = explain_frame(measured, "2027Q1", STREETS[0], "p00", lang="en").set_index("step")["text"]
    assert "1,234 effective impressions" in text["own_bookings"]


def test_a_model_comes_back_from_its_arrays(model: DemandModel) -> None:
    again = DemandModel.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.expected, model.expected)
    assert again.streets.ids == model.streets.ids
    assert again.titles == model.titles
