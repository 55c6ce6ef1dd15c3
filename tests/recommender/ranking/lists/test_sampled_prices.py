"""Prices of scarce seats, from a sample of everybody's candidates."""

from dataclasses import replace

import numpy as np
import pytest

from data.district_time import DEFAULT_ZONE
from features.ranking.list_inputs import build_list_inputs
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.sampled_prices import price_seats


@pytest.fixture(scope="module")
def engine_with(circles, circles_at, circles_snapshot, model_of):
    """Makes an engine in which e0 is everybody's favourite, with given seats left."""
    inputs, _ = build_list_inputs(circles, circles_at, DEFAULT_ZONE, snapshot=circles_snapshot)
    model = model_of({}, {"lead": -1.0})  # the sooner, the better; e0 is the first

    def make(seats):
        context = inputs.eligibility_context
        events = replace(context.events, seats_left=np.array(seats, dtype=float))
        changed = replace(inputs, eligibility_context=replace(context, events=events))
        return ListEngine(model, changed, model_version="m1")

    return make


def test_only_what_more_want_than_can_sit_has_a_price(engine_with):
    # Four bookings are to be expected, one and a half of them of the favourite.
    prices = price_seats(engine_with([1, *[1000] * 9]), 3, rng=np.random.default_rng(0))
    assert prices.shape == (10,)
    assert prices[0] > 0
    assert not prices[1:].any()
    assert not price_seats(engine_with([2, *[1000] * 9]), 3, rng=np.random.default_rng(0)).any()


def test_the_fewer_seats_lists_may_fill_the_more_one_costs(engine_with):
    engine = engine_with([1, *[1000] * 9])
    found = [
        price_seats(engine, 3, rng=np.random.default_rng(0), kappa=kappa)[0]
        for kappa in (2, 1, 0.5)
    ]
    assert found[0] == 0
    assert found[0] < found[1] < found[2]


def test_a_sample_stands_for_everybody(engine_with):
    engine = engine_with([1, *[1000] * 9])
    found = price_seats(engine, 3, rng=np.random.default_rng(0), sample=13)
    assert found[0] == pytest.approx(price_seats(engine, 3, rng=np.random.default_rng(1))[0])


def test_seats_without_limit_cost_nothing(engine_with):
    prices = price_seats(engine_with([np.inf] * 10), 3, rng=np.random.default_rng(0))
    assert prices.tolist() == [0] * 10
