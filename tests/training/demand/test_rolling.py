"""The latest periods foretold with what was known before each."""

from dataclasses import replace
from unittest.mock import MagicMock

import numpy as np
import pytest

from training.demand.rolling import PERIODS, backtest_factors, opening_factor, roll, session_weights
from training.demand.sessions import SessionDemand

PRODUCTS, DAYS = 60, 720


def held(fresh_factor: float) -> tuple[MagicMock, SessionDemand, MagicMock]:
    """A session a product and fortnight; every second product opens in the last 270 days."""
    rng = np.random.default_rng(3)
    product = np.repeat(np.arange(PRODUCTS), DAYS // 14)
    day = np.tile(np.arange(DAYS // 14) * 14, PRODUCTS)
    opened = np.where(product % 2 == 0, 0, DAYS - 15 - 9 * (product // 2))
    kept = day >= opened
    product, day, opened = product[kept], day[kept], opened[kept]
    sessions, features = MagicMock(), MagicMock()
    sessions.product = product
    sessions.starts = np.datetime64("2025-01-01", "us") + day * np.timedelta64(1, "D")
    sessions.past = np.ones(len(day), dtype=bool)
    features.group = np.arange(PRODUCTS) % 3
    features.categories = ("a", "b", "c")
    features.matrix = np.zeros((PRODUCTS, 0))
    fresh = (product % 2 == 1) & (day - opened < 90)
    demand = rng.poisson(60.0 * np.where(fresh, fresh_factor, 1.0)).astype(float)
    one = np.ones(len(day))
    found = SessionDemand(
        demand=demand, asked=demand, rate=np.full(PRODUCTS, 60.0), size=np.full(3, 20.0),
        factors=[], opportunity=one, context=one, weight=one, repeat_factor=np.ones(3),
        exposure=0.0,
    )  # fmt: skip
    return sessions, found, features


def test_each_period_is_foretold_by_the_sessions_before_it() -> None:
    sessions, demand, features = held(1.0)
    rolled = roll(sessions, demand, features, rng=np.random.default_rng(0))
    assert len(rolled) == PERIODS
    for one in rolled:
        assert sessions.starts[one.late].min() > sessions.starts[~one.late & _before(one)].max()
        assert one.held.sum() == _before(one).sum()
        assert one.rates.rate == pytest.approx(np.full(PRODUCTS, 60.0), rel=0.2)
    assert min(backtest_factors(rolled, sessions, demand, features)) >= 1.0


def _before(one: object) -> np.ndarray:
    sessions, _, _ = held(1.0)
    starts = sessions.starts
    return np.asarray(starts < starts[one.late].min())  # type: ignore[attr-defined]


def test_products_that_open_worse_than_expected_lower_what_is_expected_of_new_ones() -> None:
    for planted, low, high in ((0.6, 0.55, 0.75), (1.0, 0.95, 1.0), (1.5, 1.0, 1.0)):
        sessions, demand, features = held(planted)
        rolled = roll(sessions, demand, features, rng=np.random.default_rng(0))
        assert low <= opening_factor(rolled, sessions, demand, features) <= high


def test_nothing_held_teaches_nothing_and_what_does_not_change_does_not_grow_old() -> None:
    sessions, demand, features = held(1.0)
    moment = sessions.starts.max() + np.timedelta64(1, "D")
    # Nothing changes in this world but fresh products: all of its past counts alike.
    assert session_weights(sessions, demand, features, moment).tolist() == [1.0] * len(
        sessions.past
    )
    none = replace(demand, demand=demand.demand[:0], opportunity=demand.opportunity[:0])
    sessions.past = np.zeros(len(sessions.past), dtype=bool)
    assert roll(sessions, none, features, rng=np.random.default_rng(0)) == []
    assert opening_factor([], sessions, none, features) == 1.0
    assert backtest_factors([], sessions, none, features) == (1.0, 1.0)
