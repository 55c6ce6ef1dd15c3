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
    "who_with": (
        "own_product", "own_series", "own_supplier", "own_venue",
        "quick_series", "quick_supplier", "share_supplier", "share_series",
        "rate_series", "rate_supplier", "idle_series", "idle_supplier",
        "declined", "refused_series", "refused_supplier", "follows",
    ),
    "taste": ("als", "ease", "graph", "company", "own_category", "quick_category", "ease_popular"),
    "words": ("words",),
    "place": ("distance",),
    "nearby": (
        "street_product", "street_supplier", "street_category", "street_venue",
        "age_product", "age_supplier", "age_category", "age_venue",
    ),
    "time": ("lead", "age", "weekday", "hour", "hours", "queue_series", "queue_supplier"),
    "momentum": (
        "event_bookings", "event_day", "event_refused", "event_fill", "size_supplier",
        "size_series", "size_left", "popularity", "product_recent_1d", "product_recent_3d",
        "product_recent_7d", "product_recent_14d", "product_recent_30d", "product_recent_180d",
        "rise_3d", "rise_14d", "series_recent_7d", "series_recent_180d",
        "supplier_recent_7d", "supplier_recent_180d", "category_recent_7d",
        "category_recent_180d", "venue_recent_7d", "venue_recent_180d",
    ),
    "quality": ("stars_product", "stars_supplier", "show_rate"),
    "price": ("price", "ticket", "seats"),
    "habit": ("activity", "idle", "lean_known", "lean_old", "lean_dear", "lean_traits"),
}  # fmt: skip
"""Signals by what they speak about; contributions are summed over these."""

NAMES = tuple(name for names in FAMILIES.values() for name in names)
"""The ranker's columns, in order."""

_LEAST = np.float32(1e-3)


class Signals:
    """Everything countable about a world, ready to be asked."""

    def __init__(self, world: RankingSnapshot, parts: LatentFactors) -> None:
        self.world = world
        self.loyalty = Affinity(world)
        self.leaning = PreferenceDeviation(world)
        self.taste = Collaborative(world, parts)
        self.circumstance = Context(world, parts.settings.half_life_days)

    def compute(self, ask: Query, *, quick: bool = False) -> dict[str, NDArray[np.float32]]:
        """Signals by name, each of shape (q, m), NaN where one has nothing to say.

        With ``quick`` only (and at least) those of ``FIRST_STAGE_NAMES``.
        """
        found = (
            self.circumstance.signals(ask, quick=quick)
            | self.loyalty.signals(ask, quick=quick)
            | self.taste.signals(ask)
        )
        if not quick:
            # A product of chances in logs: trees cut along axes and would need many steps for it.
            found["ease_popular"] = np.log(np.maximum(found["ease"], _LEAST)) + found["popularity"]
            found |= self.leaning.signals(ask)
        return {
            name: values if values.shape == ask.shape else np.broadcast_to(values, ask.shape)
            for name, values in found.items()
        }


FIRST_STAGE_NAMES = (
    *("als", "ease", "graph", "company", "words", "own_supplier"),
    *("distance", *FAMILIES["nearby"]),
    *("lead", "age"),
    *FAMILIES["momentum"],
)
"""What the first stage looks at when there are thousands of candidates."""


def columns(
    signals: dict[str, NDArray[np.float32]], names: tuple[str, ...] = NAMES
) -> NDArray[np.float32]:
    """The rankers' input: one row a pair, one column a name (column after column in memory)."""
    first = signals[names[0]]
    # Signals come as wholes: written each in one stroke, they are stacked twice as fast.
    stacked = np.empty((len(names), first.size), dtype=np.float32)
    for row, name in zip(stacked, names, strict=True):
        row.reshape(first.shape)[:] = signals[name]
    return stacked.T
