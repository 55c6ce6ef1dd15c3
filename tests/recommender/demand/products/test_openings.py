"""How fresh products opened moves what is expected of those to come."""

import numpy as np
import pytest

from recommender.demand.products.openings import Openings, learn_openings


def period(seed: int, factor: float, products: int = 200) -> Openings:
    rng = np.random.default_rng(seed)
    expected = rng.gamma(3.0, 20.0, products)
    return Openings(factor * expected * rng.lognormal(-0.045, 0.3, products), expected)


def test_what_all_periods_say_moves_the_rates() -> None:
    found = learn_openings([period(1, 0.8), period(2, 0.75), period(3, 0.8)])
    assert found == pytest.approx(0.8, abs=0.04)


def test_no_further_than_the_most_doubtful_period_says() -> None:
    weak = period(4, 0.95)
    alone = learn_openings([weak, weak])
    assert learn_openings([period(1, 0.6), weak, period(3, 0.7)]) == pytest.approx(alone)
    assert 0.9 < alone < 1.0


def test_what_was_chosen_to_be_bought_does_not_raise_what_was_not() -> None:
    assert learn_openings([period(1, 1.3), period(2, 1.3)]) == 1.0
    assert learn_openings([period(1, 0.7), period(2, 1.2), period(3, 0.7)]) == 1.0


def test_one_period_or_a_handful_of_products_says_nothing() -> None:
    assert learn_openings([]) == 1.0
    assert learn_openings([period(1, 0.6)]) == 1.0
    assert learn_openings([period(1, 0.6, 5), period(2, 0.6, 5)]) == 1.0
    nobody = Openings(np.zeros(20), np.zeros(20))
    assert learn_openings([nobody, nobody]) == 1.0
