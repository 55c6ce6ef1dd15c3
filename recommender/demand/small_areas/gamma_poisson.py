"""Streets are small: Gamma-Poisson shrinkage with a learnt mixture of prior strengths.

A cell's ratio θ to what is expected of it has y ~ Poisson(E·θ), θ ~ Gamma(a, a). Products differ:
demand for some is even over streets (large a), for others local (small a). So a is drawn
for each product from a distribution over a grid of shapes, which EM learns from all products
(the non-parametric maximum likelihood of Laird 1978, here over strengths and not over rates).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

SHAPES: Floats = np.geomspace(0.1, 300.0, 24)


@dataclass(frozen=True, slots=True)
class GammaPoissonFit:
    """Posterior of every cell's ratio to its offset; arrays of shape (streets, products).

    Attributes
    ----------
    mean
        Posterior mean, > 0.
    log_sd
        Standard deviation of the ratio's logarithm.
    shape
        Mean strength of each product's prior, shape (products,).
    """

    mean: Floats
    log_sd: Floats
    shape: Floats


def fit_gamma_poisson(counts: Floats, offset: Floats, *, iterations: int = 60) -> GammaPoissonFit:
    """Posterior ratios of all cells.

    Parameters
    ----------
    counts, offset
        Shape (streets, products); counts >= 0, offsets > 0.
    iterations
        Steps of EM over the distribution of shapes.

    Returns
    -------
    Posterior of every cell, and the strength of every product's prior.
    """
    streets, products = counts.shape
    evidence = np.empty((len(SHAPES), products))
    for k, shape in enumerate(SHAPES):
        evidence[k] = (
            gammaln(counts + shape)
            - gammaln(shape)
            + shape * np.log(shape)
            - (counts + shape) * np.log(offset + shape)
        ).sum(axis=0)
    likelihood = np.exp(evidence - evidence.max(axis=0))
    weights = np.full(len(SHAPES), 1.0 / len(SHAPES))
    for _ in range(iterations):
        member = likelihood * weights[:, None]
        member /= member.sum(axis=0)
        weights = (member.sum(axis=1) + 1.0 / len(SHAPES)) / (products + 1.0)
    mean = np.zeros((streets, products))
    second = np.zeros((streets, products))
    for k, shape in enumerate(SHAPES):
        part = (counts + shape) / (offset + shape)
        mean += member[k] * part
        second += member[k] * part * (counts + shape + 1.0) / (offset + shape)
    relative = np.maximum(second / mean**2 - 1.0, 1e-12)
    return GammaPoissonFit(mean, np.sqrt(np.log1p(relative)), SHAPES @ member)
