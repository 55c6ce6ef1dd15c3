"""Signals by name: complete, in one shape and one order."""

import numpy as np
import pytest

from recommender.ranking.features.registry import (
    FAMILIES,
    FIRST_STAGE_NAMES,
    NAMES,
    Signals,
    columns,
)
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
