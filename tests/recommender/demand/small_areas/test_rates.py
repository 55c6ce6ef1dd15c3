"""Planted rates come back, better than from simpler estimates."""

import numpy as np
import pytest

from recommender.demand.products.product_prior import ProductPrior
from recommender.demand.small_areas.gamma_poisson import fit_gamma_poisson
from recommender.demand.small_areas.poststratification import standardise
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


def test_a_lucky_session_does_not_raise_a_product_over_its_rate() -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(5.0, (6, 1, 40)).astype(float)
    counts[:, :, 0] *= 8.0
    exposure, population = np.full((6, 1, 40), 100.0), np.full((6, 1), 1000.0)
    rates = np.full(40, 0.05)
    found = estimate_rates(counts, exposure, population, product_rates=rates)
    total = found.expected.sum(axis=0)
    assert total[0] == pytest.approx(300.0, rel=0.01)
    assert found.expected.sum() == pytest.approx(40 * 300.0, rel=0.01)
