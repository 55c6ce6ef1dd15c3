"""Checks of the data: sizes, gaps, the newest weeks, and the past as it was recorded."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from benchmarks.faults.spoilings import SPOILINGS
from data.snapshot import as_of
from training.evaluation.booking_figures import BookingFigures
from training.evaluation.data_checks import check_data, check_past, check_windows
from training.evaluation.data_profile import DataProfile, past_of, profile_of
from training.evaluation.gate import GateRules

RULES = GateRules()
NEEDED = {"areas": 10, "products": 50, "events": 100, "residents": 500, "bookings": 2000}
UNTIL = pd.Timestamp("2026-09-30T16:00Z").to_pydatetime()


def failed(checks):
    return [check.name for check in checks if not check.passed]


def profile(**rows):
    return DataProfile(rows=NEEDED | rows, recent_bookings=90, usual_bookings=100.0)


def test_sound_data_passes():
    assert failed(check_data(profile(), profile(), RULES)) == []
    assert failed(check_data(profile(), None, RULES)) == []


@pytest.mark.parametrize("table", NEEDED)
def test_an_empty_or_shrunken_table_is_found(table):
    assert "tables are there" in failed(check_data(profile(**{table: 0}), None, RULES))
    shrunken = profile(**{table: int(NEEDED[table] * 0.79)})
    assert failed(check_data(shrunken, profile(), RULES)) == [f"{table} did not shrink"]
    kept = profile(**{table: int(NEEDED[table] * 0.81)})
    assert failed(check_data(kept, profile(), RULES)) == []


def test_a_column_that_lost_its_values_is_found():
    old = DataProfile(rows=NEEDED, filled={"events.seats": 0.9})
    new = DataProfile(rows=NEEDED, filled={"events.seats": 0.5})
    (check,) = [c for c in check_data(new, old, RULES) if not c.passed]
    assert check.finding == "values went missing: events.seats (90% to 50%)"


def test_a_feed_that_broke_is_found_but_not_data_that_always_ended_thinly():
    thin = DataProfile(rows=NEEDED, recent_bookings=1, usual_bookings=100.0)
    assert failed(check_data(thin, profile(), RULES)) == ["bookings keep coming"]
    assert failed(check_data(thin, thin, RULES)) == []


def test_a_table_that_grows_too_fast_or_an_optional_one_that_vanishes_is_found():
    old = replace(profile(surveys=400), as_of="2026-09-01T00:00+08:00")
    grown = replace(profile(surveys=900), as_of="2026-09-08T00:00+08:00")
    assert failed(check_data(grown, old, RULES)) == ["surveys did not grow too fast"]
    later = replace(grown, as_of="2026-12-01T00:00+08:00")
    assert failed(check_data(later, old, RULES)) == []
    assert failed(check_data(profile(surveys=0), old, RULES)) == ["surveys did not shrink"]
    # A log that is pruned may shrink, and what was never there may begin.
    assert failed(check_data(profile(impressions=50), profile(impressions=900), RULES)) == []
    assert failed(check_data(profile(impressions=0), profile(impressions=900), RULES)) != []
    assert failed(check_data(profile(ratings=900), profile(), RULES)) == []


def test_a_log_without_bookings_for_months_warns_and_beside_a_fresh_one_is_refused():
    stale = DataProfile(rows=NEEDED, idle_days=90)
    (warned,) = [c for c in check_data(stale, None, RULES) if c.warning]
    assert warned.finding == "the last booking is 90 days older than the moment trained for"
    assert failed(check_data(stale, None, RULES)) == []
    assert failed(check_data(stale, profile(), RULES)) == ["bookings keep coming"]


def figures(bookings=100, streets=None, **values):
    return BookingFigures(bookings, {name.replace("_", " "): v for name, v in values.items()},
                          streets or {})  # fmt: skip


def test_a_figure_outside_the_range_of_the_weeks_before_is_found_once():
    calm = tuple(figures(booked_at_night=0.02 + 0.01 * (n % 3)) for n in range(14))
    new = replace(profile(), windows=calm)
    assert failed(check_windows(new, None, RULES)) == []
    odd = replace(new, windows=(figures(booked_at_night=0.5), *calm[1:]))
    (check,) = check_windows(odd, new, RULES)
    assert "booked at night 0.5, 0.02 to 0.04 before" in check.finding
    # Without a model to go on with it warns; accepted once, it is not held against the next.
    (first,) = [c for c in check_data(odd, None, RULES) if c.warning]
    assert (first.passed, first.finding) == (True, check.finding)
    assert failed(check_windows(odd, odd, RULES)) == []
    busy = replace(new, windows=(figures(2000, booked_at_night=0.02), *calm[1:]))
    assert "2,000 bookings, at most 100 before" in check_windows(busy, None, RULES)[0].finding
    few = replace(new, windows=calm[:3])
    assert check_windows(few, None, RULES) == []


def test_a_restated_past_and_a_street_that_vanished_are_found():
    then = figures(1000, {"a": 600, "b": 400}, mean_stars=4.0)
    assert failed(check_past(then, then, RULES)) == []
    erased = figures(990, {"a": 592, "b": 398}, mean_stars=4.01)
    assert failed(check_past(erased, then, RULES)) == []
    inverted = figures(1000, {"a": 600, "b": 400}, mean_stars=2.0)
    assert "mean stars (4 to 2)" in check_past(inverted, then, RULES)[0].finding
    gone = figures(950, {"a": 600, "b": 350 - 200}, mean_stars=4.0)
    assert "b (400 to 150 bookings)" in check_past(gone, then, RULES)[1].finding


@pytest.fixture(scope="module")
def served(district):
    moment = UNTIL - timedelta(days=21)
    return moment, profile_of(as_of(district, moment), moment)


def judged(district, served, spoil=None):
    moment, old = served
    night = moment + timedelta(days=7)
    snapshot = as_of(district, night)
    if spoil is not None:
        snapshot = spoil(snapshot, night, np.random.default_rng(4))
    new = profile_of(snapshot, night)
    return failed(check_data(new, old, RULES, past=past_of(snapshot, moment)))


def test_a_good_week_passes(district, served):
    assert judged(district, served) == []


@pytest.mark.parametrize("spoil", SPOILINGS, ids=lambda spoil: spoil.__name__)
def test_every_kind_of_spoiled_delivery_is_found(spoil, district, served):
    assert judged(district, served, spoil) != []
