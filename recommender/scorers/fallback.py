"""The fallback chain: missing scores of one scorer are filled by the next."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def standardise_rows(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores of each row with mean 0 and standard deviation 1 over what is finite.

    Scorers have different units; standardised, one may replace another. Constant rows become 0;
    NaN stays NaN.
    """
    finite = np.isfinite(scores)
    count = np.maximum(finite.sum(axis=1, keepdims=True), 1)
    filled = np.where(finite, scores, 0.0).astype(np.float64)
    centred = np.where(finite, filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    scaled = centred / np.where(spread > 1e-12, spread, 1.0)
    return np.where(finite, scaled, np.nan).astype(np.float32)


def fall_back(scores: Sequence[NDArray[np.float32]], *, empty: float = 0.0) -> NDArray[np.float32]:
    """Fill the NaNs of each scorer with the next one's standardised scores.

    Parameters
    ----------
    scores
        One array a scorer, all of shape (q, c), the preferred one first.
    empty
        The score where every scorer has NaN.

    Returns
    -------
    Shape (q, c), float32; finite wherever any scorer is, ``empty`` where none is.
    """
    result = standardise_rows(scores[0])
    for other in scores[1:]:
        gaps = np.isnan(result)
        if not gaps.any():
            break
        result[gaps] = standardise_rows(other)[gaps]
    return np.nan_to_num(result, nan=empty)
