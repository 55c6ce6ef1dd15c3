"""The first stage sums up in advance what the linear model says signal by signal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender.ranking.features.registry import FIRST_STAGE_NAMES, Signals, columns
from recommender.ranking.model.first_stage import FirstStage, best_columns, short_list
from recommender.ranking.model.ranker import LinearRanker
from recommender.ranking.query import make_query


@pytest.fixture(scope="module")
def signals(circles_snapshot, circles_factors):
    return Signals(circles_snapshot, circles_factors)


@pytest.fixture(scope="module")
def candidates(circles_snapshot):
    return circles_snapshot.bookable(circles_snapshot.as_of)


def random_weights(seed):
    rng = np.random.default_rng(seed)
    d = len(FIRST_STAGE_NAMES)
    scale = rng.uniform(0.5, 2, d)
    scale[rng.integers(d)] = np.inf  # a signal that was constant when learnt from
    return LinearRanker(rng.normal(size=d), scale, rng.normal(size=d))


@pytest.mark.parametrize(
    ("candidates", "chosen"), [(0, 0), (50, 50), (601, 100), (3000, 100), (6000, 200)]
)
def test_a_hundred_are_chosen_and_a_thirtieth_of_many_thousands(candidates, chosen):
    assert short_list(candidates) == chosen


@given(
    arrays(np.float32, (3, 9), elements=st.floats(-5, 5, width=32)),
    st.integers(1, 12),
)
def test_no_column_left_out_is_better_than_one_chosen(value, n):
    found = best_columns(value, n)
    assert found.shape == (3, min(n, 9))
    assert (np.diff(found, axis=1) > 0).all()
    for row in range(3):
        left = np.delete(value[row], found[row])
        assert left.max(initial=-np.inf) <= value[row, found[row]].min()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_sum_is_the_linear_model_over_all_its_signals(
    circles_snapshot, signals, candidates, seed
):
    linear = random_weights(seed)
    shuffled = np.random.default_rng(seed).permutation(candidates)
    stage = FirstStage(linear, signals, shuffled, circles_snapshot.as_of)
    residents = np.append(np.arange(26), -1)
    streets = np.append(circles_snapshot.resident_street, -1)
    query = make_query(circles_snapshot, residents, shuffled, circles_snapshot.as_of, streets)
    assert (query.residents < 0).sum() == 2  # nobody in particular, and who wants no profile
    table = columns(signals.compute(query, first_stage=True), FIRST_STAGE_NAMES)
    wanted = linear.predict(table).reshape(query.shape)
    found = stage.score(query.residents, query.streets)
    assert found.std() > 0.1
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    for row in range(len(residents)):
        alone = stage.score(query.residents[[row]], query.streets[[row]])
        np.testing.assert_allclose(alone[0], found[row], rtol=1e-4, atol=1e-5)


def test_each_circle_has_its_own_products_first_and_nobody_sees_no_difference(
    circles_snapshot, signals, candidates, linear_of
):
    linear = linear_of(FIRST_STAGE_NAMES, als=1.0, content=1.0)
    stage = FirstStage(linear, signals, candidates, circles_snapshot.as_of)
    found = stage.score(np.array([0, 12, 24, -1]), np.array([0, 0, 0, 0]))
    names = circles_snapshot.events.take(candidates)
    opera = np.array([int(name[1:]) % 2 == 0 for name in names])
    assert found[0, opera].min() > found[0, ~opera].max() + 0.1
    assert found[1, ~opera].min() > found[1, opera].max() + 0.1
    np.testing.assert_array_equal(found[2:], 0.0)
