"""From a score to the chance of a booking."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

INPUTS = ("activity", "event_bookings", "expected_remaining", "lead", "popularity")
"""Signals beside the score: a rank alone does not tell how many will book at all."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regression of "booked within the horizon" on the score and ``INPUTS``.

    Attributes
    ----------
    mean, scale, weights
        Shape (d,): intercept, score, whether a profile was used, then ``INPUTS``.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        total: NDArray[np.float32],
        signals: dict[str, NDArray[np.float32]],
        booked: NDArray[np.bool_],
    ) -> Self:
        """Maximise the penalised likelihood over a sample of all pairs, bookers or not.

        The penalty is half the square of every weight but the intercept, of standardised columns;
        a missing value counts as the mean.

        Parameters
        ----------
        total
            Scores of the ranker, shape (q, m).
        signals
            At least :data:`INPUTS`, each of shape (q, m).
        booked
            Whether each pair was booked within the horizon, shape (q, m).

        Returns
        -------
        The regression.
        """
        x = _inputs(total, signals)
        with np.errstate(invalid="ignore"):
            seen = np.isfinite(x)
        count = np.maximum(seen.sum(axis=0), 1)
        mean = np.where(seen, x, 0.0).sum(axis=0) / count
        spread = np.sqrt(np.where(seen, (x - mean) ** 2, 0.0).sum(axis=0) / count)
        mean[0], scale = 0.0, np.where(spread > 1e-9, spread, np.inf)
        scale[0] = 1.0
        z, y = np.where(seen, (x - mean) / scale, 0.0), booked.ravel().astype(np.float64)

        def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            score = z @ w
            chance = 1.0 / (1.0 + np.exp(-np.clip(score, -40, 40)))
            value = float(np.logaddexp(0.0, score).sum() - y @ score)
            penalty = w.copy()
            penalty[0] = 0.0
            return value + 0.5 * float(penalty @ penalty), z.T @ (chance - y) + penalty

        base = (y.sum() + 0.5) / (len(y) + 1.0)
        start = np.zeros(x.shape[1])
        start[0] = np.log(base / (1.0 - base))
        found = minimize(loss, start, jac=True, method="L-BFGS-B")
        return cls(mean, scale, np.asarray(found.x))

    def predict(
        self, total: NDArray[np.float32], signals: dict[str, NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Chances of a booking.

        Parameters
        ----------
        total
            Scores of the ranker, shape (q, m).
        signals
            At least :data:`INPUTS`, each of shape (q, m).

        Returns
        -------
        In [0, 1], shape (q, m), float32.
        """
        x = _inputs(total, signals)
        z = np.where(np.isfinite(x), (x - self.mean) / self.scale, 0.0) @ self.weights
        chance = 1.0 / (1.0 + np.exp(-np.clip(z, -40, 40)))
        return chance.reshape(total.shape).astype(np.float32)


def _inputs(
    total: NDArray[np.float32], signals: dict[str, NDArray[np.float32]]
) -> NDArray[np.float64]:
    known = np.isfinite(signals["activity"]).ravel().astype(np.float32)
    flat = [np.ones(total.size, dtype=np.float32), total.ravel(), known]
    flat.extend(signals[name].ravel() for name in INPUTS)
    return np.column_stack(flat).astype(np.float64)
