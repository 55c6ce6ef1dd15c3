"""The suggestion model: what is learnt, and the model bound to a world to score in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.interfaces import Arrays
from recommender.ranking.ask import Ask, make_ask
from recommender.ranking.history import by_position, decay
from recommender.ranking.world import CANCELLED, World
from recommender.scorers.als import ALSScorer
from recommender.scorers.chain import fall_back
from recommender.scorers.content import ContentScorer
from recommender.types import IdMap, Interactions


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers to one question, every array of shape (q, m).

    Attributes
    ----------
    total
        What to rank by: float32, always finite; only its order within a row means something.
    probability
        Calibrated chance in [0, 1] that the resident books the event in the days that follow.
    attendance
        Calibrated chance in [0, 1] that the resident books it and comes.
    contributions
        How much each named signal moved ``total`` (float32, same unit; a positive one speaks for
        the event). Empty unless asked for by ``explain=True``.
    """

    total: NDArray[np.float32]
    probability: NDArray[np.float32]
    attendance: NDArray[np.float32]
    contributions: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SuggestionModel:
    """Everything learnt about suggestions; nothing in it belongs to a single resident.

    Residents' tastes are computed from their bookings when the model is bound to a world, so a
    new booking counts at once, an erased resident is gone at once, and events, products and
    residents that did not exist at fitting time need no special treatment.

    Attributes
    ----------
    products
        Products at fitting time: rows of the factors.
    als
        Taste factors.
    half_life_days
        Half-life of popularity that predicted best.
    calibration
        Slope and intercept of log-odds over ``total``; share of bookings that are attended.
    """

    products: IdMap
    als: ALSScorer
    half_life_days: float
    calibration: NDArray[np.float64]

    def bind(self, world: World) -> "BoundModel":
        """Make the model ready to score in a world (a second for a million bookings)."""
        return BoundModel(self, world)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        return {
            "products": self.products.to_array(),
            "half_life_days": np.array(self.half_life_days),
            "calibration": self.calibration,
            **{f"als.{name}": values for name, values in self.als.to_arrays().items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""
        return cls(
            products=IdMap.from_array(arrays["products"]),
            als=ALSScorer.from_arrays(
                {k.removeprefix("als."): v for k, v in arrays.items() if k.startswith("als.")}
            ),
            half_life_days=float(arrays["half_life_days"]),
            calibration=arrays["calibration"],
        )


class BoundModel:
    """A model and a world: answers questions. Build it by :meth:`SuggestionModel.bind`."""

    def __init__(self, model: SuggestionModel, world: World) -> None:
        self.model = model
        self.world = world
        self._fitted = model.products.positions(world.products.ids, missing=-1)
        keep = (world.log_outcome != CANCELLED) & world.resident_profiled[world.log_resident]
        self._taken = sp.csr_matrix(
            (
                np.ones(int(keep.sum()), dtype=np.float32),
                (
                    world.log_resident[keep],
                    world.event_level["product"][world.log_event[keep]],
                ),
            ),
            shape=(len(world.residents), len(world.products)),
        )
        known = self._fitted >= 0
        columns = sp.csr_matrix(
            (
                np.ones(int(known.sum()), dtype=np.float32),
                (np.flatnonzero(known), self._fitted[known]),
            ),
            shape=(len(world.products), len(model.products)),
        )
        self._resident_factors = model.als.fold_in(sp.csr_matrix(self._taken @ columns))
        self._product_factors = np.where(
            known[:, None], model.als.product_factors_[self._fitted], np.float32(0)
        )
        self._content = ContentScorer().fit(
            Interactions(self._taken, world.residents, world.products, world.as_of.astype(object)),
            world.product_features,
            rng=np.random.default_rng(0),
        )
        weight = decay(world, model.half_life_days)
        product = world.event_level["product"]
        self._popularity = by_position(product[world.log_event], weight, len(world.products))
        self._momentum = by_position(world.log_event, weight, len(world.events))

    def score(
        self,
        residents: NDArray[np.intp],
        events: NDArray[np.intp],
        at: np.datetime64,
        *,
        streets: NDArray[np.intp] | None = None,
        explain: bool = False,
    ) -> Scores:
        """Score events for residents.

        Parameters
        ----------
        residents
            Positions in ``world.residents``, shape (q,); -1 asks as nobody in particular. Whoever
            may not be profiled is scored exactly as -1 from the same street: the same list for
            the same place and time, whoever asks.
        events
            Positions in ``world.events``: shape (m,), or (q, m) for a list of each resident's own.
            They need not be eligible; that is for the caller to see to.
        at
            Moment of asking, UTC.
        streets
            Positions in ``world.streets``, shape (q,); home streets when left out.
        explain
            Also fill ``contributions`` (slower: for short lists).
        """
        ask = make_ask(self.world, residents, events, at, streets)
        signals = self.signals(ask)
        names = ("als", "content", "popularity")
        total = fall_back([signals[name] for name in names])
        slope, intercept, shows = self.model.calibration
        probability = (1.0 / (1.0 + np.exp(-(slope * total + intercept)))).astype(np.float32)
        return Scores(
            total=total,
            probability=probability,
            attendance=probability * np.float32(shows),
            contributions=_spoke(signals, names, total) if explain else {},
        )

    def signals(self, ask: Ask) -> dict[str, NDArray[np.float32]]:
        """Every scorer's own opinion, NaN where it has none; each of shape (q, m)."""
        product = self.world.event_level["product"][ask.events]
        resident = ask.residents
        u = self._resident_factors[resident]
        if ask.events.shape[0] == 1:
            als = u @ self._product_factors[product[0]].T
        else:
            als = np.einsum("qf,qmf->qm", u, self._product_factors[product])
        silent = ~u.any(axis=1) | (resident < 0)
        als[silent] = np.nan
        als = np.where(self._product_factors[product].any(axis=2), als, np.float32(np.nan))
        unique, where = np.unique(product, return_inverse=True)
        content = self._content.score(resident, unique.astype(np.intp))
        content = np.take_along_axis(
            content, np.broadcast_to(where.reshape(product.shape), ask.shape), axis=1
        )
        return {
            "popularity": np.broadcast_to(self._popularity[product], ask.shape),
            "momentum": np.broadcast_to(self._momentum[ask.events], ask.shape),
            "als": als,
            "content": content,
        }


def _spoke(
    signals: Mapping[str, NDArray[np.float32]],
    names: tuple[str, ...],
    total: NDArray[np.float32],
) -> dict[str, NDArray[np.float32]]:
    taken = np.zeros(total.shape, dtype=bool)
    spoke = {}
    for name in names:
        speaks = np.isfinite(signals[name]) & ~taken
        spoke[name] = np.where(speaks, total, 0.0).astype(np.float32)
        taken |= speaks
    return spoke
