"""The objective by hand, and its straight pieces."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.demand.competition import saturate
from recommender.procurement.benefit import (
    competing,
    matching_pieces,
    plan_value,
    saturation_pieces,
    targets,
)


def test_pieces_lie_closely_above_the_curve():
    x = np.linspace(1, 700, 997)
    pieces = saturation_pieces(150.0)
    lines = (pieces.slope[:, None] * x + pieces.intercept[:, None]).min(axis=0)
    above = lines / saturate(x, np.array(150.0)) - 1
    assert (above >= -1e-12).all()
    assert above.max() < 0.003
    wanted = matching_pieces(80.0)
    lines = (wanted.slope[:, None] * x + wanted.intercept[:, None]).min(axis=0)
    nash = 80 * np.log1p(x / 8) * 1.1
    assert (lines >= nash - 1e-9).all()
    assert (lines / nash).max() < 1.02
    straight = saturation_pieces(np.inf)
    assert (straight.slope, straight.intercept) == (1, 0)


def test_a_category_at_its_target_counts_one_for_one_more():
    pieces = matching_pieces(100.0)
    slope = np.interp(100.0, 100 * np.append(0, np.geomspace(0.02, 20, 40)), pieces.slope)
    assert slope == pytest.approx(1.0, rel=0.01)


def test_a_street_without_history_is_as_the_others(competing_problem):
    problem = competing_problem
    found = targets(problem.competition)
    assert found[0] == pytest.approx([30, 18, 12])
    assert found[1] == pytest.approx(np.array([0.2, 0.5, 0.3]) * 500 * 60 / 300)


def test_the_value_by_hand(competing_problem):
    problem = competing_problem
    cells = np.zeros((2, 6))
    cells[0, 0], cells[0, 3] = 60.0, 40.0
    within = 150 * (1 - np.exp(-60 / 150)), 200 * (1 - np.exp(-40 / 200))
    plain = 300 * (1 - np.exp(-sum(within) / 300))
    assert plan_value(problem, cells) == pytest.approx(plain + 0.5 * 40)
    nash = 1.1 * sum(t * np.log1p(a / (0.1 * t)) for a, t in zip(within, (30, 18), strict=True))
    turned = replace(problem, matching=0.25)
    assert plan_value(turned, cells) == pytest.approx(0.75 * plain + 0.25 * nash + 20)
    assert competing(problem, cells).sum() == pytest.approx(plain)
