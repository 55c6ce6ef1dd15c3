"""Rates of products that nobody booked yet."""

import numpy as np
import pytest

from recommender.demand.products.new_products import learn_product_rates


def test_new_products_get_the_rate_their_features_tell() -> None:
    rng = np.random.default_rng(6)
    product_features = rng.normal(size=(600, 8))
    beta = np.array([0.8, -0.6, 0.4, 0, 0, 0, 0, 0])
    rate = 0.01 * np.exp(product_features @ beta + rng.normal(0, 0.3, 600))
    exposure = np.where(np.arange(600) < 400, 2000.0, 0.0)
    found = learn_product_rates(
        rng.poisson(exposure * rate).astype(float),
        exposure,
        product_features,
        np.zeros(600, dtype=np.intp),
        rng=np.random.default_rng(0),
    )
    new = exposure == 0
    assert np.corrcoef(np.log(found.rate[new]), np.log(rate[new]))[0, 1] > 0.9
    assert found.rate[new].sum() == pytest.approx(rate[new].sum(), rel=0.1)
    assert found.scatter == pytest.approx(0.3, abs=0.1)
    assert (found.log_sd[new] > 1.4 * found.log_sd[~new].mean()).all()


def test_no_data_at_all_gives_small_figures_not_errors() -> None:
    found = learn_product_rates(
        np.zeros(3), np.zeros(3), np.zeros((3, 0)), np.zeros(3, int), rng=np.random.default_rng(0)
    )
    assert (found.rate > 0).all()
    assert (found.log_sd >= 1).all()
