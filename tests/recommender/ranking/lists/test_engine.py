"""Lists of the two circles: order, rules, seat prices, policy, exploration, one row or many."""

from dataclasses import replace

import numpy as np
import pytest

from data.district_time import DEFAULT_ZONE
from features.ranking.list_inputs import build_list_inputs
from recommender.ranking.lists.assembly import EXPLORE, PROMOTED, ListPolicy
from recommender.ranking.lists.boosts import Boosts
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.reranking import DiversityPolicy
from recommender.ranking.lists.sampled_prices import STRENGTH, price_seats
from recommender.ranking.model.calibration import Calibration

ORDER_KEPT = ListPolicy(diversity=DiversityPolicy(0.0, 1.0, 0), explore_slots=0)
EVERYBODY = np.arange(26)


@pytest.fixture(scope="module")
def engine_of(circles, circles_at, circles_snapshot, model_of):
    """An engine that likes sessions the better the sooner they are, and one's own words more."""

    def make(ranker=None, policy=ORDER_KEPT, inputs=None, **options):
        model = model_of({"lead": -1.0}, ranker or {"lead": -1.0})
        if inputs is None:
            inputs, _ = build_list_inputs(
                circles, circles_at, DEFAULT_ZONE, snapshot=circles_snapshot
            )
        return ListEngine(model, inputs, model_version="m", policy=policy, **options)

    return make


def names(engine, lists):
    events = engine.inputs.snapshot.events.take(engine.inputs.candidates)
    return [[events[c] for c in row if c >= 0] for row in lists.columns]


def test_lists_are_in_the_order_of_the_ranker(engine_of):
    engine = engine_of()
    lists = engine.lists(engine.ask_rows(EVERYBODY), 4)
    assert names(engine, lists) == [["e0", "e1", "e2", "e3"]] * 26
    totals = engine.scores(engine.ask_rows(EVERYBODY), lists.columns).total
    np.testing.assert_allclose(lists.score, totals, rtol=1e-5)
    assert (lists.propensity == 1).all()
    assert not lists.diversity.any()


@pytest.mark.parametrize("full_up_to", [600, 0])
def test_one_resident_alone_gets_the_list_of_the_block(engine_of, full_up_to):
    policy = replace(ListPolicy(), full_up_to=full_up_to, shortlist=6)
    engine = engine_of({"content": 1.0, "als": 1.0, "lead": -0.1}, policy)
    block = engine.lists(engine.ask_residents(0, 26), 5)
    for row in range(26):
        alone = engine.lists(engine.ask_residents(row, row + 1), 5)
        np.testing.assert_array_equal(alone.columns[0], block.columns[row])
        np.testing.assert_allclose(alone.score[0], block.score[row], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(alone.propensity[0], block.propensity[row])


def test_nothing_that_is_not_allowed_is_listed_and_the_list_is_filled_up(
    circles, circles_at, circles_snapshot, engine_of
):
    events = circles["events"]
    full = events["event_id"].isin(["e0", "e2"])
    tables = circles.replace(events=events.assign(seats=events["seats"].mask(full, 0)))
    inputs, _ = build_list_inputs(tables, circles_at, DEFAULT_ZONE, snapshot=circles_snapshot)
    muted = inputs.residents.muted.tolil()
    muted[3, circles_names(inputs).index("e1")] = True
    inputs = replace(inputs, residents=replace(inputs.residents, muted=muted.tocsr()))
    engine = engine_of(inputs=inputs)
    found = names(engine, engine.lists(engine.ask_rows(EVERYBODY), 3))
    assert found[0] == ["e1", "e3", "e4"]
    assert found[3] == ["e3", "e4", "e5"]
    everything = names(engine, engine.lists(engine.ask_rows(EVERYBODY), 50))
    assert [len(row) for row in everything] == [7 if row == 3 else 8 for row in range(26)]


def circles_names(inputs):
    return list(inputs.snapshot.events.take(inputs.candidates))


def test_a_price_decides_who_is_shown_an_event_and_not_where_it_stands(engine_of):
    engine = engine_of()
    lead = engine.scores(engine.ask_rows(EVERYBODY[:1]), np.arange(10)).total[0]
    order = circles_names(engine.inputs)
    prices = np.zeros(10)
    # A little more than what the third has over the fourth.
    third, fourth = order.index("e2"), order.index("e3")
    prices[third] = float(lead[third] - lead[fourth]) + 0.01
    priced = engine.variant(ORDER_KEPT, prices)
    one = priced.ask_rows(EVERYBODY[:1])
    assert names(priced, priced.lists(one, 3)) == [["e0", "e1", "e3"]]
    longer = priced.lists(one, 4)
    assert names(priced, longer) == [["e0", "e1", "e2", "e3"]]
    np.testing.assert_allclose(longer.score, engine.lists(one, 4).score, rtol=1e-5)
    assert names(engine, engine.lists(one, 3)) == [["e0", "e1", "e2"]]
    np.testing.assert_allclose(priced.price_of(np.array([third])), prices[third], rtol=1e-6)
    assert not engine.price_of(np.array([third])).any()


def test_an_event_that_more_want_than_it_seats_has_a_price_and_most_of_it_is_charged(
    circles, circles_at, circles_snapshot, engine_of
):
    events = circles["events"]
    seats = events["seats"].mask(events["event_id"] == "e0", 2)
    tables = circles.replace(events=events.assign(seats=seats))
    inputs, _ = build_list_inputs(tables, circles_at, DEFAULT_ZONE, snapshot=circles_snapshot)
    engine = engine_of({"lead": -4.0, "content": 1.0}, inputs=inputs)
    # Somebody in two books what stands in a list, so that e0 could seat four of twenty-six.
    size = len(engine.bound.model.calibration.weights)
    even = Calibration(np.zeros(size), np.ones(size), np.zeros(size))
    engine.bound.model = replace(engine.bound.model, calibration=even)
    whole = price_seats(engine, 3, rng=np.random.default_rng(0), strength=1.0)
    assert [name for name, price in zip(circles_names(inputs), whole, strict=True) if price] == [
        "e0"
    ]
    found = price_seats(engine, 3, rng=np.random.default_rng(0))
    np.testing.assert_allclose(found, STRENGTH * whole)
    shown = {
        strength: sum(
            "e0" in row
            for row in names(
                engine,
                engine.variant(ORDER_KEPT, strength * whole).lists(engine.ask_rows(EVERYBODY), 3),
            )
        )
        for strength in (0.0, STRENGTH, 1.0)
    }
    assert shown[0.0] == 26
    assert shown[1.0] < 26
    assert shown[1.0] <= shown[STRENGTH] <= shown[0.0]


def test_policy_lifts_what_it_names_and_says_so(circles, circles_at, circles_snapshot, engine_of):
    boosts = Boosts({("product", "p9"): 50.0})
    inputs, _ = build_list_inputs(
        circles, circles_at, DEFAULT_ZONE, boosts=boosts, snapshot=circles_snapshot
    )
    engine = engine_of(inputs=inputs)
    query = engine.ask_rows(EVERYBODY[:2])
    lists = engine.lists(query, 3)
    assert names(engine, lists) == [["e9", "e0", "e1"]] * 2
    assert (lists.slot[:, 0] == PROMOTED).all()
    assert (lists.slot[:, 1:] != PROMOTED).all()
    added = engine.boost_of(query, lists.columns)
    np.testing.assert_allclose(added, [[50, 0, 0]] * 2)


def test_exploration_has_the_last_place_the_same_all_day_and_knows_its_chance(engine_of):
    engine = engine_of(policy=replace(ORDER_KEPT, explore_slots=1))
    lists = engine.lists(engine.ask_rows(EVERYBODY), 5)
    assert [row[:4] for row in names(engine, lists)] == [["e0", "e1", "e2", "e3"]] * 26
    assert (lists.slot[:, 4] == EXPLORE).all()
    assert len(np.unique(lists.columns[:, 4])) > 1
    assert ((lists.propensity[:, 4] > 0) & (lists.propensity[:, 4] < 1)).all()
    again = engine.lists(engine.ask_rows(EVERYBODY), 5)
    np.testing.assert_array_equal(again.columns, lists.columns)
    day = np.timedelta64(1, "D")
    changes = ({"at": engine.inputs.at + day}, True), ({"day": engine.inputs.day + day}, False)
    for changed, same in changes:
        other = engine_of(policy=engine.policy, inputs=replace(engine.inputs, **changed))
        found = other.lists(other.ask_rows(EVERYBODY), 5)
        assert (found.columns == lists.columns).all() == same


def test_short_lists_are_not_explored(engine_of):
    engine = engine_of(policy=replace(ORDER_KEPT, explore_slots=1))
    assert (engine.lists(engine.ask_rows(EVERYBODY), 4).slot != EXPLORE).all()


def test_whoever_wants_no_profile_gets_the_list_of_the_place(engine_of):
    engine = engine_of({"content": 5.0, "lead": -0.1}, ListPolicy())
    street = int(engine.inputs.snapshot.resident_street[25])
    mine = engine.ask_residents(25, 26)
    home = int(mine.facts.home[0])
    place = engine.ask_nobody(street, home, f"place {home}")
    assert mine.seeds == place.seeds
    mine, place = engine.lists(mine, 5), engine.lists(place, 5)
    np.testing.assert_array_equal(mine.columns, place.columns)
    np.testing.assert_array_equal(mine.score, place.score)
    profiled = engine.lists(engine.ask_residents(0, 1), 5)
    assert (profiled.score != place.score).any()


def test_scored_holds_every_candidate_and_marks_what_is_not_allowed(engine_of):
    engine = engine_of()
    allowed = np.ones((2, 10), dtype=bool)
    allowed[1, 4] = False
    found = engine.scored(engine.ask_rows(EVERYBODY[:2]), allowed)
    np.testing.assert_array_equal(found.columns, np.tile(np.arange(10), (2, 1)))
    assert np.flatnonzero(np.isneginf(found.value).ravel()).tolist() == [14]
    np.testing.assert_array_equal(found.value[allowed], found.scores.total[allowed])
