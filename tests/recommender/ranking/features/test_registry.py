"""Signals by name: complete, in one shape and one order."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.snapshot import build_snapshot
from recommender.ranking.features.registry import (
    FAMILIES,
    FIRST_STAGE_NAMES,
    NAMES,
    Signals,
    columns,
)
from recommender.ranking.model.latent_factors import Settings, fit_latent_factors
from recommender.ranking.query import make_query


@pytest.fixture(scope="module")
def signals(circles_snapshot, circles_factors):
    return Signals(circles_snapshot, circles_factors)


@pytest.fixture(scope="module")
def query(circles_snapshot):
    ahead = circles_snapshot.bookable(circles_snapshot.as_of)
    return make_query(circles_snapshot, np.array([0, 13, 25, -1]), ahead, circles_snapshot.as_of)


def test_every_signal_has_one_family():
    names = [name for family in FAMILIES.values() for name in family]
    assert len(names) == len(set(names)) == len(NAMES)
    assert set(FIRST_STAGE_NAMES) <= set(NAMES)


def test_every_signal_is_computed_for_every_pair(signals, query):
    found = signals.compute(query)
    assert set(NAMES) <= set(found)
    for name in NAMES:
        assert found[name].shape == query.shape == (4, 10), name
        assert found[name].dtype == np.float32, name
        assert not np.isinf(found[name]).any(), name


def test_personal_families_say_nothing_of_nobody_and_of_who_wants_no_profile(signals, query):
    found = signals.compute(query)
    for family in ("affinity", "collaborative", "content", "preference_deviation"):
        for name in FAMILIES[family]:
            assert np.isnan(found[name][2:]).all(), name
    assert np.isfinite(found["popularity"]).all()


def test_the_first_stage_gets_the_same_values(signals, query):
    few, all_ = signals.compute(query, first_stage=True), signals.compute(query)
    assert set(FIRST_STAGE_NAMES) <= set(few)
    for name in FIRST_STAGE_NAMES:
        np.testing.assert_allclose(few[name], all_[name], atol=1e-6, err_msg=name)


def test_ease_times_popularity_stands_in_logs(signals, query):
    found = signals.compute(query)
    expected = np.log(np.maximum(found["ease"], 1e-3)) + found["popularity"]
    np.testing.assert_allclose(found["ease_popular"], expected, rtol=1e-6)


def test_columns_follow_the_names_row_by_row():
    found = {
        "a": np.array([[1, 2], [3, 4]], np.float32),
        "b": np.array([[5, 6], [7, 8]], np.float32),
    }
    assert columns(found, ("b", "a")).tolist() == [[5, 1], [6, 2], [7, 3], [8, 4]]
    with pytest.raises(KeyError, match="c"):
        columns(found, ("a", "c"))


@pytest.fixture(scope="module")
def instalments(circles, circles_at):
    """Four residents of one street went to the first part of a series without products.

    Its second part lies ahead, nobody booked it; ``other`` is as new, of another name and place.
    """
    events = [
        ("part1", "周末昆曲 第1期", -20, 100, "v"),
        ("part2", "周末昆曲（第二期）", 8, 100, "v"),
        ("other", "机器人 编程", 9, 900, "w"),
    ]
    added = [
        {
            "event_id": name,
            "title": title,
            "starts_at": circles_at + timedelta(days=days),
            "seats": 30,
            "ticket_fen": fen,
            "venue_id": venue,
            "published_at": circles_at - timedelta(days=30 if days < 0 else 1),
            "status": "done" if days < 0 else "open",
        }
        for name, title, days, fen, venue in events
    ]
    bookings = [
        {
            "booking_id": f"part1_{r}",
            "resident_id": f"r{r:02d}",
            "event_id": "part1",
            "booked_at": circles_at - timedelta(days=25),
            "status": "attended",
        }
        for r in (1, 5, 7, 11)  # of 310105101, 18-34
    ]
    dataset = circles.replace(
        events=_with(circles, "events", added), bookings=_with(circles, "bookings", bookings)
    )
    return build_snapshot(dataset, circles_at, DEFAULT_ZONE)


def _with(dataset, name, records):
    more = canonical(pd.DataFrame(records), TABLES[name])
    return canonical(pd.concat([dataset[name], more], ignore_index=True), TABLES[name])


def test_words_series_price_place_and_time_speak_for_an_event_that_nobody_booked(instalments):
    factors = fit_latent_factors(instalments, Settings(factors=4), rng=np.random.default_rng(0))
    signals = Signals(instalments, factors)
    cold = instalments.events.positions(["part2", "other"])
    # A regular of the first part, and a neighbour of the same age who never booked anything.
    residents = instalments.residents.positions(["r01", "r13"])
    found = signals.compute(make_query(instalments, residents, cold, instalments.as_of))
    for name in ("own_series", "content"):
        assert found[name][0, 0] > np.nan_to_num(found[name][0, 1]), name
    recent = found["series_recent_180d"]
    assert (recent[:, 0] > recent[:, 1]).all()
    assert (found["ticket"][:, 0] < found["ticket"][:, 1]).all()
    assert np.isfinite(found["distance"][:, 0]).all()
    for name in ("lead", "weekday", "hour"):
        assert np.isfinite(found[name]).all(), name
    assert (found["event_bookings"] == 0).all()
