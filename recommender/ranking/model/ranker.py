"""The learnt ranker: a linear first stage, boosted trees behind it, and how far to trust each."""

from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recommender.interfaces import Arrays
from recommender.ranking.features.registry import NAMES

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rows:
    """Training pairs of many questions, the rows of one question together.

    Attributes
    ----------
    x
        Signals, shape (n, d).
    booked
        What came of it, shape (n,), boolean.
    sizes
        Rows of each question, in order; they sum to n.
    window
        Which past window each question is from, 0 the oldest; shape (questions,).
    """

    x: Matrix
    booked: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    window: NDArray[np.int64]

    def take(self, questions: NDArray[np.bool_]) -> "Rows":
        """Only some of the questions."""
        rows = np.repeat(questions, self.sizes)
        return Rows(self.x[rows], self.booked[rows], self.sizes[questions], self.window[questions])

    @staticmethod
    def join(contributions: "list[Rows]") -> "Rows":
        """One after the other."""
        return Rows(
            np.concatenate([part.x for part in contributions]),
            np.concatenate([part.booked for part in contributions]),
            np.concatenate([part.sizes for part in contributions]),
            np.concatenate([part.window for part in contributions]),
        )


@dataclass(frozen=True, slots=True)
class LinearRanker:
    """Weighs standardised signals; missing ones count as average.

    Fitted as a conditional logit (McFadden 1974): each booking is a choice among the question's
    candidates; the weights maximise the log-likelihood minus ``ridge`` times their square.

    Attributes
    ----------
    mean, scale, weights
        Shape (d,), float64.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def fit(cls, rows: Rows, ridge: float = 1.0) -> Self:
        """Maximise by L-BFGS.

        Parameters
        ----------
        rows
            Questions with their candidates; each has a booking.
        ridge
            Weight of the penalty, on standardised columns.

        Returns
        -------
        The weights; columns that do not vary get none.
        """
        with np.errstate(invalid="ignore"):
            seen = np.isfinite(rows.x)
            count = np.maximum(seen.sum(axis=0), 1)
            filled = np.where(seen, rows.x, 0.0).astype(np.float64)
            mean = filled.sum(axis=0) / count
            spread = np.sqrt(np.where(seen, (rows.x - mean) ** 2, 0.0).sum(axis=0) / count)
        scale = np.where(spread > 1e-9, spread, np.inf)
        x = np.where(seen, (filled - mean) / scale, 0.0)
        starts = np.concatenate([[0], np.cumsum(rows.sizes)[:-1]])
        chosen = rows.booked.astype(np.float64)
        per_question = np.add.reduceat(chosen, starts)
        # A question with many bookings speaks once for each, but not without bound.
        trust = 1.0 / np.sqrt(np.maximum(per_question, 1.0))
        weight_of_row = np.repeat(trust, rows.sizes)
        total = np.repeat(per_question * trust, rows.sizes)

        def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            score = x @ w
            top = np.repeat(np.maximum.reduceat(score, starts), rows.sizes)
            power = np.exp(score - top)
            mass = np.add.reduceat(power, starts)
            log_mass = np.log(np.repeat(mass, rows.sizes)) + top
            value = -float((weight_of_row * chosen * (score - log_mass)).sum())
            share = power / np.repeat(mass, rows.sizes)
            gradient = x.T @ (total * share - weight_of_row * chosen)
            return value + ridge * float(w @ w), gradient + 2 * ridge * w

        found = minimize(
            loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}
        )
        return cls(mean=mean, scale=scale, weights=np.asarray(found.x))

    def predict(self, x: Matrix) -> Matrix:
        """Scores, shape (n,)."""
        return np.asarray(self._centred(x) @ self._slope, dtype=np.float32)

    def contributions(self, x: Matrix) -> Matrix:
        """What each column adds to the score, shape (n, d)."""
        return np.asarray(self._centred(x) * self._slope, dtype=np.float32)

    @property
    def _slope(self) -> NDArray[np.float32]:
        return (self.weights / self.scale).astype(np.float32)

    def _centred(self, x: Matrix) -> Matrix:
        centred = x - self.mean.astype(np.float32)
        return np.where(np.isfinite(centred), centred, np.float32(0))


TREES = {
    "num_leaves": 7,
    "learning_rate": 0.05,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    # The trial and the model to serve are fitted side by side; threads of both would wait for each
    # other at every split.
    "num_threads": 1,
}
ROUNDS = 200


def fit_trees(rows: Rows, objective: str, *, seed: int, rounds: int = ROUNDS) -> lgb.Booster:
    """Fit boosted trees.

    Parameters
    ----------
    rows
        Questions with their candidates.
    objective
        ``lambdarank`` (Burges 2010), within questions, or ``binary``, over all pairs.
    seed
        Of the samples of rows and columns.
    rounds
        Number of trees.

    Returns
    -------
    The LightGBM model.
    """
    options = TREES | {"objective": objective, "seed": seed}
    data = lgb.Dataset(rows.x, label=rows.booked.astype(np.int32), free_raw_data=False)
    if objective == "lambdarank":
        options |= {"lambdarank_truncation_level": 20, "label_gain": [0, 1]}
        data.set_group(rows.sizes)
    return lgb.train(options, data, num_boost_round=rounds)


@dataclass(frozen=True, slots=True)
class Ranker:
    """The second stage: linear and trees, mixed.

    Attributes
    ----------
    linear
        Over all signals.
    trees
        LightGBM models as text, by objective.
    mix
        Weight of the linear score, of each tree model's, or of a signal that stands alone, after
        division by ``spread``.
    spread
        Typical spread within a question of each, so that the mix means the same everywhere.
    """

    linear: LinearRanker
    trees: dict[str, str]
    mix: dict[str, float]
    spread: dict[str, float]

    def predict(self, x: Matrix) -> Matrix:
        """Scores, shape (n,)."""
        total = np.zeros(len(x), dtype=np.float32)
        for name, weight in sorted(self.mix.items()):
            if weight:
                one = self._one(name, x)
                total += np.float32(weight / self.spread[name]) * np.asarray(one, np.float32)
        return total

    def _one(self, name: str, x: Matrix) -> Matrix:
        if name == "linear":
            return self.linear.predict(x)
        if name in self.trees:
            raw = booster_of(self.trees[name]).predict(x, raw_score=True)
            return np.asarray(raw, dtype=np.float32)
        return np.nan_to_num(x[:, NAMES.index(name)])

    def contributions(self, x: Matrix) -> Matrix:
        """What each signal adds (for trees: Shapley values, Lundberg 2018), shape (n, d)."""
        total = np.zeros(x.shape, dtype=np.float32)
        for name, weight in sorted(self.mix.items()):
            if not weight:
                continue
            if name == "linear":
                one = self.linear.contributions(x)
            elif name not in self.trees:
                one = np.zeros_like(x)
                one[:, NAMES.index(name)] = self._one(name, x)
            else:
                found = booster_of(self.trees[name]).predict(x, pred_contrib=True)
                one = np.asarray(found, dtype=np.float32)[:, :-1]
            total += np.float32(weight / self.spread[name]) * one
        return total

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        names = sorted(self.mix)
        return {
            "linear": np.array([self.linear.mean, self.linear.scale, self.linear.weights]),
            "mix_names": np.array(names, dtype=np.str_),
            "mix": np.array([[self.mix[n], self.spread[n]] for n in names]),
            **{f"trees.{name}": np.array(text) for name, text in self.trees.items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""
        names = arrays["mix_names"].tolist()
        values = arrays["mix"]
        return cls(
            linear=LinearRanker(*arrays["linear"]),
            trees={
                key.removeprefix("trees."): str(value)
                for key, value in arrays.items()
                if key.startswith("trees.")
            },
            mix={name: float(values[i, 0]) for i, name in enumerate(names)},
            spread={name: float(values[i, 1]) for i, name in enumerate(names)},
        )


_BOOSTERS: dict[int, lgb.Booster] = {}


def booster_of(text: str) -> lgb.Booster:
    """A LightGBM model from its text."""
    # Parsing takes longer than answering one question; texts live as long as their models.
    key = hash(text)
    if key not in _BOOSTERS:
        if len(_BOOSTERS) > 16:
            _BOOSTERS.clear()
        _BOOSTERS[key] = lgb.Booster(model_str=text)
    return _BOOSTERS[key]


def spread_within(score: Matrix, sizes: NDArray[np.int64]) -> float:
    """Typical standard deviation of scores within a question.

    Parameters
    ----------
    score
        Scores of all rows, shape (n,).
    sizes
        Rows of each question, in order; they sum to n.

    Returns
    -------
    Root of the mean variance, at least 1e-6.
    """
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    score = score.astype(np.float64)
    mean = np.add.reduceat(score, starts) / sizes
    square = np.add.reduceat((score - np.repeat(mean, sizes)) ** 2, starts) / sizes
    return float(np.sqrt(np.maximum(square.mean(), 1e-12)))
