"""Ratios from features."""

import numpy as np

from recommender.demand.products.log_ratio_priors import predict_ratios


def test_tastes_over_features_reach_products_nobody_booked() -> None:
    rng = np.random.default_rng(7)
    product_features = rng.normal(size=(300, 6))
    taste = rng.normal(0, 0.5, (5, 6))
    truth = np.exp(taste @ product_features.T)
    expected = np.full((5, 300), 15.0)
    expected[:, 200:] = 0.0
    counts = rng.poisson(expected * truth).astype(float)
    found = predict_ratios(counts, expected, product_features, rng=np.random.default_rng(0))
    new = np.log(found[:, 200:])
    assert np.corrcoef(new.ravel(), np.log(truth[:, 200:]).ravel())[0, 1] > 0.9
    noise = predict_ratios(
        rng.poisson(expected).astype(float),
        expected,
        product_features,
        rng=np.random.default_rng(0),
    )
    assert np.abs(np.log(noise)).mean() < 0.05
