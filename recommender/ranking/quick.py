"""Scores of every candidate for everybody at the price of one matrix product.

The full ranker weighs some seventy signals by trees; for 700,000 residents times a thousand events
that is hours of work. What differs between two residents of one street is mostly linear, so it is
learnt from the full ranker's own answers (distillation, Hinton et al. 2015)::

    quick(i, e) = nobody(street_i, e) + offset_e + x_i · y_e + own(i, e)

where *nobody* is the full ranker's answer to nobody in particular, exact; *x · y* are factors,
words, hours, categories and age; *own* are bookings at the product, series, supplier and venue.
For whoever has no profile it is the full ranker's answer, unchanged.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ranking.model import BoundModel

Floats = NDArray[np.float32]

DENSE = ("als", "words", "hours", "age", "own_category")
OWN = ("product", "series", "supplier", "venue")
LIFTS = ("product", "supplier", "category", "venue")
RIDGE = 10.0


class QuickScores:
    """A bound model distilled for a fixed set of candidates.

    Parameters
    ----------
    bound
        The full model.
    candidates
        Positions in ``world.events``, shape (m,).
    at
        Moment of every question.
    rng
        Draws the pairs to learn from.
    residents, each
        How many profiled residents are asked about how many candidates.
    """

    def __init__(
        self,
        bound: BoundModel,
        candidates: NDArray[np.intp],
        at: np.datetime64,
        *,
        rng: np.random.Generator,
        residents: int = 2000,
        each: int = 96,
    ) -> None:
        world = bound.world
        streets = np.append(np.arange(len(world.streets)), -1)
        nobody = np.full(len(streets), -1)
        # By blocks no wider than the full ranker answers whole.
        self.nobody_: Floats = np.concatenate(
            [
                bound.score(nobody, part, at, streets=streets).total
                for part in np.array_split(candidates, max(1, -(-len(candidates) // 500)))
            ],
            axis=1,
        )
        self._prepare(bound, candidates)
        asked = rng.permutation(np.flatnonzero(world.resident_profiled))[:residents]
        each = min(each, len(candidates))
        street = world.resident_street[asked].astype(np.intp)
        best = np.argsort(-self.nobody_[street], axis=1)[:, : each // 2]
        other = rng.integers(0, len(candidates), (len(asked), each - best.shape[1]))
        columns = np.concatenate([best, other], axis=1)
        if len(asked):
            truth = bound.score(asked, candidates[columns], at).total
            rest = truth - self.nobody_[street[:, None], columns]
            self._learn(asked, columns, rest)
        self._assemble()

    def _prepare(self, bound: BoundModel, candidates: NDArray[np.intp]) -> None:
        """Both sides of every linear term; residents' tables are views of the full model's."""
        world, signals = bound.world, bound._signals
        level = {name: codes[candidates] for name, codes in world.event_level.items()}
        taste, loyalty, circumstance = signals.taste, signals.loyalty, signals.circumstance
        product = np.maximum(level["product"], 0)
        there = (level["product"] >= 0)[:, None]
        n_ages = 6
        ages = np.zeros((len(world.residents), n_ages), dtype=np.float32)
        known = world.resident_age >= 0
        ages[np.flatnonzero(known), world.resident_age[known]] = 1.0
        lift = np.zeros((len(candidates), n_ages), dtype=np.float32)
        for name in LIFTS:
            table = circumstance._lift["age", name].toarray()
            codes = level[name]
            if table.shape[1]:
                lift += np.where(codes >= 0, table[:, np.maximum(codes, 0)], 0).T
        hours = circumstance._cell[candidates]
        self._left: dict[str, Floats] = {
            "als": taste._residents,
            "words": taste._profiles,
            "hours": circumstance._hour_lift,
            "age": ages,
            "own_category": np.log1p(loyalty._counts["category", "slow"].toarray()),
        }
        self._right: dict[str, Floats] = {
            "als": taste._products[product] * there,
            "words": taste._words[product] * there,
            "hours": _one_hot(hours, self._left["hours"].shape[1]),
            "age": lift,
            "own_category": _one_hot(level["category"], self._left["own_category"].shape[1]),
        }
        self._own_terms = []
        for name in OWN:
            counts = loyalty._counts[name, "slow"].copy()
            counts.data = np.log1p(counts.data)
            codes = level[name]
            used = np.flatnonzero(codes >= 0)
            where = sp.csr_matrix(
                (np.ones(len(used), dtype=np.float32), (codes[used], used)),
                shape=(counts.shape[1], len(candidates)),
            )
            self._own_terms.append(sp.csr_matrix(counts @ where, dtype=np.float32))

    def _learn(self, asked: NDArray[np.intp], columns: NDArray[np.intp], rest: Floats) -> None:
        """Ridge regression of what the full ranker adds for a person, and a mean per event."""
        terms = [
            np.einsum("qf,qcf->qc", self._left[name][asked], self._right[name][columns])
            for name in DENSE
        ]
        terms += [
            np.take_along_axis(own[asked].toarray(), columns, axis=1) for own in self._own_terms
        ]
        x = np.stack([term.ravel() for term in terms] + [np.ones(rest.size)], axis=1)
        x, y = x.astype(np.float64), rest.ravel().astype(np.float64)
        # Level differences between residents do not order a list: learn within each list.
        lists = np.repeat(np.arange(len(asked)), rest.shape[1])
        size = rest.shape[1]
        x[:, :-1] -= (np.add.reduceat(x[:, :-1], np.arange(0, len(x), size)) / size)[lists]
        y = y - y.reshape(-1, size).mean(axis=1)[lists]
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += RIDGE
        weights = np.linalg.solve(gram, x.T @ y)
        self.weights_ = weights[:-1].astype(np.float32)
        left_over = y - x @ weights
        n = self.nobody_.shape[1]
        count = np.bincount(columns.ravel(), minlength=n)
        self.offset_ = (
            np.bincount(columns.ravel(), weights=left_over, minlength=n) / (count + 10.0)
        ).astype(np.float32)

    def _assemble(self) -> None:
        if not hasattr(self, "weights_"):
            self.weights_ = np.zeros(len(DENSE) + len(OWN), dtype=np.float32)
            self.offset_ = np.zeros(self.nobody_.shape[1], dtype=np.float32)
        weights = dict(zip((*DENSE, *OWN), self.weights_.tolist(), strict=True))
        self.left_ = np.concatenate([self._left[name] for name in DENSE], axis=1, dtype=np.float32)
        right = [self._right[name] * np.float32(weights[name]) for name in DENSE]
        self.right_ = np.ascontiguousarray(np.concatenate(right, axis=1, dtype=np.float32).T)
        own: Any = sum(
            term * np.float32(weights[name])
            for name, term in zip(OWN, self._own_terms, strict=True)
        )
        self.own_ = sp.csr_matrix(own, dtype=np.float32)
        del self._left, self._right, self._own_terms

    def score(self, residents: NDArray[np.intp], streets: NDArray[np.intp]) -> Floats:
        """Scores of all candidates.

        Parameters
        ----------
        residents
            Positions, shape (q,); -1 for nobody in particular.
        streets
            Where they ask from, shape (q,); -1 unknown.

        Returns
        -------
        Shape (q, m), float32.
        """
        total = self.nobody_[streets]
        if len(residents) == 1:
            row = int(residents[0])
            if row >= 0:
                total[0] += self.left_[row] @ self.right_ + self.offset_
                own = slice(int(self.own_.indptr[row]), int(self.own_.indptr[row + 1]))
                total[0, self.own_.indices[own]] += self.own_.data[own]
            return total
        personal = np.flatnonzero(residents >= 0)
        rows = residents[personal]
        total[personal] += self.left_[rows] @ self.right_ + self.offset_
        own_rows = self.own_[rows].tocoo()
        total[personal[own_rows.row], own_rows.col] += own_rows.data
        return total


def _one_hot(codes: NDArray[np.int32], size: int) -> Floats:
    table = np.zeros((len(codes), size), dtype=np.float32)
    known = np.flatnonzero(codes >= 0)
    table[known, codes[known]] = 1.0
    return table
