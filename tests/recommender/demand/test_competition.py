"""Sets of sessions are concave in their masses, and the strength of it is found again."""

import numpy as np
import pytest

from recommender.demand.competition import (
    CATEGORY_MULTIPLE,
    STREET_MULTIPLE,
    Competition,
    estimate_wants,
    learn_multiples,
    matching_degree,
    saturate,
)


def made(street: float = 400.0, category: float = 200.0) -> Competition:
    return Competition(
        street_caps=np.array([street, 2 * street]),
        category_caps=np.full((2, 3), category),
        wants=np.full((2, 3), 1 / 3),
        usual=np.full((2, 3), 50.0),
    )


def test_attendances_are_concave_and_stay_below_masses_and_caps():
    competition = made()
    mass = np.array([[50.0, 20.0, 0.0], [300.0, 10.0, 5.0]])
    curve = np.stack([competition.attendances(k * mass).sum(axis=1) for k in range(12)])
    steps = np.diff(curve, axis=0)
    assert (steps > 0).all()
    assert (np.diff(steps, axis=0) < 0).all()
    assert (competition.attendances(mass) <= mass).all()
    assert (competition.attendances(1e6 * np.ones((2, 3))).sum(axis=1) <= [400, 800]).all()


def test_known_figures():
    competition = made(street=100.0, category=50.0)
    within = 50 * (1 - np.exp(-1.0))
    total = 100 * (1 - np.exp(-2 * within / 100))
    found = competition.attendances(np.array([[50.0, 50.0, 0.0], [0.0, 0.0, 0.0]]))
    assert found[0] == pytest.approx([total / 2, total / 2, 0])
    assert (found[1] == 0).all()


def test_margins_are_the_slopes_and_shares_the_means():
    competition = made()
    mass = np.array([[120.0, 20.0, 3.0], [80.0, 60.0, 0.0]])
    for c in range(3):
        more = mass.copy()
        more[:, c] += 1e-4
        slope = (competition.attendances(more) - competition.attendances(mass)).sum(axis=1) / 1e-4
        assert competition.margins(mass)[:, c] == pytest.approx(slope, rel=1e-4)
    assert competition.shares(mass) * mass == pytest.approx(competition.attendances(mass))
    assert competition.shares(np.zeros((2, 3))) == pytest.approx(1)


def test_masses_invert_attendances():
    competition = made()
    mass = np.array([[120.0, 20.0, 3.0], [80.0, 60.0, 0.0]])
    assert competition.masses(competition.attendances(mass)) == pytest.approx(mass)
    assert np.isfinite(competition.masses(np.full((2, 3), 1e9))).all()


def test_without_caps_nothing_competes():
    free = made(np.inf, np.inf)
    mass = np.array([[120.0, 20.0, 3.0], [80.0, 60.0, 0.0]])
    assert (free.attendances(mass) == mass).all()
    assert (free.masses(mass) == mass).all()
    assert saturate(np.array(7.0), np.array(np.inf)) == 7


def test_matching_degree_by_hand():
    wants = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [1.0, 0.0, 0.0]])
    came = np.array([[50.0, 30.0, 20.0], [100.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert matching_degree(came, wants) == pytest.approx([1.0, 0.5, 0.0])


def test_wants_follow_the_offer_and_the_surveys():
    offered = np.array([[60.0, 40.0], [60.0, 40.0]])
    none = np.zeros((2, 2))
    assert estimate_wants(offered, none, none) == pytest.approx(np.array([[0.6, 0.4]] * 2))
    votes, asked = np.array([[100.0, 900.0], [900.0, 100.0]]), np.full((2, 2), 1_000.0)
    found = estimate_wants(offered, votes, asked)
    assert found[0, 1] > 0.45 > 0.35 > found[1, 1]
    assert found.sum(axis=1) == pytest.approx(1)
    few = estimate_wants(offered, votes / 500, asked / 500)
    assert abs(few[0, 1] - 0.4) < 0.02, "a handful of answers moves little"


def sessions(street: float, category: float, n: int = 4_000):
    """Sessions of 200 products beside loads that vary, drawn from the form with these multiples."""
    rng = np.random.default_rng(5)
    product = rng.integers(0, 200, n)
    loads = rng.uniform(0.2, 3.0, n), rng.uniform(0.2, 4.0, n)

    def kept(load):
        return -np.expm1(-load) / load

    mean = rng.gamma(3.0, 20.0, 200)[product]
    mean = mean * kept(loads[0] / street) * kept(loads[1] / (street * category))
    return rng.poisson(mean).astype(float), *loads, product


@pytest.mark.parametrize("planted", [(1.8, 2.2), (4.4, 1.6)])
def test_planted_multiples_are_found(planted):
    demand, street, category, product = sessions(*planted)
    found = learn_multiples(demand, np.ones(len(demand)), street, category, product, 1e9)
    assert found[0] == pytest.approx(planted[0], rel=0.3)
    assert found[1] == pytest.approx(planted[1], rel=0.5)


def test_without_evidence_the_prior_stands():
    nothing = np.zeros(0)
    product = np.zeros(0, dtype=np.intp)
    found = learn_multiples(nothing, nothing, nothing, nothing, product, 1.0)
    assert found == (STREET_MULTIPLE, CATEGORY_MULTIPLE)
    alike = np.ones(5)
    one_each = np.arange(5)
    found = learn_multiples(alike, alike, alike, alike, one_each, 1.0)
    assert found == (STREET_MULTIPLE, CATEGORY_MULTIPLE)
