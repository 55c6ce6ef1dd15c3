"""Past periods foretold from the counts before them: what a cheap stand-in for the chain would say.

A session draws its product's mean, shrunk to its supplier's and its category's, times factors of
the street and of the street and category, season and repeats being the fitted model's. To refit the
chain for every past period would take as long as to fit it; in time this is about as good (both
take all of the past alike), and what it gets wrong is what the latest periods can tell.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.demand.model import DemandModel
from training.demand.held import Floats, circumstances
from training.demand.origins import Foretell

Codes = NDArray[np.intp]

GROUP, PRODUCT = 5.0, 2.0
"""Attendances that shrink suppliers and streets, and products."""


@dataclass(frozen=True, slots=True)
class HeldCounts:
    """Sessions held, by position.

    Attributes
    ----------
    held
        As of :func:`~training.demand.held.sessions_held`, rows numbered from 0.
    attendances, circumstances
        Of each session; shape (sessions,).
    product, supplier, kind, street, street_kind
        Codes of each session, same shape.
    """

    held: pd.DataFrame
    attendances: Floats
    circumstances: Floats
    product: Codes
    supplier: Codes
    kind: Codes
    street: Codes
    street_kind: Codes

    @classmethod
    def of(cls, held: pd.DataFrame, model: DemandModel) -> "HeldCounts":
        """Positions of sessions.

        Parameters
        ----------
        held
            Sessions as of :func:`~training.demand.held.sessions_held`.
        model
            A fitted model, for season and repeats.

        Returns
        -------
        Sessions by position.
        """
        held = held.reset_index(drop=True)
        factor = np.ones(len(held))
        for period, rows in held.groupby("period"):
            factor[rows.index] = circumstances(model, rows, str(period))
        product, supplier, kind, street = (
            pd.factorize(held[name])[0].astype(np.intp)
            for name in ("product", "supplier", "kind", "street")
        )
        return cls(
            held,
            held["attendances"].to_numpy(dtype=np.float64),
            np.maximum(factor, 1e-6),
            product,
            supplier,
            kind,
            street,
            street * (int(kind.max(initial=0)) + 1) + kind,
        )

    def foretell(self, period: str) -> Foretell:
        """What the sessions before a period say of any session.

        Parameters
        ----------
        period
            The first one that is not used.

        Returns
        -------
        A function of sessions, which are found by their start, street and product.
        """
        past = (self.held["period"] < period).to_numpy()
        expected = self.circumstances * self.attendances[past].sum()
        expected /= max(self.circumstances[past].sum(), 1e-12)
        for codes, weight in (
            (self.kind, GROUP),
            (self.supplier, GROUP),
            (self.product, PRODUCT),
            (self.street, GROUP),
            (self.street_kind, 2.0 * GROUP),
        ):
            size = int(codes.max(initial=0)) + 1
            seen = np.bincount(codes[past], weights=self.attendances[past], minlength=size)
            told = np.bincount(codes[past], weights=expected[past], minlength=size)
            expected = expected * ((seen + weight) / (told + weight))[codes]

        def foretold(rows: pd.DataFrame, of: str) -> Floats:
            del of
            return np.asarray(expected[rows.index])

        return foretold
