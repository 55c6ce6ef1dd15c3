"""Runs longer and shorter than usual, by known answers."""

import numpy as np
import pytest

from recommender.demand.observations.runs import reach_of_runs


def test_a_run_of_the_usual_length_counts_one_and_longer_ones_a_little_more() -> None:
    found = reach_of_runs(np.array([7, 14, 14, 28, 1, 1]), np.array([0, 0, 0, 0, 1, 1]))
    assert found[[1, 2, 4, 5]].tolist() == [1.0] * 4
    assert found[0] == pytest.approx(0.632 / 0.865, abs=0.001)
    assert found[3] == pytest.approx(0.982 / 0.865, abs=0.001)
