"""Street demand on participatory-budgeting votes: predict every neighbourhood's from a sample.

A biased "app" sample of the voters is drawn (the young are over-represented), and every
neighbourhood's true votes for each project are predicted. Any file with voters' neighbourhoods
serves; nothing is set for one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.demand.peers import PEERS, ndcg, wape
from data.converters.ledger import Ledger
from data.converters.pabulib_file import read_instance
from data.converters.source_rows import number
from recommender.demand.model import interval
from recommender.demand.small_areas.intervals import estimate_with_intervals

Floats = NDArray[np.float64]

EDGES = (24, 34, 44, 54, 64)
"""Last ages of the bands but one."""
WEIGHTS = np.array([1.6, 1.6, 1.3, 0.8, 0.4, 0.2])
"""How much likelier each band is to be in the sample."""
SIZES = (0.01, 0.02, 0.05, 0.10)
REFERENCE = "post-stratified shrinkage"
CHAIN = "chain"


@dataclass(frozen=True)
class Vote:
    """Voters by position, their neighbourhood, age band and choices."""

    name: str
    street: NDArray[np.intp]
    band: NDArray[np.intp]
    chosen: Floats
    streets: int

    def count(self, who: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Votes by (street, band, project) and voters by (street, band)."""
        bands = len(WEIGHTS)
        counts = np.zeros((self.streets, bands, self.chosen.shape[1]))
        users = np.zeros((self.streets, bands))
        np.add.at(counts, (self.street[who], self.band[who]), self.chosen[who])
        np.add.at(users, (self.street[who], self.band[who]), 1.0)
        return counts, users


@dataclass(frozen=True)
class Result:
    """Figures of one vote: by method and sample size, lists over seeds.

    ``covered`` is the share of intervals that hold, shape (seeds, sizes, streets).
    """

    name: str
    wape: dict[str, dict[float, list[float]]]
    ndcg: dict[str, dict[float, list[float]]]
    covered: Floats

    def ratios(self, method: str) -> list[float]:
        """Mean WAPE over seeds as a ratio to the reference, by sample size."""
        return [
            float(np.mean(self.wape[method][s]) / np.mean(self.wape[REFERENCE][s])) for s in SIZES
        ]

    def ndcg_gain(self) -> tuple[float, tuple[float, float]]:
        """NDCG@10 of the chain less that of the reference, two standard errors over seeds."""
        by_seed = np.mean(
            [np.array(self.ndcg[CHAIN][s]) - np.array(self.ndcg[REFERENCE][s]) for s in SIZES],
            axis=0,
        )
        middle = float(by_seed.mean())
        error = 2 * float(by_seed.std(ddof=1)) / float(np.sqrt(len(by_seed)))
        return middle, (middle - error, middle + error)

    def ratio_interval(self) -> tuple[float, float]:
        """Of the chain's mean ratio: two standard errors over seeds."""
        by_seed = np.mean(
            [np.array(self.wape[CHAIN][s]) / np.array(self.wape[REFERENCE][s]) for s in SIZES],
            axis=0,
        )
        error = 2 * by_seed.std(ddof=1) / np.sqrt(len(by_seed))
        middle = float(np.mean(self.ratios(CHAIN)))
        return middle - error, middle + error


def read_vote(path: Path) -> Vote | None:
    """One file; ``None`` if it does not tell its voters' neighbourhoods."""
    instance = read_instance(path, Ledger())
    projects = {row["project_id"]: p for p, row in enumerate(instance.projects)}
    rows = [row for row in instance.votes if row["neighborhood"]]
    ages = [number(row["age"]) for row in rows]
    known = [(row, age) for row, age in zip(rows, ages, strict=True) if age is not None]
    if len(known) < 1000:
        return None
    names = sorted({row["neighborhood"] for row, _ in known})
    position = {name: s for s, name in enumerate(names)}
    chosen = np.zeros((len(known), len(projects)))
    for v, (row, _) in enumerate(known):
        for project in row["vote"].split(","):
            if project in projects:
                chosen[v, projects[project]] = 1.0
    meta = instance.meta
    return Vote(
        f"{meta.get('unit', path.stem)}{meta.get('instance', '')}".lower().replace(" ", ""),
        np.array([position[row["neighborhood"]] for row, _ in known]),
        np.searchsorted(EDGES, [age for _, age in known], side="left"),
        chosen,
        len(names),
    )


def judge(path: Path, seed: int) -> dict[str, Any] | None:
    """All methods on samples of all sizes.

    Parameters
    ----------
    path
        The file of one vote.
    seed
        Draws the samples.

    Returns
    -------
    By method lists over sample sizes, of WAPE and of NDCG@10; and the share of intervals that
    hold, by street. ``None`` if the file does not tell its voters' neighbourhoods.
    """
    vote = read_vote(path)
    if vote is None:
        return None
    everyone = np.arange(len(vote.street))
    full, people = vote.count(everyone)
    truth = full.sum(axis=1)
    weight = WEIGHTS[vote.band] / WEIGHTS[vote.band].sum()
    found: dict[str, Any] = {"name": vote.name, "wape": {}, "ndcg": {}}
    covered = []
    for size in SIZES:
        rng = np.random.default_rng(seed)
        who = rng.choice(everyone, round(size * len(everyone)), replace=False, p=weight)
        counts, users = vote.count(who)
        told = {name: peer(counts, users, people) for name, peer in PEERS.items()}
        chain, _ = estimate_with_intervals(counts, users[:, :, None], people, rng=rng)
        told[CHAIN] = chain.expected
        for name, figures in told.items():
            found["wape"].setdefault(name, []).append(wape(figures, truth))
            found["ndcg"].setdefault(name, []).append(ndcg(figures, truth))
        log_sd = np.sqrt(chain.log_sd**2 + chain.product_log_sd**2)
        low, high = interval(chain.expected, log_sd)
        covered.append(((low <= truth) & (truth <= high)).mean(axis=1).tolist())
    return {**found, "covered": covered}


def gather(units: Sequence[dict[str, Any]]) -> Result:
    """Figures of one vote from those of its seeds."""
    wapes, ndcgs = (
        {
            method: {s: [u[measure][method][k] for u in units] for k, s in enumerate(SIZES)}
            for method in units[0]["wape"]
        }
        for measure in ("wape", "ndcg")
    )
    return Result(units[0]["name"], wapes, ndcgs, np.array([u["covered"] for u in units]))


def table(result: Result) -> list[dict[str, Any]]:
    """Rows for people."""
    return [
        {
            "data": result.name,
            "method": name,
            **{f"wape {size:.0%}": float(np.mean(by[size])) for size in SIZES},
            **{f"ndcg {size:.0%}": float(np.mean(result.ndcg[name][size])) for size in SIZES},
            "ratio": float(np.mean(result.ratios(name))),
        }
        for name, by in result.wape.items()
    ]
