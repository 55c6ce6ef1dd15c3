"""What was planted in a simulated district can be found again in its tables."""

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from data.simulate.evaluation.truth import demand_truth, event_truth, measure_exposure
from data.simulate.settings import settings_for
from data.simulate.tables import observe
from data.simulate.world import SimulatedWorld, create_world
from recommender.errors import UsageError


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return create_world(settings_for("demo", 21, residents=10_000, products=400, events=900))


@pytest.fixture(scope="module")
def tables(world: SimulatedWorld) -> Dataset:
    return observe(world)


@pytest.fixture(scope="module")
def bookings(tables) -> pd.DataFrame:
    events = tables["events"][["event_id", "product_id", "starts_at", "ticket_fen", "seats"]]
    return tables["bookings"].merge(events, on="event_id", suffixes=("", "_event"))


def test_no_show_rates_are_those_planted(bookings):
    kept = bookings[bookings["status"].isin(["attended", "no_show"])]
    absent = kept["status"].eq("no_show")
    paid = kept["ticket_fen"] > 0
    assert absent[~paid].mean() == pytest.approx(0.28, abs=0.015)
    assert absent[paid].mean() == pytest.approx(0.17, abs=0.02)


def test_a_catalogue_is_new_as_planted(tables):
    products = tables["products"]
    for year in (2025, 2026):
        day = pd.Timestamp(f"{year}-10-02")
        listed = products[(products["listed_from"] <= day) & (products["listed_until"] >= day)]
        earlier = products[products["listed_from"] < day - pd.Timedelta(days=2)]
        assert len(listed) == 400
        fresh = listed["listed_from"] > day - pd.Timedelta(days=2)
        assert fresh.mean() == pytest.approx(0.85, abs=0.005)
        suppliers = listed["supplier_id"].drop_duplicates()
        assert (~suppliers.isin(earlier["supplier_id"])).mean() == pytest.approx(0.44, abs=0.02)


def test_the_next_catalogue_has_hardly_been_seen(world, tables):
    until = pd.Timestamp(world.settings.until)
    events = tables["events"]
    past = events.loc[events["starts_at"] < until, "product_id"]
    listed = tables["products"].query("listed_until > '2026-10-01'")["product_id"]
    assert listed.isin(past).mean() < 0.16


def test_app_use_falls_with_age(tables):
    people = tables["population"].groupby("age_band", observed=True)["people"].sum()
    registered = tables["residents"]["age_band"].value_counts()
    share = (registered / people).loc[["18-34", "35-59", "60-69", "70+"]]
    assert share.is_monotonic_decreasing
    assert share["18-34"] == pytest.approx(0.88, abs=0.06)
    assert share["70+"] == pytest.approx(0.24, abs=0.07)
    old = people.loc[["60-69", "70+"]].sum() / people.sum()
    assert 0.25 < old < 0.36


def test_without_app_bias_every_age_uses_it_alike():
    level = create_world(
        settings_for("demo", 3, residents=3_000, products=100, events=100, years=1, app_bias=0)
    )
    share = level.people.registered_counts.sum(axis=(0, 2)) / level.people.counts.sum(axis=(0, 2))
    grown = share[2:]  # the younger bands are few in a world this small
    assert grown.max() - grown.min() < 0.08


def test_half_of_the_registered_come_in_a_year_a_few_times_each(world, bookings):
    year = bookings[
        (bookings["starts_at"] > pd.Timestamp(world.settings.until) - pd.Timedelta(days=365))
        & (bookings["status"] == "attended")
    ]
    visits = year.groupby("resident_id").size()
    assert 0.4 < len(visits) / world.people.registered < 0.7
    assert 2.4 < visits.mean() < 4.5


def test_some_events_are_sold_out_and_others_nearly_empty(world, tables, bookings):
    held = bookings[bookings["status"].isin(["attended", "no_show"])]
    done = tables["events"].query("status == 'done'").set_index("event_id")
    fill = held.groupby("event_id")["seats"].sum().reindex(done.index).fillna(0) / done["seats"]
    assert (fill > 0.95).mean() == pytest.approx(0.2, abs=0.08)
    assert (fill < 0.25).mean() > 0.2
    assert done["seats"].between(10, 600).all()
    rooms = tables["venues"].set_index("venue_id")["seats"]
    inside = done["venue_id"].dropna()
    assert (done.loc[inside.index, "seats"] <= inside.map(rooms)).all()


def test_a_few_products_draw_most(bookings):
    drawn = bookings.groupby("product_id").size().sort_values(ascending=False)
    top = drawn.head(len(drawn) // 5).sum() / drawn.sum()
    assert 0.45 < top < 0.9


def test_over_half_of_what_is_ordered_are_performances(tables):
    orders = tables["orders"].merge(tables["products"][["product_id", "category"]])
    by_category = orders.groupby("category", observed=True)["sessions"].sum()
    assert by_category["performance"] / by_category.sum() > 0.45
    spent = orders.groupby("buyer_code")["amount_fen"].sum()
    budget = tables["budgets"].groupby("buyer_code")["amount_fen"].sum()
    assert (spent < 1.1 * budget).all()


def test_propensities_are_the_chances_of_the_slots(tables):
    shown = tables["impressions"]
    day = shown["shown_at"].dt.tz_convert("Asia/Shanghai").dt.date.astype(str)
    street = shown["resident_id"].map(
        tables["residents"].set_index("resident_id")["area_code"].str[:9]
    )
    # Of one day's first slots in a street, an event's share comes out as its propensity says.
    first = shown[shown["position"] == 1].assign(cell=day + street)
    slots = first.groupby("cell")["impression_id"].transform("size")
    cells = (
        first.assign(slots=slots)
        .groupby(["cell", "event_id"])
        .agg(seen=("event_id", "size"), slots=("slots", "first"), p=("propensity", "mean"))
    )
    assert (shown["propensity"] > 0).all()
    assert cells["p"].max() < 1
    # Over what was seen at least once, the expected count given that is np / (1 - (1-p)^n).
    expected = cells["slots"] * cells["p"] / (1 - (1 - cells["p"]) ** cells["slots"])
    assert cells["seen"].sum() == pytest.approx(expected.sum(), rel=0.03)


def test_streets_and_ages_differ_in_taste(world):
    exposure = measure_exposure(world)
    listed = world.catalogue.listed(2)
    demand = np.log(demand_truth(world, exposure, listed)[0])
    street_part = demand - demand.mean(axis=0)
    street_part -= street_part.mean(axis=1, keepdims=True)
    assert street_part.std() > 0.15
    assert demand.std(axis=1).mean() > 0.4


def test_truth_of_past_events_sums_to_what_was_asked_for(world):
    exposure = measure_exposure(world)
    found = event_truth(world, exposure)
    e = world.agenda.events
    past = (e["starts_s"] < world.settings.until_s) & (e["cancelled"] == 0)
    asked = world.journal.wanted[past]
    assert found.app_demand[past].sum() == pytest.approx(asked.sum(), rel=0.03)
    assert 0.7 < exposure.kappa < 1.4
    order = np.corrcoef(np.log1p(found.app_demand[past]), np.log1p(asked))[0, 1]
    assert order > 0.7
    assert (found.attendance > 0).all()
    assert found.walk_ins.sum() > 0
    assert (found.walk_ins[~past] == 0).all()


def test_surveys_lean_the_way_of_the_streets_they_come_from(world, tables):
    surveys = tables["surveys"].query("channel == 'online' and target_kind == 'category'")
    surveys = surveys[surveys["collected_at"] > "2026-01-01"]
    by_target = surveys.groupby("target")[["votes", "respondents"]].sum()
    share = by_target["votes"] / by_target["respondents"]
    assert share.between(0.02, 0.9).all()
    assert share.std() > 0.01
    assert set(tables["surveys"]["channel"].unique()) == {"paper", "online"}


@pytest.mark.parametrize("wanted", [0.1, 0.35, 0.6])
def test_the_share_of_full_houses_follows_the_option(wanted):
    small = {"residents": 5_000, "products": 200, "events": 500}
    world = create_world(settings_for("demo", 8, sold_out_share=wanted, **small))
    e = world.agenda.events
    past = e["starts_s"] < world.settings.until_s
    full = (world.journal.wanted >= e["seats"])[past].mean()
    assert full == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("value", [-1, 1e12])
@pytest.mark.parametrize(
    "name", ["residents", "no_show_free", "seat_scarcity", "hidden_share", "events"]
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(UsageError, match=name):
        settings_for("demo", 1, **{name: value})


def test_an_unknown_preset_or_present_is_refused():
    with pytest.raises(UsageError, match="preset"):
        settings_for("village", 1)
    with pytest.raises(UsageError, match="quarter"):
        settings_for("demo", 1, until=pd.Timestamp("2026-10-02T00:00+08:00").to_pydatetime())


def test_an_invented_city_has_districts_that_keep_to_themselves():
    small = {"districts": 3, "residents": 3_000, "products": 60, "events": 400}
    city = create_world(settings_for("city", 2, **small))
    tables = observe(city)
    areas = tables["areas"].set_index("area_code")
    assert (areas.loc[areas["level"] == "district"].index.str.len() == 6).all()
    assert (areas.loc[areas["level"] == "neighbourhood"].index.str.len() == 12).all()
    assert not areas.index.str.startswith("31").any(), "an invented code may not look real"
    assert (areas["level"] == "district").sum() == 3
    bookings = tables["bookings"].merge(tables["residents"], on="resident_id")
    bookings = bookings.merge(tables["events"][["event_id", "venue_id"]], on="event_id")
    at = bookings["venue_id"].map(tables["venues"].set_index("venue_id")["area_code"]).str[:6]
    home = bookings["area_code"].str[:6]
    assert len(bookings) > 1_000
    assert (at.dropna() == home[at.notna()]).mean() > 0.9
