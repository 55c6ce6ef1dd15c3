"""How much streets inform each other: the weight of two views of each cell, learnt from the counts.

Two estimates of the same figures are averaged geometrically (Timmermann 2006 on combinations),

    m = m_alone^(1 - w) * m_shared^w,

with one w for all cells: the one under which counts that neither view has seen are likeliest
(Poisson, given their sum), with a normal prior. Sharing earns more the more is counted; halves
of few counts alone would be too noisy to find it, hence the prior.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHARING = 0.8
"""Weight of the view in which streets inform each other, before any count is seen."""
PRIOR_SD = 0.1
GRID: Floats = np.linspace(0.0, 1.0, 21)


def mix(alone: Floats, shared: Floats, sharing: float) -> Floats:
    """Geometric mean of two views.

    Parameters
    ----------
    alone, shared
        Figures, > 0, same shape.
    sharing
        Weight of ``shared``, in [0, 1].

    Returns
    -------
    Same shape; 0 where either is.
    """
    known = (alone > 0) & (shared > 0)
    logs = (np.log(np.where(known, view, 1.0)) for view in (alone, shared))
    mean = np.exp((1.0 - sharing) * next(logs) + sharing * next(logs))
    return np.asarray(np.where(known, mean, 0.0))


def learn_sharing(held_out: Sequence[tuple[Floats, Floats, Floats]]) -> float:
    """The weight under which held-out counts are likeliest.

    Parameters
    ----------
    held_out
        Counts, and what either view expects of them, same shape; each element from a fit of its
        own that has not seen them.

    Returns
    -------
    In [0, 1]; :data:`SHARING` where there is no count.
    """
    fit = -0.5 * ((GRID - SHARING) / PRIOR_SD) ** 2
    for counts, alone, shared in held_out:
        for index, sharing in enumerate(GRID):
            mean = mix(np.maximum(alone, 1e-12), np.maximum(shared, 1e-12), float(sharing))
            fit[index] += (counts * np.log(mean / mean.sum())).sum()
    return float(GRID[int(np.argmax(fit))])
