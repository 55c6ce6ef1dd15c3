"""Factors and content of the two circles: who took what, planted structure, what is new."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from recommender.ranking.model.latent_factors import (
    CONTENT_DIMENSIONS,
    LatentFactors,
    Settings,
    dense_content,
    fit_content_axes,
    fit_latent_factors,
    taken_products,
    unit_rows,
)

OPERA, CODE = slice(0, 10, 2), slice(1, 10, 2)


def test_taken_counts_bookings_of_those_who_may_be_profiled(circles, circles_snapshot):
    found = taken_products(circles_snapshot)
    bookings = circles["bookings"].merge(circles["events"][["event_id", "product_id"]])
    counts = bookings.groupby(["resident_id", "product_id"], observed=True).size()
    wanted = np.zeros(found.shape)
    for (resident, product), count in counts.items():
        if resident != "r25":
            row = circles_snapshot.residents.position(resident)
            wanted[row, circles_snapshot.products.position(product)] = count
    assert wanted.sum() > 50
    np.testing.assert_array_equal(found.toarray(), wanted)


def test_rows_get_unit_length_and_empty_ones_stay():
    found = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.0, 0.0]], atol=1e-7)


def test_products_of_the_same_words_are_alike_and_of_other_words_are_not(
    circles_snapshot, circles_factors
):
    order = circles_snapshot.products.positions([f"p{i}" for i in range(10)])
    content = dense_content(circles_snapshot.product_features, circles_factors.content_axes)[order]
    alike = content @ content.T
    assert content.shape == (10, CONTENT_DIMENSIONS)
    np.testing.assert_allclose(alike[OPERA, OPERA], 1.0, atol=1e-3)
    np.testing.assert_allclose(alike[CODE, CODE], 1.0, atol=1e-3)
    assert np.abs(alike[OPERA, CODE]).max() < 0.3


def test_a_catalogue_of_one_product_or_without_words_has_no_axes(circles_snapshot):
    features = circles_snapshot.product_features
    for some in (features[:1], features * 0):
        axes = fit_content_axes(some, np.random.default_rng(0))
        assert axes.shape == (features.shape[1], CONTENT_DIMENSIONS)
        np.testing.assert_array_equal(dense_content(some, axes), 0.0)


def test_the_map_from_content_to_factors_is_a_ridge_weighted_by_what_was_taken(
    circles_snapshot, circles_factors
):
    content = dense_content(circles_snapshot.product_features, circles_factors.content_axes)
    taken = taken_products(circles_snapshot).getnnz(axis=0)
    x = np.column_stack([content, np.ones(len(content))]).astype(np.float64)
    peer = Ridge(alpha=5.0, fit_intercept=False)
    peer.fit(x, circles_factors.als.product_factors_, sample_weight=np.minimum(taken, 50))
    np.testing.assert_allclose(circles_factors.content_to_factors, peer.coef_.T, atol=1e-4)


def test_a_product_that_nobody_took_is_expected_to_please_the_circle_of_its_words(
    circles_snapshot, circles_factors
):
    residents = circles_factors.als.fold_in(taken_products(circles_snapshot))
    content = dense_content(circles_snapshot.product_features, circles_factors.content_axes)
    prior = np.column_stack([content, np.ones(len(content))]) @ circles_factors.content_to_factors
    new = prior[circles_snapshot.products.positions(["p8", "p9"])]  # opera, code
    score = residents[:24] @ new.T
    assert (score[:12, 0] > score[:12, 1]).all()
    assert (score[12:, 1] > score[12:, 0]).all()


def test_the_same_draws_give_the_same_factors_and_arrays_give_them_back(
    circles_snapshot, circles_factors
):
    settings = Settings(factors=4, iterations=8)
    again = fit_latent_factors(circles_snapshot, settings, rng=np.random.default_rng(0))
    arrays = circles_factors.to_arrays()
    loaded = LatentFactors.from_arrays(arrays)
    assert loaded.settings == settings
    assert loaded.products.ids == circles_snapshot.products.ids
    for other in (again, loaded):
        found = other.to_arrays()
        assert found.keys() == arrays.keys()
        for name, values in arrays.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_given_axes_are_kept(circles_snapshot, circles_factors):
    axes = circles_factors.content_axes * 2
    found = fit_latent_factors(
        circles_snapshot,
        Settings(factors=2, iterations=1),
        rng=np.random.default_rng(0),
        content_axes=axes,
    )
    assert found.content_axes is axes
    assert found.content_to_factors.shape == (CONTENT_DIMENSIONS + 1, 2)
    assert found.content_to_factors == pytest.approx(found.content_to_factors)
