"""Periods of every length, and sessions with what came to them."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from training.demand.held import natural_grain, period_names, periods_before, sessions_held

NOW = datetime(2027, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("grain", "wanted"),
    [
        ("month", ["2026-11", "2026-12"]),
        ("quarter", ["2026Q3", "2026Q4"]),
        ("year", ["2025", "2026"]),
    ],
)
def test_periods_end_before_the_moment(grain: str, wanted: list[str]) -> None:
    assert periods_before(NOW, 2, grain) == wanted


def test_the_district_is_already_in_the_new_year() -> None:
    # 17:00 UTC on 31 December is 01:00 on 1 January in Shanghai.
    assert periods_before(datetime(2026, 12, 31, 17, tzinfo=UTC), 1) == ["2026Q4"]


def test_months_have_the_names_of_their_periods() -> None:
    months = np.array(["2026-02", "2026-12"], dtype="datetime64[M]")
    assert period_names(months, "quarter").tolist() == ["2026Q1", "2026Q4"]
    assert period_names(months, "year").tolist() == ["2026", "2026"]
    assert period_names(months, "month").tolist() == ["2026-02", "2026-12"]


def test_every_session_has_what_came(held_in_quarters: Callable[..., Dataset]) -> None:
    dataset = held_in_quarters()
    held = sessions_held(dataset, NOW)
    assert len(held) == len(dataset["events"])
    assert held["attendances"].sum() == len(dataset["bookings"])
    # Without suppliers, the category stands in.
    assert set(held["supplier"]) == {"film"}
    early = sessions_held(dataset, datetime(2026, 8, 1, tzinfo=UTC))
    assert set(early["period"]) == {"2025Q4", "2026Q1", "2026Q2", "2026Q3"}


def test_tags_tell_products_of_one_category_apart(
    held_in_quarters: Callable[..., Dataset],
) -> None:
    dataset = held_in_quarters()
    products = dataset["products"].copy()
    products["tags"] = ["silent;short", "silent", *[""] * 6]
    held = sessions_held(dataset.replace(products=products), NOW)
    assert set(held.loc[held["product"].isin(["p0", "p1"]), "kind"]) == {"silent"}
    assert set(held.loc[held["product"] == "p2", "kind"]) == {"film"}
    products["category"] = ["film", "talk"] * 4
    held = sessions_held(dataset.replace(products=products), NOW)
    assert (held["kind"] == held["category"]).all()


def test_sessions_of_one_quarter_a_year_are_yearly(
    held_in_quarters: Callable[..., Dataset],
) -> None:
    held = sessions_held(held_in_quarters(), NOW)
    assert natural_grain(held) == "quarter"
    assert natural_grain(held[held["period"].str.endswith("Q4")]) == "year"


def test_what_is_booked_all_year_stands_and_its_latest_bookings_count_most(
    held_in_quarters: Callable[..., Dataset],
) -> None:
    dataset = held_in_quarters()
    assert not sessions_held(dataset, NOW)["standing"].any()
    bookings = dataset["bookings"]
    # Once sessions are in the last quarter of the year, all of the year is ahead of them.
    at = bookings["booked_at"] - pd.to_timedelta(np.arange(len(bookings)) % 300 + 100, unit="D")
    shelf = Dataset({**dataset, "bookings": bookings.assign(booked_at=at)})
    held = sessions_held(shelf, NOW, "year")
    assert held["standing"].all()
    assert held["share"].eq(1.0).all()
    assert 0.0 < held["of_late"].sum() < 0.6 * held["attendances"].sum()
