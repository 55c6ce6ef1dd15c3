"""All signals of one bound model, by name: what the ranker weighs and reasons are made from."""

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.features.affinity import Affinity
from recommender.ranking.features.collaborative import Collaborative
from recommender.ranking.features.context import Context
from recommender.ranking.features.preference_deviation import PreferenceDeviation
from recommender.ranking.model.latent_factors import LatentFactors
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

FAMILIES = {
    "affinity": (
        "own_product", "own_series", "own_supplier", "own_venue",
        "own_recent_series", "own_recent_supplier", "share_supplier", "share_series",
        "rate_series", "rate_supplier", "idle_series", "idle_supplier",
        "cancelled_event", "cancelled_series", "cancelled_supplier", "follows",
        "follow_days", "distance_visited",
    ),
    "collaborative": (
        "als", "ease", "graph", "co_attendance", "own_category", "own_recent_category",
        "ease_popular",
    ),
    "content": ("content",),
    "distance": ("distance",),
    "nearby": (
        "street_product", "street_supplier", "street_category", "street_venue",
        "age_product", "age_supplier", "age_category", "age_venue",
    ),
    "schedule": ("lead", "age", "weekday", "hour", "hours", "queue_series", "queue_supplier"),
    "popularity_trend": (
        "event_bookings", "event_recent_1d", "event_cancelled", "event_fill", "size_supplier",
        "size_series", "expected_remaining", "popularity", "product_recent_1d", "product_recent_3d",
        "product_recent_7d", "product_recent_14d", "product_recent_30d", "product_recent_180d",
        "rise_3d", "rise_14d", "series_recent_7d", "series_recent_180d",
        "supplier_recent_7d", "supplier_recent_180d", "category_recent_7d",
        "category_recent_180d", "venue_recent_7d", "venue_recent_180d",
        "newcomers_supplier", "newcomers_series", "event_newcomers", "newcomers_recent",
        "followers_supplier",
    ),
    "quality": ("stars_product", "stars_supplier", "show_rate"),
    "price": ("price", "ticket", "seats"),
    "preference_deviation": (
        "activity", "idle",
        "deviation_popularity", "deviation_age", "deviation_price", "deviation_traits",
    ),
}  # fmt: skip
"""Signals by what they speak about; contributions are summed over these."""

NAMES = tuple(name for names in FAMILIES.values() for name in names)
"""The ranker's columns, in order."""

_LEAST = np.float32(1e-3)


class Signals:
    """Everything countable about a snapshot, ready to be asked."""

    def __init__(self, snapshot: RankingSnapshot, latent_factors: LatentFactors) -> None:
        self.snapshot = snapshot
        self.affinity = Affinity(snapshot)
        self.preference_deviation = PreferenceDeviation(snapshot)
        self.collaborative = Collaborative(snapshot, latent_factors)
        self.context = Context(snapshot, latent_factors.settings.half_life_days)

    def compute(self, query: Query, *, first_stage: bool = False) -> dict[str, NDArray[np.float32]]:
        """All signals of a question.

        Parameters
        ----------
        query
            Who asks about which events.
        first_stage
            Only what the first stage needs: at least ``FIRST_STAGE_NAMES``.

        Returns
        -------
        Signal name → float32, shape (q, m); NaN where a signal has nothing to say.
        """
        found = (
            self.context.signals(query, first_stage=first_stage)
            | self.affinity.signals(query, first_stage=first_stage)
            | self.collaborative.signals(query)
        )
        if not first_stage:
            # A product of chances in logs: trees cut along axes and would need many steps for it.
            found["ease_popular"] = np.log(np.maximum(found["ease"], _LEAST)) + found["popularity"]
            found |= self.preference_deviation.signals(query)
        return {
            name: values if values.shape == query.shape else np.broadcast_to(values, query.shape)
            for name, values in found.items()
        }


FIRST_STAGE_NAMES = (
    *("als", "ease", "graph", "co_attendance", "content", "own_supplier"),
    *("distance", *FAMILIES["nearby"]),
    *("lead", "age"),
    *FAMILIES["popularity_trend"],
)
"""What the first stage looks at when there are thousands of candidates."""


def columns(
    signals: dict[str, NDArray[np.float32]], names: tuple[str, ...] = NAMES
) -> NDArray[np.float32]:
    """The rankers' input.

    Parameters
    ----------
    signals
        Values by name, each of shape (q, m).
    names
        Which become columns, in this order.

    Returns
    -------
    Shape (q · m, names), float32: one row a pair, a resident's events one after the other; column
    after column in memory.

    Raises
    ------
    KeyError
        If a name is not among the signals.
    """
    first = signals[names[0]]
    # Signals come as wholes: written each in one stroke, they are stacked twice as fast.
    stacked = np.empty((len(names), first.size), dtype=np.float32)
    for row, name in zip(stacked, names, strict=True):
        row.reshape(first.shape)[:] = signals[name]
    return stacked.T
