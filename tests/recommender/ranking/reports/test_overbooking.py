import numpy as np
import pytest
from scipy import stats

from recommender.ranking.reports.overbooking import fit_show_rate, overbooking_limit


@pytest.mark.parametrize("epsilon", [0.0, 0.01, 0.05, 0.3])
def test_the_limit_is_the_largest_that_holds(epsilon: float) -> None:
    seats = np.array([0, 1, 7, 50, 400])
    limit = overbooking_limit(seats, 18.0, 7.0, epsilon=epsilon)
    for some, most in zip(seats, limit, strict=True):
        turned_away = stats.betabinom.sf(some, np.arange(2 * some + 1), 18.0, 7.0)
        assert most == np.flatnonzero(turned_away <= epsilon).max()


def test_protected_places_are_never_overbooked() -> None:
    seats = np.array([50, 50])
    limit = overbooking_limit(seats, 70.0, 30.0, protected=np.array([True, False]))
    assert limit[0] == 50
    assert limit[1] > 55


def test_planted_show_rate_is_found() -> None:
    rng = np.random.default_rng(4)
    total = rng.integers(20, 200, 4000)
    attended = rng.binomial(total, rng.beta(14.4, 5.6, 4000))
    a, b = fit_show_rate(attended, total - attended)
    assert a / (a + b) == pytest.approx(0.72, abs=0.01)
    assert a + b == pytest.approx(20, rel=0.1)


def test_without_history_the_rate_is_a_guess() -> None:
    nothing = np.zeros(3, dtype=np.int64)
    assert fit_show_rate(nothing, nothing) == (1.5, 0.5)
    assert overbooking_limit(np.array([100]), 1.5, 0.5).tolist() == [100]


def test_equal_rates_everywhere_leave_no_spread() -> None:
    a, b = fit_show_rate(np.full(50, 3), np.full(50, 1))
    assert a / (a + b) == pytest.approx(0.75)
    assert a + b == 500
