"""A planted gravity law comes back, and pairs depart from it as far as their counts ask."""

import numpy as np
import pytest

from recommender.demand.observations.gravity import gravity_attendances, learn_reach


def test_a_planted_law_comes_back() -> None:
    rng = np.random.default_rng(0)
    place = rng.uniform(0, 5_000, (30, 2))
    distance = np.hypot(*(place[:, None] - place[None]).T)
    truth = np.exp(0.9 * np.eye(30) - 0.5 * distance / 1000)
    expected = np.full((30, 30), 200.0)
    found = learn_reach(rng.poisson(expected * truth).astype(float), expected, distance)
    assert found.own == pytest.approx(0.9, abs=0.1)
    assert found.per_km == pytest.approx(0.5, abs=0.03)
    assert np.abs(np.log(found.reach / truth)).mean() < 0.1


def test_a_pair_departs_from_the_law_by_its_own_counts() -> None:
    expected = np.full((6, 6), 500.0)
    counts = expected.copy()
    counts[0, 1] = 1500.0
    found = learn_reach(counts, expected)
    assert found.reach[0, 1] > 2.0
    assert found.reach[2, 3] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(("held", "booked"), [(0.0, 0.0), (100.0, 0.0)])
def test_without_bookings_reach_is_finite_and_alike(held: float, booked: float) -> None:
    found = learn_reach(np.full((3, 3), booked), np.full((3, 3), held))
    assert (found.own, found.per_km) == (0.0, 0.0)
    assert np.isfinite(found.reach).all()
    assert np.ptp(found.reach) < 1e-9


def test_attendances_sum_over_the_streets_that_people_come_from() -> None:
    reach = np.array([[1.0, 0.5], [0.0, 2.0]])
    demand = np.array([[10.0], [4.0]])
    np.testing.assert_allclose(gravity_attendances(demand, reach), [[10.0], [13.0]])
