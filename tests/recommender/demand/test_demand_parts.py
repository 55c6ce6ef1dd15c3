"""Sessions, suppression and periods, each alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.demand.disclosure import disclosure_control
from recommender.demand.observations.saturation import DEFAULT_REPEAT_FACTOR, learn_repeat_factor
from recommender.demand.periods import period_months
from recommender.errors import UsageError


def test_planted_repeat_factor_is_found_by_category() -> None:
    rng = np.random.default_rng(0)
    series = np.repeat(np.arange(400), 3)
    order = np.tile(np.arange(3), 400)
    group = np.repeat(np.arange(400) % 2, 3)
    level = np.repeat(rng.gamma(3, 10, 400), 3)
    counts = rng.poisson(level * np.array([0.5, 0.9])[group] ** order).astype(float)
    found = learn_repeat_factor(counts, order, series, group, 3)
    np.testing.assert_allclose(found[:2], [0.5, 0.9], atol=0.03)
    assert found[2] == pytest.approx(DEFAULT_REPEAT_FACTOR, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 10**6))
def test_no_hidden_cell_can_be_worked_out_from_totals(rows: int, cols: int, seed: int) -> None:
    contributors = np.random.default_rng(seed).integers(0, 40, (rows, cols)).astype(np.int64)
    hidden = disclosure_control(contributors)
    assert hidden[contributors < 10].all()
    assert not (hidden.sum(axis=0) == 1).any()
    assert not (hidden.sum(axis=1) == 1).any()


def test_nothing_is_hidden_where_enough_stand_behind() -> None:
    assert not disclosure_control(np.full((3, 4), 10, dtype=np.int64)).any()


def test_periods_are_months() -> None:
    assert period_months("2027Q1") == (np.datetime64("2027-01"), np.datetime64("2027-04"))
    assert period_months("2027-12") == (np.datetime64("2027-12"), np.datetime64("2028-01"))
    assert period_months("2027") == (np.datetime64("2027-01"), np.datetime64("2028-01"))
    with pytest.raises(UsageError, match="2027Q5"):
        period_months("2027Q5")
