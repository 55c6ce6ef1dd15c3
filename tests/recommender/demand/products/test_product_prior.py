"""Priors from a category."""

import numpy as np

from recommender.demand.products.product_prior import leave_one_out_ratio


def test_nothing_is_borrowed_from_a_group_without_anything_in_common() -> None:
    rng = np.random.default_rng(5)
    expected = np.full((20, 30), 20.0)
    unlike = rng.poisson(expected * rng.gamma(2, 0.5, (20, 30))).astype(float)
    group = np.arange(30) % 10
    assert np.abs(leave_one_out_ratio(unlike, expected, group) - 1).max() < 0.35
    alike = rng.poisson(expected * rng.gamma(2, 0.5, (20, 10))[:, group]).astype(float)
    assert leave_one_out_ratio(alike, expected, group).std() > 0.4
