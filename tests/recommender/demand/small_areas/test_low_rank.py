"""Many streets take another way to the same numbers, and to nearly the same with few patterns."""

import numpy as np
import pytest

from recommender.demand.small_areas import low_rank, poisson_lognormal
from recommender.demand.small_areas.low_rank import split_covariance
from recommender.demand.small_areas.poisson_lognormal import fit_poisson_lognormal


def planted(
    streets: int, products: int, patterns: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    effect = 0.5 * rng.normal(size=(streets, patterns)) @ rng.normal(size=(patterns, products))
    offset = rng.gamma(1.0, 4.0, size=(streets, products))
    return rng.poisson(offset * np.exp(effect)).astype(float), offset, effect


def test_with_all_patterns_the_numbers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, offset, _ = planted(12, 9, 2)
    exact = fit_poisson_lognormal(counts, offset)
    monkeypatch.setattr(poisson_lognormal, "_LARGE", 1)
    found = fit_poisson_lognormal(counts, offset)
    assert low_rank.RANK >= 11
    for name in ("mode", "log_sd", "covariance", "scale"):
        assert getattr(found, name) == pytest.approx(getattr(exact, name), rel=1e-3, abs=1e-4)


def test_few_patterns_are_found_among_many_streets(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, offset, effect = planted(40, 60, 3)
    exact = fit_poisson_lognormal(counts, offset, iterations=8)
    monkeypatch.setattr(poisson_lognormal, "_LARGE", 1)
    found = fit_poisson_lognormal(counts, offset, iterations=8)
    error, least = (float(np.abs(fit.mode - effect).mean()) for fit in (found, exact))
    assert error < 1.05 * least
    assert found.log_sd == pytest.approx(exact.log_sd, rel=0.3)


def test_the_inverse_is_that_of_the_covariance() -> None:
    rng = np.random.default_rng(1)
    patterns = rng.normal(size=(30, 4))
    covariance = patterns @ patterns.T + 0.5 * np.eye(30)
    diagonal, shared = split_covariance(covariance)
    inverse = np.diag(1.0 / diagonal) - shared @ shared.T
    assert inverse == pytest.approx(np.linalg.inv(covariance), abs=1e-8)


def test_hundreds_of_streets_find_their_patterns() -> None:
    counts, offset, effect = planted(300, 12, 2)
    found = fit_poisson_lognormal(counts, offset, iterations=5)
    assert np.isfinite(found.log_sd).all()
    assert np.corrcoef(found.mode.ravel(), effect.ravel())[0, 1] > 0.6
