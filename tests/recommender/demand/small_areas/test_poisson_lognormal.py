"""Deviations of streets, modelled together."""

import numpy as np

from recommender.demand.small_areas.poisson_lognormal import fit_poisson_lognormal


def test_local_products_do_not_loosen_the_others() -> None:
    rng = np.random.default_rng(4)
    streets, products = 20, 40
    log = 0.05 * rng.normal(size=(streets, products))
    log[:, :4] = 2.0 * rng.normal(size=(streets, 4))
    offset = np.full((streets, products), 5.0)
    found = fit_poisson_lognormal(rng.poisson(offset * np.exp(log)).astype(float), offset)
    assert found.scale[:4].min() > 3 * np.median(found.scale[4:])
    assert np.abs(found.mode[:, 4:]).mean() < 0.2
    assert np.corrcoef(found.mode[:, :4].ravel(), log[:, :4].ravel())[0, 1] > 0.9


def test_sharing_learns_which_streets_go_together() -> None:
    rng = np.random.default_rng(3)
    pair = rng.normal(0, 1, (4, 200))
    effect = np.repeat(pair, 2, axis=0)
    found = fit_poisson_lognormal(
        rng.poisson(4 * np.exp(effect)).astype(float), np.full((8, 200), 4.0)
    )
    spread = np.sqrt(np.diag(found.covariance))
    correlation = found.covariance / np.outer(spread, spread)
    assert correlation[0, 1] > 0.75
    assert abs(correlation[0, 2]) < 0.3
