"""What an evaluation found: measures of every question, means by scorer and group."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.metrics.bootstrap import bootstrap_mean
from recommender.metrics.ranking import gini, ndcg_at_k, recall_at_k, reciprocal_rank
from recommender.types import IdMap

ENGINE = "engine"
"""The full ranker over everything that can be booked: no rule of lists."""
SERVED = "served"
"""The lists of the engine that serves: eligibility, seat prices, diversity, exploration."""
UNEXPLORED = "served_unexplored"
"""The same without exploration."""
PER_QUERY = ("ndcg@10", "recall@20", "mrr")
HELD = ("categories", "diversification")
"""What a list of ten holds: see :mod:`training.evaluation.diversification`."""
BINS = 5


@dataclass(slots=True)
class Tally:
    """What one scorer did: a row a question, and exposure over all lists."""

    rows: list[pd.DataFrame] = field(default_factory=list)
    shown: dict[str, int] = field(default_factory=dict)
    surprise: float = 0.0
    new: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Results by scorer and group.

    Attributes
    ----------
    windows
        Number of windows that held at least one question.
    scorers
        Name → measure → value, and ``ci`` → measure → (low, high) at 95 %. Means are over residents
        of their own means; ``by_list`` holds means over lists, ``engine_gain`` how much more
        NDCG@10 the engine has, paired by resident. ``categories`` and ``diversification`` tell what
        lists of ten hold. ``engine`` is the ranker alone, ``served`` what
        is served of it, ``served_unexplored`` the same without exploration.
    groups
        Group → name → the same: ``hot``, ``warm``, ``cold`` residents, ``without_history`` (warm
        and cold together); ``new_products``.
    questions
        One row a scorer, resident and moment: the measures before averaging.
    notes
        Counts that tell what was left out and why.
    """

    windows: int
    scorers: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, dict[str, Any]]]
    questions: pd.DataFrame
    notes: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The contract's JSON document."""
        return {
            "windows": self.windows,
            "scorers": self.scorers,
            "groups": self.groups,
            "notes": self.notes,
        }

    def served_to_raw(self) -> float:
        """NDCG@10 of the served lists, exploration included, over that of the ranker alone."""
        return float(self.scorers[SERVED]["ndcg@10"] / max(self.scorers[ENGINE]["ndcg@10"], 1e-12))


def measure(
    best: NDArray[np.intp],
    relevant: NDArray[np.bool_],
    new: NDArray[np.bool_],
    residents: NDArray[np.intp],
    names: IdMap,
    kind: NDArray[np.object_],
    held: Mapping[str, NDArray[np.float64]],
) -> pd.DataFrame:
    """Measures of each question of one asking.

    Parameters
    ----------
    best
        Columns of the events listed, best first, -1 where there is none; shape (q, n).
    relevant
        What the resident went on to book, shape (q, events).
    new
        Events of products that were never booked before, shape (events,).
    residents, names
        Positions, and the identifiers they stand for.
    kind
        ``hot``, ``warm`` or ``cold``, shape (q,).
    held
        What each list holds, by the names in :data:`HELD`; shape (q,), NaN where it has no meaning.

    Returns
    -------
    One row a question; ``wanted`` is the number of events it asked to find.
    """
    hits = np.take_along_axis(relevant, np.maximum(best, 0), axis=1) & (best >= 0)
    wanted = relevant.sum(axis=1)
    fresh = relevant & new
    fresh_wanted = fresh.sum(axis=1)
    fresh_hits = np.take_along_axis(fresh, np.maximum(best, 0), axis=1) & (best >= 0)
    some = np.maximum(fresh_wanted, 1)
    return pd.DataFrame(
        {
            "resident_id": names.take(residents),
            "kind": kind,
            "wanted": wanted,
            "ndcg@10": ndcg_at_k(hits, wanted, 10),
            "recall@20": recall_at_k(hits, wanted, 20),
            "mrr": reciprocal_rank(hits),
            "fresh": fresh_wanted > 0,
            "new ndcg@10": ndcg_at_k(fresh_hits, some, 10),
            "new recall@20": recall_at_k(fresh_hits, some, 20),
            "new mrr": reciprocal_rank(fresh_hits),
        }
        | dict(held)
    )


def make_report(
    used: int,
    tallies: dict[str, Tally],
    chances: list[NDArray[np.float64]],
    notes: dict[str, Any],
    rng: np.random.Generator,
) -> EvaluationReport:
    """Means by scorer and group, with intervals.

    Parameters
    ----------
    used
        Number of windows that held a question.
    tallies
        What every scorer did; all were asked the same.
    chances
        Predicted chance and outcome of pairs, shape (pairs, 2) an asking.
    notes
        Counts of what was asked and left out.
    rng
        For the bootstrap.

    Returns
    -------
    The report.
    """
    scorers: dict[str, dict[str, Any]] = {}
    frames = []
    for name, tally in tallies.items():
        rows = pd.concat(tally.rows, ignore_index=True)
        frames.append(rows.assign(scorer=name))
        exposure = np.array(list(tally.shown.values()), dtype=np.float64)
        places = max(tally.places, 1)
        scorers[name] = {
            "coverage": float((exposure > 0).mean()),
            "novelty": tally.surprise / places,
            "gini": gini(exposure),
            "new_product_share": tally.new / places,
        }
    questions = pd.concat(frames, ignore_index=True)
    for name, values in _compared(questions, rng).items():
        scorers[name] = values | scorers[name]
    fresh = questions[questions["fresh"]].drop(columns=list(PER_QUERY))
    parts = {kind: questions[questions["kind"] == kind] for kind in ("hot", "warm", "cold")}
    parts["without_history"] = questions[questions["kind"] != "hot"]
    parts["new_products"] = fresh.rename(columns=lambda column: column.removeprefix("new "))
    groups = {name: _compared(part, rng) for name, part in parts.items() if len(part)}
    scorers[ENGINE]["calibration"] = _calibration(np.concatenate(chances))
    return EvaluationReport(used, scorers, groups, questions, notes)


def _compared(questions: pd.DataFrame, rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Means of every scorer, and how much more the engine has, paired by resident.

    Means are over residents of their own means, with intervals; ``by_list`` holds those over lists.
    """
    columns = [*PER_QUERY, *HELD]
    each = questions.groupby(["scorer", "resident_id"], observed=True, sort=False)[columns].mean()
    engine = each.xs(ENGINE, level="scorer")["ndcg@10"]
    compared: dict[str, dict[str, Any]] = {}
    for name in questions["scorer"].unique():
        mine, rows = each.xs(name, level="scorer"), questions[questions["scorer"] == name]
        found: dict[str, Any] = {column: float(mine[column].mean()) for column in columns}
        found["residents"] = len(mine)
        found["ci"] = {
            column: list(bootstrap_mean(mine[column].to_numpy(), rng=rng)) for column in PER_QUERY
        }
        means = {column: float(rows[column].mean()) for column in columns}
        found["by_list"] = means | {"lists": len(rows)}
        if name != ENGINE:
            gain = (engine.reindex(mine.index) - mine["ndcg@10"]).to_numpy()
            interval = list(bootstrap_mean(gain, rng=rng))
            found["engine_gain"] = {"ndcg@10": float(gain.mean()), "ci": interval}
        compared[str(name)] = found
    return compared


def _calibration(pairs: NDArray[np.float64]) -> dict[str, Any]:
    """Predicted and true share of bookings over all pairs, and by fifths of what is predicted."""
    if len(pairs) == 0:
        return {}
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    p, y = np.clip(pairs[:, 0], 1e-6, 1 - 1e-6), pairs[:, 1]
    mass = np.cumsum(p)
    bins = np.minimum((BINS * mass / mass[-1]).astype(np.intp), BINS - 1)
    return {
        "pairs": len(p),
        "predicted": float(p.mean()),
        "observed": float(y.mean()),
        "log_loss": float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()),
        "bins": [
            {
                "pairs": int((bins == b).sum()),
                "predicted": float(p[bins == b].mean()),
                "observed": float(y[bins == b].mean()),
            }
            for b in range(BINS)
            if (bins == b).any()
        ],
    }
