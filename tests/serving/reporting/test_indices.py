"""Every index recomputed by hand on a handful of rows."""

import math

import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from recommender.errors import UsageError
from serving.reporting.indices import IndexRules, compute_indices


def table(name, /, **columns):
    return canonical(pd.DataFrame(columns), TABLES[name])


def at(text):
    return pd.Timestamp(text, tz="Asia/Shanghai").tz_convert("UTC")


DATA = Dataset(
    {
        "areas": table(
            "areas",
            area_code=["d", "s1", "s2"],
            name=["区", "一", "二"],
            level=["district", "street", "street"],
            parent_code=[None, "d", "d"],
        ),
        "population": table(
            "population",
            area_code=["s1", "s2"],
            age_band=["18-34", "18-34"],
            sex=["f", "f"],
            people=[10, 20],
        ),
        "venues": table(
            "venues", venue_id=["v1", "v2"], name=["馆", "厅"], open_hours_per_week=[30.0, None]
        ),
        "products": table(
            "products", product_id=["p1", "p2"], title=["a", "b"], category=["film", "course"]
        ),
        "events": table(
            "events",
            event_id=["e1", "e2", "gone", "later"],
            product_id=["p1", "p2", "p1", "p1"],
            venue_id=["v1", "v1", "v1", "v1"],
            starts_at=[at("2027-01-05 19:00"), at("2027-02-05 19:00"), at("2027-02-06 19:00"),
                       at("2027-04-01 00:00")],
            ends_at=[at("2027-01-05 21:00"), at("2027-02-05 20:00"), at("2027-02-06 21:00"),
                     at("2027-04-01 01:00")],
            seats=[6, 2, 50, 50],
            status=["done", "done", "cancelled", "open"],
        ),
        "residents": table(
            "residents", resident_id=["r1", "r2", "r3"], area_code=["s1", "s1", "s2"]
        ),
        "bookings": table(
            "bookings",
            booking_id=[f"b{i}" for i in range(6)],
            resident_id=["r1", "r2", "r3", "r1", "r3", "r2"],
            event_id=["e1", "e1", "e1", "e2", "e2", "later"],
            booked_at=at("2027-01-01 10:00"),
            seats=[2, 1, 1, 1, 1, 1],
            status=["attended", "no_show", "attended", "attended", "waitlisted", "attended"],
        ),
        "ratings": table(
            "ratings", resident_id=["r1"], event_id=["e1"], stars=[5],
            rated_at=at("2027-01-06 10:00"),
        ),
    }
)  # fmt: skip


def tenfold(data):
    """Ten of every resident, each of whom did the same; ten times the people and the seats."""
    tables = {}
    for name, keys in (
        ("residents", ["resident_id"]), ("bookings", ["booking_id", "resident_id"]),
        ("ratings", ["resident_id"]),
    ):  # fmt: skip
        copies = [
            data[name].assign(**{key: data[name][key].astype(str) + f"-{n}" for key in keys})
            for n in range(10)
        ]
        tables[name] = canonical(pd.concat(copies, ignore_index=True), TABLES[name])
    tables["population"] = data["population"].assign(people=data["population"]["people"] * 10)
    tables["events"] = data["events"].assign(seats=data["events"]["seats"] * 10)
    return data.replace(**tables)


@pytest.fixture(scope="module")
def found():
    frame = compute_indices(
        tenfold(DATA), "2027Q1", IndexRules(prior_stars=4.0, prior_ratings=10.0)
    )
    return frame[frame["scope"] == "district"].set_index("index")["value"]


@pytest.mark.parametrize(
    ("index", "by_hand"),
    [
        ("seat_fill", 4 / 8),  # 2 + 1 seats at e1 and 1 at e2, of 6 + 2
        ("no_show_rate", 1 / 4),
        ("venue_use", 3 / (30 * 90 / 7)),  # 2 h and 1 h in the quarter's 90 days
        ("delight", (50 + 40) / 20),
        ("response_rate", 1 / 3),
        ("participation", 2 / 30),
        # Per resident .2 in the first street and .05 in the second: mean .125, Gini .3.
        ("evenness", 0.125 * 0.7),
        # Seats asked for: film 4, course 2; seats held: film 6, course 2.
        ("match", 1 - 0.5 * (abs(4 / 6 - 6 / 8) + abs(2 / 6 - 2 / 8))),
    ],
)
def test_an_index_equals_its_recomputation(found, index, by_hand):
    assert found[index] == pytest.approx(by_hand)


def test_each_venue_that_names_its_hours_is_told():
    frame = compute_indices(DATA, "2027Q1")
    venues = frame[(frame["index"] == "venue_use") & (frame["scope"] != "district")]
    assert venues["scope"].tolist() == ["v1"]


def test_a_period_without_events_and_data_without_tables_give_empty_values():
    quiet = compute_indices(DATA, "2030Q1").set_index("index")
    assert math.isnan(quiet.loc["seat_fill", "value"])
    assert math.isnan(quiet.loc["match", "value"])
    assert compute_indices(Dataset({}), "2027Q1")["value"].isna().all()


def test_a_word_that_is_no_period_is_refused():
    with pytest.raises(UsageError):
        compute_indices(DATA, "soon")


def district_rows(frame):
    return frame[frame["scope"] == "district"].set_index("index")


def test_what_few_residents_did_is_in_no_index():
    found = district_rows(compute_indices(DATA, "2027Q1"))
    hidden = found.drop(index=["venue_use"])
    assert hidden[["value", "numerator", "denominator"]].isna().all(axis=None)
    assert found.loc["venue_use", "value"] > 0


def many(n):
    """Residents who came to one session; of two, one more than of the other."""
    names = [f"m{k}" for k in range(n)]
    residents = table("residents", resident_id=names, area_code=["s1"] * n)
    bookings = table(
        "bookings",
        booking_id=[f"m{k}" for k in range(n)],
        resident_id=names,
        event_id=["e1"] * n,
        booked_at=at("2027-01-01 10:00"),
        status=["attended"] * n,
    )
    return DATA.replace(residents=residents, bookings=bookings)


def test_one_person_more_or_less_shows_in_no_count():
    one, other = (
        district_rows(compute_indices(many(n), "2027Q1"))[["value", "numerator", "denominator"]]
        for n in (43, 44)
    )
    pd.testing.assert_frame_equal(one, other)
    assert one.loc["evenness", "value"] > 0
    assert one.loc["match", "value"] > 0
    assert one.loc["participation", "numerator"] == 45
