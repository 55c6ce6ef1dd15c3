"""The weight between two views is learnt from counts that neither has seen."""

import numpy as np
import pytest

from recommender.demand.small_areas.mixture import SHARING, learn_sharing, mix


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_mean_is_geometric(weight: float) -> None:
    found = mix(np.array([2.0, 3.0, 0.0]), np.array([8.0, 3.0, 0.0]), weight)
    assert found == pytest.approx([2.0 * 4.0**weight, 3.0, 0.0])


@pytest.mark.parametrize("truth", [0.3, 0.6, 1.0])
def test_many_counts_tell_the_weight(truth: float) -> None:
    rng = np.random.default_rng(1)
    alone, shared = (rng.lognormal(4.0, 0.6, (10, 60)) for _ in range(2))
    counts = rng.poisson(mix(alone, shared, truth)).astype(float)
    assert learn_sharing([(counts, alone, shared)]) == pytest.approx(truth, abs=0.051)


def test_without_counts_the_prior_stays_and_few_move_it_little() -> None:
    rng = np.random.default_rng(2)
    alone, shared = (rng.lognormal(0.0, 0.3, (4, 10)) for _ in range(2))
    assert learn_sharing([(np.zeros((4, 10)), alone, shared)]) == SHARING
    few = rng.poisson(alone).astype(float)
    assert learn_sharing([(few, alone, shared)]) == pytest.approx(SHARING, abs=0.16)
    assert learn_sharing([]) == SHARING


def test_the_level_of_a_view_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    alone, shared = (rng.lognormal(3.0, 0.5, (6, 30)) for _ in range(2))
    counts = rng.poisson(shared).astype(float)
    assert learn_sharing([(counts, 10.0 * alone, shared)]) == learn_sharing(
        [(counts, alone, shared)]
    )
