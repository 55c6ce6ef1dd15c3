"""Planted rates come back, better than from simpler estimates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.demand.observations.session_effects import fit_session_effects
from recommender.demand.products.log_ratio_priors import predict_ratios
from recommender.demand.products.new_products import learn_product_rates
from recommender.demand.products.product_prior import ProductPrior, leave_one_out_ratio
from recommender.demand.small_areas.gamma_poisson import fit_gamma_poisson
from recommender.demand.small_areas.poisson_lognormal import fit_poisson_lognormal
from recommender.demand.small_areas.poststratification import band_rates, standardise
from recommender.demand.small_areas.raking import rake
from recommender.demand.small_areas.rates import estimate_rates

Array = np.ndarray


def planted(
    seed: int = 0, streets: int = 15, products: int = 40
) -> tuple[Array, Array, Array, Array]:
    """Counts, exposure, population and truth: two kinds of streets, tastes by age, a biased app."""
    rng = np.random.default_rng(seed)
    kind = rng.normal(size=(2, products))
    street = kind[np.arange(streets) % 2] + 0.3 * rng.normal(size=(streets, products))
    age = rng.normal(0, 0.6, (4, products))
    rate = 0.03 * np.exp(street[:, None] + age[None])
    people = rng.integers(800, 2500, (streets, 4)).astype(float)
    users = rng.binomial(people.astype(int), [0.08, 0.05, 0.02, 0.01]).astype(float)
    counts = rng.poisson(users[:, :, None] * rate).astype(float)
    return counts, users[:, :, None], people, np.einsum("sa,sap->sp", people, rate)


def wape(found: Array, truth: Array) -> float:
    return float(np.abs(found - truth).sum() / truth.sum())


def test_chain_beats_each_simpler_estimate_on_planted_rates() -> None:
    counts, users, people, truth = planted()
    found = estimate_rates(counts, users, people).expected
    y, n = counts.sum(axis=1), users.sum(axis=1)
    scaled = y / np.maximum(n, 1) * people.sum(axis=1)[:, None]
    city = people.sum(axis=1)[:, None] * y.sum(axis=0) / n.sum()
    base = standardise(counts, users, people, y.sum(axis=0) / n.sum())
    shrunk = base.target * fit_gamma_poisson(base.counts, base.offset).mean
    assert wape(found, truth) < 0.95 * wape(shrunk, truth)
    assert wape(found, truth) < 0.8 * min(wape(scaled, truth), wape(city, truth))


def test_total_is_right_under_a_biased_app() -> None:
    totals = []
    for seed in range(5):
        counts, users, people, truth = planted(seed)
        totals.append(estimate_rates(counts, users, people).expected.sum() / truth.sum())
    assert np.mean(totals) == pytest.approx(1.0, abs=0.05)


def test_much_evidence_overrules_every_prior() -> None:
    rate = np.array([[0.02, 0.3], [0.2, 0.1]])
    users = np.full((2, 1, 1), 1e6)
    found = estimate_rates(rate[:, None, :] * users, users, np.full((2, 1), 100.0)).expected
    np.testing.assert_allclose(found, 100 * rate, rtol=0.01)


def test_a_street_without_users_gets_the_district_figure_and_a_wider_interval() -> None:
    counts, users, people, truth = planted()
    counts[3], users[3] = 0.0, 0.0
    found = estimate_rates(counts, users, people)
    assert np.isfinite(found.expected).all()
    assert found.expected[3].sum() == pytest.approx(truth[3].sum(), rel=0.35)
    assert found.log_sd[3].mean() > 1.3 * found.log_sd[4].mean()


def test_categories_tell_what_an_unseen_product_may_expect_of_a_street() -> None:
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1], 20)
    taste = np.array([[2.0, 0.5], [0.5, 2.0], [1.0, 1.0]])
    users = np.full((3, 1, 40), 2000.0)
    users[:, :, 0] = 0.0
    counts = rng.poisson(users * 0.02 * taste[:, None, group]).astype(float)
    rates = np.full(40, 0.02)
    found = estimate_rates(
        counts,
        users,
        np.full((3, 1), 1000.0),
        product_rates=rates,
        product_prior=ProductPrior(group, np.zeros((40, 0))),
    ).expected
    np.testing.assert_allclose(found[:, 0], 20 * taste[:, 0], rtol=0.35)


def test_shrinkage_tells_local_from_general_products() -> None:
    rng = np.random.default_rng(2)
    offset = np.full((40, 60), 5.0)
    local = np.arange(60) < 30
    truth = np.where(local, rng.gamma(0.3, 1 / 0.3, (40, 60)), 1.0)
    found = fit_gamma_poisson(rng.poisson(offset * truth).astype(float), offset)
    assert found.shape[local].max() < found.shape[~local].min()
    assert np.abs(found.mean[:, ~local] - 1).mean() < 0.1


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


def test_band_rates_keep_what_a_product_showed_in_total() -> None:
    rng = np.random.default_rng(4)
    exposure = rng.integers(10, 500, (5, 8)).astype(float)
    counts = rng.poisson(exposure * 0.05).astype(float)
    rates = counts.sum(axis=0) / exposure.sum(axis=0)
    found = band_rates(counts, exposure, rates)
    np.testing.assert_allclose((exposure * found).sum(axis=0), counts.sum(axis=0))


def test_nothing_is_borrowed_from_a_group_without_anything_in_common() -> None:
    rng = np.random.default_rng(5)
    expected = np.full((20, 30), 20.0)
    unlike = rng.poisson(expected * rng.gamma(2, 0.5, (20, 30))).astype(float)
    group = np.arange(30) % 10
    assert np.abs(leave_one_out_ratio(unlike, expected, group) - 1).max() < 0.35
    alike = rng.poisson(expected * rng.gamma(2, 0.5, (20, 10))[:, group]).astype(float)
    assert leave_one_out_ratio(alike, expected, group).std() > 0.4


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
def test_raking_meets_both_margins(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.gamma(1, 1, (rows, columns)) + 0.01
    wanted = rng.gamma(2, 1, (rows, columns)) + 0.1
    found = rake(cells, wanted.sum(axis=1), wanted.sum(axis=0), iterations=300)
    np.testing.assert_allclose(found.sum(axis=0), wanted.sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), wanted.sum(axis=1), rtol=1e-3)


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


def test_factors_of_place_and_hour_are_found() -> None:
    rng = np.random.default_rng(8)
    venue, hour = rng.integers(0, 10, 2000), rng.integers(0, 6, 2000)
    by_venue, by_hour = rng.gamma(20, 1 / 20, 10), rng.gamma(8, 1 / 8, 6)
    expected = rng.gamma(3, 10, 2000)
    demand = rng.poisson(expected * by_venue[venue] * by_hour[hour]).astype(float)
    found = fit_session_effects(demand, expected, [venue, hour], [10, 6])
    np.testing.assert_allclose(found[0] / found[0].mean(), by_venue / by_venue.mean(), rtol=0.08)
    np.testing.assert_allclose(found[1] / found[1].mean(), by_hour / by_hour.mean(), rtol=0.08)
