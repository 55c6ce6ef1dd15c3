"""Shrinkage with a learnt mixture of prior strengths."""

import numpy as np

from recommender.demand.small_areas.gamma_poisson import fit_gamma_poisson


def test_shrinkage_tells_local_from_general_products() -> None:
    rng = np.random.default_rng(2)
    offset = np.full((40, 60), 5.0)
    local = np.arange(60) < 30
    truth = np.where(local, rng.gamma(0.3, 1 / 0.3, (40, 60)), 1.0)
    found = fit_gamma_poisson(rng.poisson(offset * truth).astype(float), offset)
    assert found.shape[local].max() < found.shape[~local].min()
    assert np.abs(found.mean[:, ~local] - 1).mean() < 0.1
