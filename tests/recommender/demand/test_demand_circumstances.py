"""What fills a hall besides the product, and what is made of the moment it was full."""

import numpy as np
import pytest

from recommender.demand.observations.censoring import unconstrain
from recommender.demand.observations.exposure import position_weights, relative_exposure
from recommender.demand.observations.saturation import learn_saturation
from recommender.demand.observations.session_effects import fit_session_effects
from recommender.demand.small_areas.interval_backtest import backtest_factor
from recommender.demand.small_areas.poisson_lognormal import fit_poisson_lognormal
from recommender.demand.small_areas.rates import estimate_rates


@pytest.mark.parametrize("scarcity", [1.0, 2.0, 4.0])
def test_the_moment_a_session_filled_up_tells_its_demand(scarcity: float) -> None:
    rng = np.random.default_rng(0)
    products, sessions = 200, 4
    product = np.repeat(np.arange(products), sessions)
    mean = rng.gamma(3, 20, products)[product] * rng.gamma(6, 1 / 6, len(product))
    demand = rng.poisson(mean).astype(float)
    seats = np.maximum(np.round(60 / scarcity * rng.lognormal(0, 0.4, len(product))), 3.0)
    full = demand > seats
    # Arrivals are even in time; the first to find it full stands on the waiting list.
    elapsed, early = np.full(len(product), np.nan), demand.copy()
    for j in full.nonzero()[0]:
        arrivals = np.sort(rng.random(int(demand[j])))
        elapsed[j], early[j] = arrivals[int(seats[j])], seats[j] + 1
    taken = np.minimum(demand, seats)
    found = unconstrain(
        taken,
        np.zeros(len(product)),
        full,
        np.ones(len(product)),
        product,
        np.zeros(products, dtype=np.intp),
        early=early,
        elapsed=elapsed,
    )
    assert taken.sum() < 0.9 * demand.sum()
    assert found.demand.sum() == pytest.approx(demand.sum(), rel=0.03)
    assert np.corrcoef(found.demand[full], demand[full])[0, 1] > 0.9


def test_what_is_popular_and_therefore_shown_more_is_not_counted_twice() -> None:
    rng = np.random.default_rng(1)
    n = 600
    appeal = rng.lognormal(0, 0.8, n)
    attention = appeal**0.4 * rng.lognormal(0, 0.1, n)
    logged = np.arange(n) % 3 == 0
    weighted_impressions = rng.poisson(500 * attention).astype(float)
    found, slope = relative_exposure(
        appeal, np.full(n, 100.0), weighted_impressions, logged, appeal, 1.0
    )
    assert slope == pytest.approx(0.4, abs=0.05)
    assert (found * appeal).sum() == pytest.approx(appeal.sum())
    assert np.corrcoef(np.log(found), np.log(attention))[0, 1] > 0.95
    half, _ = relative_exposure(
        appeal, np.full(n, 100.0), weighted_impressions, logged, appeal, 0.5
    )
    assert np.log(half).std() < np.log(found).std()


def test_with_too_few_logged_sessions_all_were_noticed_alike() -> None:
    n = 50
    found, slope = relative_exposure(
        np.ones(n), np.ones(n), np.arange(n) * 1.0, np.arange(n) < 29, np.ones(n), 1.0
    )
    np.testing.assert_array_equal(found, 1.0)
    assert slope == 0.0


def test_sessions_that_nobody_could_have_been_shown_tell_nothing() -> None:
    rng = np.random.default_rng(3)
    n = 100
    met = np.where(np.arange(n) < 40, 0.0, 100.0)
    weighted_impressions = np.where(met > 0, rng.poisson(50, n), 0).astype(float)
    ones = np.ones(n)
    found, _ = relative_exposure(ones, met, weighted_impressions, ones > 0, ones, 1.0)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(n)
    nothing, slope = relative_exposure(ones, ones, np.zeros(n), ones > 0, ones, 1.0)
    np.testing.assert_array_equal(nothing, 1.0)
    assert slope == 0.0


def test_impressions_low_on_a_list_count_less() -> None:
    rng = np.random.default_rng(2)
    position = rng.integers(1, 6, 200_000)
    booked = rng.random(len(position)) < 0.05 / position
    weighted_impressions = position_weights(position, booked)
    by_place = [weighted_impressions[position == k][0] for k in range(1, 6)]
    assert by_place == sorted(by_place, reverse=True)
    assert by_place[0] / by_place[4] == pytest.approx(5.0, rel=0.3)
    assert weighted_impressions.mean() == pytest.approx(1.0, rel=0.05)


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


def test_wear_is_told_from_appeal() -> None:
    rng = np.random.default_rng(5)
    appeal = rng.lognormal(3, 1, 150)
    # What is popular is held more often, so that worn sessions are those of popular products.
    held = np.minimum(1 + (appeal / 10).astype(int), 12)
    product = np.repeat(np.arange(150), held)
    level = np.log2(1.0 + np.concatenate([np.arange(n) for n in held]))
    size = 8.0
    mean = appeal[product] * np.exp(-0.2 * level)
    demand = rng.poisson(mean * rng.gamma(size, 1 / size, len(mean))).astype(float)
    found = learn_saturation(demand, np.ones(len(mean)), level, product, size)
    assert found == pytest.approx(0.2, abs=0.06)
    assert learn_saturation(demand, np.ones(len(mean)), level, np.arange(len(mean)), size) == 0.0


def test_noise_of_many_levels_is_not_taken_for_a_season() -> None:
    rng = np.random.default_rng(6)
    level, size = rng.integers(0, 40, 2000), 3.0
    flat = rng.poisson(50 * rng.gamma(size, 1 / size, 2000)).astype(float)
    expected = np.full(2000, 50.0)
    (found,) = fit_session_effects(flat, expected, [level], [40], size=size)
    assert np.log(found).std() < 0.05
    lifted = flat * np.where(level % 2 == 0, 1.3, 1 / 1.3)
    (found,) = fit_session_effects(lifted, expected, [level], [40], size=size)
    assert np.log(found[::2]).mean() - np.log(found[1::2]).mean() == pytest.approx(0.52, abs=0.15)


def test_a_latest_period_that_went_badly_widens_intervals_and_a_good_one_leaves_them() -> None:
    rng = np.random.default_rng(7)
    product, size = np.repeat(np.arange(120), 3), np.full(360, 5.0)
    found = {}
    for truth in (0.3, 0.9):
        mean = 40 * np.exp(rng.normal(0, truth, 120))[product]
        demand = rng.poisson(mean * rng.gamma(5, 1 / 5, 360)).astype(float)
        expected = np.full(360, 40 * np.exp(truth**2 / 2))
        found[truth] = backtest_factor(demand, expected, size, product, np.full(120, 0.5))
    assert found[0.3] == 1.0
    assert found[0.9] == pytest.approx(1.8, abs=0.4)
    assert backtest_factor(demand[:30], expected[:30], size[:30], product[:30], np.ones(120)) == 1.0
