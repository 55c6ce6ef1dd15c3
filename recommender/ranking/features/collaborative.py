"""Collaborative and content signals: factors, neighbours, co-attendance, similar descriptions."""

from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.features.decay import by_position
from recommender.ranking.features.lookup import one_at, product_at, products_of
from recommender.ranking.model.latent_factors import (
    LatentFactors,
    dense_content,
    taken_products,
    unit_rows,
)
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

PROFILE_HALF_LIFE_DAYS = 180.0


class Collaborative:
    """Factors and neighbours of the model, folded into the histories of a snapshot."""

    def __init__(self, snapshot: RankingSnapshot, latent_factors: LatentFactors) -> None:
        self.snapshot = snapshot
        self.latent_factors = latent_factors
        fitted = latent_factors.products.positions(snapshot.products.ids, missing=-1)
        known = np.flatnonzero(fitted >= 0)
        columns = sp.csr_matrix(
            (np.ones(len(known), dtype=np.float32), (known, fitted[known])),
            shape=(len(snapshot.products), len(latent_factors.products)),
        )
        taken = sp.csr_matrix(taken_products(snapshot) @ columns)
        self._fitted = fitted
        self._residents = latent_factors.als.fold_in(taken)
        content = dense_content(snapshot.product_features, latent_factors.content_axes)
        self._products = self._product_factors(fitted, content)
        taken.data[:] = 1.0
        self._taken = taken
        self._content = content
        self._profiles = self._content_profiles(content)
        self._fit_co_attendance()

    def _product_factors(
        self, fitted: NDArray[np.intp], content: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Fitted factors; for products nobody took, the prior from their content."""
        factors = self.latent_factors.als.product_factors_
        own = np.where((fitted >= 0)[:, None], factors[np.maximum(fitted, 0)], np.float32(0))
        guess = (
            np.column_stack([content, np.ones(len(content), np.float32)])
            @ self.latent_factors.content_to_factors
        )
        cold = np.abs(own).max(axis=1, initial=0.0) == 0.0
        told = np.abs(content).max(axis=1, initial=0.0) > 0.0
        self.cold_ = cold
        return np.where((cold & told)[:, None], guess, own).astype(np.float32)

    def _content_profiles(self, content: NDArray[np.float32]) -> NDArray[np.float32]:
        snapshot = self.snapshot
        keep = (snapshot.log_outcome != CANCELLED) & snapshot.resident_profiled[
            snapshot.log_resident
        ]
        age = (snapshot.as_of - snapshot.log_time[keep]) / np.timedelta64(1, "D")
        weight = np.exp2(-age / PROFILE_HALF_LIFE_DAYS).astype(np.float32)
        product = snapshot.event_level["product"]
        matrix = sp.csr_matrix(
            (
                weight,
                (snapshot.log_resident[keep], product[snapshot.log_event[keep]]),
            ),
            shape=(len(snapshot.residents), len(snapshot.products)),
        )
        profiles = np.asarray(matrix @ content, dtype=np.float32)
        return unit_rows(profiles)

    def _fit_co_attendance(self) -> None:
        """Cosines between every past event and those that can be booked now, by who came."""
        snapshot = self.snapshot
        open_now = snapshot.bookable(snapshot.as_of)
        self._open = np.full(len(snapshot.events), -1, dtype=np.int32)
        self._open[open_now] = np.arange(len(open_now))
        came = snapshot.booked()
        came = sp.csr_matrix(sp.diags_array(snapshot.resident_profiled.astype(np.float32)) @ came)
        size = np.maximum(
            by_position(
                snapshot.log_event,
                np.ones(len(snapshot.log_event), np.float32),
                len(snapshot.events),
            ),
            1.0,
        )
        scaled = sp.csr_matrix(came @ sp.diags_array(size**-0.5))
        # Somebody who comes to everything says little about any two events.
        busy = np.maximum(came.getnnz(axis=1), 1).astype(np.float32)
        calm = sp.diags_array(busy**-0.5)
        now = sp.csr_matrix(calm @ scaled[:, open_now])
        self._came = came
        self._alike = sp.csr_matrix(scaled.T @ now, dtype=np.float32)

    @cached_property
    def _narrow(self) -> dict[str, sp.csr_matrix]:
        """The neighbours' columns of what can be booked now: short lists need no others."""
        fitted = self._fitted[self.snapshot.event_level["product"][np.flatnonzero(self._open >= 0)]]
        return {
            name: sp.csr_matrix(table[:, np.maximum(fitted, 0)])
            for name, (table, _) in self._tables.items()
        }

    @property
    def _tables(self) -> dict[str, tuple[sp.csr_matrix, NDArray[np.bool_]]]:
        """Product-to-product tables by scorer, and which products they speak about."""
        ease, graph = self.latent_factors.ease, self.latent_factors.graph
        return {"ease": (ease.weights_, ease.part_), "graph": (graph.sparse_, graph.part_)}

    def sides(
        self, candidates: NDArray[np.intp]
    ) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """``als`` and ``content`` as factors of residents (n, f) and candidates (m, f), or 0."""
        product = self.snapshot.event_level["product"][candidates]
        known = (product >= 0)[:, None]
        product = np.maximum(product, 0)
        return {
            "als": (self._residents, self._products[product] * known),
            "content": (self._profiles, self._content[product] * known),
        }

    def neighbours(
        self, candidates: NDArray[np.intp]
    ) -> dict[str, tuple[sp.csr_matrix, sp.csr_matrix, NDArray[np.bool_]]]:
        """``ease``, the sparse part of ``graph`` and ``co_attendance`` as products of two tables.

        Each a table of residents, one whose columns are the candidates, and about which candidates
        it speaks at all. All are silent for whoever has no row in the first table of ``ease``. The
        other part of ``graph`` is :meth:`low_pass_sides`.
        """
        column = self._open[candidates]
        product = self.snapshot.event_level["product"][candidates]
        fitted = np.where(product >= 0, self._fitted[np.maximum(product, 0)], -1)
        found = {}
        for name, (table, about) in self._tables.items():
            part = np.zeros(len(candidates), dtype=np.bool_)
            if len(about):
                part = (fitted >= 0) & about[np.maximum(fitted, 0)]
            found[name] = (self._taken, sp.csr_matrix(table[:, np.maximum(fitted, 0)]), part)
        co_attendance = sp.csr_matrix(self._alike[:, np.maximum(column, 0)])
        return found | {"co_attendance": (self._came, co_attendance, column >= 0)}

    def low_pass_sides(
        self, candidates: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The low-pass of ``graph``: factors of fitted products and of candidates.

        Parameters
        ----------
        candidates
            Positions of events, shape (m,).

        Returns
        -------
        Shapes (n_fitted, k) and (m, k): a history times the first times the second transposed is
        the score; 0 where nothing was fitted.
        """
        product = self.snapshot.event_level["product"][candidates]
        fitted = np.where(product >= 0, self._fitted[np.maximum(product, 0)], -1)
        graph = self.latent_factors.graph
        return graph.left_, graph.right_[np.maximum(fitted, 0)] * (fitted >= 0)[:, None]

    def _low_pass(self, rows: NDArray[np.intp], fitted: NDArray[np.integer]) -> NDArray[np.float32]:
        graph = self.latent_factors.graph
        histories = sp.csr_matrix(self._taken[np.maximum(rows, 0)])
        own = np.asarray(histories @ graph.left_, dtype=np.float32)
        theirs = graph.right_[np.maximum(fitted, 0)]
        if fitted.shape[0] == 1:
            return np.asarray(own @ theirs[0].T)
        return np.asarray(np.einsum("qk,qmk->qm", own, theirs))

    def signals(self, query: Query) -> dict[str, NDArray[np.float32]]:
        """``als``, ``ease``, ``graph``, ``co_attendance``, ``content``; NaN where not known.

        ``als_warm`` is ``als`` for products with factors of their own only.
        """
        rows, product = query.residents, self.snapshot.event_level["product"][query.events]
        als = products_of(self._residents, self._products, rows, product)
        cold = one_at(np.asarray(self.cold_, dtype=np.float32), product, missing=1.0) > 0
        found = {
            "als": als,
            "als_warm": np.where(cold, np.float32(np.nan), als),
            "content": products_of(self._profiles, self._content, rows, product),
        }
        taken, at = self._taken, np.maximum(rows, 0)
        silent = (rows < 0) | (taken.indptr[at + 1] == taken.indptr[at])
        fitted = np.where(product >= 0, self._fitted[np.maximum(product, 0)], -1)
        column = self._open[query.events]
        few = (query.events.shape[0] > 1 or len(rows) == 1) and bool((column >= 0).all())
        for name, (table, about) in self._tables.items():
            if few:
                values = product_at(taken, self._narrow[name], rows, column)
            else:
                values = product_at(taken, table, rows, fitted)
            if name == "graph" and len(about):
                values = values + self._low_pass(rows, fitted)
            part = (
                np.zeros(fitted.shape, bool)
                if not len(about)
                else np.where(fitted >= 0, about[np.maximum(fitted, 0)], False)
            )
            found[name] = np.where(silent[:, None] | ~part, np.float32(np.nan), values)
        co_attendance = product_at(self._came, self._alike, rows, column, missing=np.nan)
        found["co_attendance"] = np.where(silent[:, None], np.float32(np.nan), co_attendance)
        return {name: values.astype(np.float32) for name, values in found.items()}
