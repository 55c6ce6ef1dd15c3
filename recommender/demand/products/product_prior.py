"""Prior of a product's ratios before its own counts are used, from its category or its features."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.demand.products.log_ratio_priors import predict_ratios

Floats = NDArray[np.float64]

STRENGTHS: Floats = np.append(1e9, np.geomspace(3000.0, 1.0, 12))
"""Grid of the prior's weight in expected counts; the first value ignores the group."""


@dataclass(frozen=True, slots=True)
class ProductPrior:
    """Prior from the other products.

    Attributes
    ----------
    group
        Category of each product, shape (products,).
    product_features
        Features, shape (products, features); may have no column.
    seed
        For dealing products to folds.
    """

    group: NDArray[np.intp]
    product_features: Floats
    seed: int = 0

    def ratios(self, counts: Floats, expected: Floats) -> Floats:
        """Ratios of counts to expected predicted from other products, shape (rows, products).

        From the category or from features, whichever predicts the products' own counts better.

        Parameters
        ----------
        counts, expected
            Shape (rows, products); rows are streets or age bands.

        Returns
        -------
        Ratios, > 0.
        """
        by_group = leave_one_out_ratio(counts, expected, self.group)
        by_traits = predict_ratios(
            counts, expected, self.product_features, rng=np.random.default_rng(self.seed)
        )
        if held_out_fit(counts, expected, by_traits) > held_out_fit(counts, expected, by_group):
            return by_traits
        return by_group


def held_out_fit(counts: Floats, expected: Floats, ratio: Floats) -> float:
    """Negative-binomial log likelihood (shape 1) of the counts, given each product's total.

    Products keep the sum they are expected to have: only the pattern over rows is judged.

    Parameters
    ----------
    counts
        What happened, shape (rows, products), >= 0.
    expected
        What was expected before the pattern, same shape, >= 0.
    ratio
        The pattern that is judged, same shape, > 0.

    Returns
    -------
    The log likelihood, up to a constant.
    """
    mean = expected * ratio
    mean = mean * (expected.sum(axis=0) / np.maximum(mean.sum(axis=0), 1e-12))
    return float((counts * np.log(mean + 1e-12) - (counts + 1.0) * np.log1p(mean)).sum())


def leave_one_out_ratio(counts: Floats, expected: Floats, group: NDArray[np.intp]) -> Floats:
    """Leave-one-out ratios: those of a product's group without the product itself.

    ``(Σ others' counts + κ) / (Σ others' expected + κ)``, with the one κ that predicts the
    products' own counts best (negative binomial, shape 1): large where the products of a group
    have little in common, infinite where they have nothing.

    Parameters
    ----------
    counts, expected
        Shape (rows, products); rows are streets or age bands.
    group
        Shape (products,).

    Returns
    -------
    Shape (rows, products), > 0.
    """
    seen, expected_others = others(counts, expected, group)
    best, kept = -np.inf, np.ones_like(expected)
    for strength in STRENGTHS:
        ratio = (seen + strength) / (expected_others + strength)
        fit = held_out_fit(counts, expected, ratio)
        if fit > best + 1e-6:
            best, kept = fit, ratio
    return kept


def others(counts: Floats, expected: Floats, group: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Sums over the other products of each product's group; shapes as given (n, products).

    Parameters
    ----------
    counts, expected
        Shape (n, products).
    group
        Group of each product, shape (products,).

    Returns
    -------
    Sums of counts and of expected, >= 0.
    """
    member = np.eye(int(group.max()) + 1)[group] if len(group) else np.zeros((0, 1))
    of = [(values @ member)[:, group] - values for values in (counts, expected)]
    return np.maximum(of[0], 0.0), np.maximum(of[1], 0.0)
