"""Bootstrap intervals of means (Efron 1979, percentile method)."""

import numpy as np
from numpy.typing import NDArray


def bootstrap_mean(
    values: NDArray[np.float64],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    repeats: int = 1000,
) -> tuple[float, float]:
    """Interval of a mean over independent units (residents, not bookings).

    For a paired comparison give the differences.

    Parameters
    ----------
    values
        One value a unit, shape (n,).
    level
        Share of the interval, in (0, 1).

    Returns
    -------
    Lower and upper end; both NaN when there are no values.
    """
    n = len(values)
    if n == 0:
        return float("nan"), float("nan")
    means = np.empty(repeats)
    # In blocks: all drawn indices at once would be (repeats, n).
    block = max(1, 1_000_000 // n)
    for start in range(0, repeats, block):
        rows = min(block, repeats - start)
        means[start : start + rows] = values[rng.integers(0, n, (rows, n), np.int32)].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
