"""How fresh products opened moves what is expected of those to come."""

import numpy as np
import pytest

from recommender.demand.products.openings import learn_openings


def test_many_fresh_products_that_drew_a_fifth_more_say_so() -> None:
    rng = np.random.default_rng(1)
    expected = rng.gamma(3.0, 20.0, 400)
    demand = 1.2 * expected * rng.lognormal(-0.08, 0.4, 400)
    found = learn_openings(demand, expected, np.zeros(400, dtype=np.intp), 2)
    assert found[0] == pytest.approx(1.2, abs=0.05)
    # A category without an opening goes with the others.
    assert found[1] == pytest.approx(1.2, abs=0.05)


def test_a_category_departs_from_the_others_as_far_as_it_is_sure() -> None:
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], 300)
    expected = rng.gamma(3.0, 20.0, 600)
    demand = np.where(group == 0, 0.85, 1.15) * expected * rng.lognormal(-0.02, 0.2, 600)
    low, high = learn_openings(demand, expected, group, 2)
    assert low < 0.92 < 1.08 < high


def test_a_few_wild_products_move_little_and_too_few_nothing() -> None:
    expected = np.full(12, 50.0)
    wild = np.where(np.arange(12) % 2 == 0, 200.0, 1.0)
    group = np.zeros(12, dtype=np.intp)
    (found,) = learn_openings(wild, expected, group, 1)
    # They drew twice what was expected; five of them more, seven next to nothing.
    assert 1.0 < found < 1.4
    assert learn_openings(wild[:5], expected[:5], group[:5], 1) == pytest.approx([1.0])
    assert learn_openings(np.empty(0), np.empty(0), group[:0], 3) == pytest.approx([1, 1, 1])
