"""The lists of the engine that serves, for the residents an evaluation asks about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.district_time import district_zone
from features.ranking.list_inputs import Frames, build_list_inputs
from recommender.ranking.lists.assembly import ListPolicy
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.sampled_prices import STRENGTH, price_seats
from recommender.ranking.model.suggestion_model import BoundModel
from training.evaluation.report import SERVED, UNEXPLORED
from training.suggestions.time_splits import zoned

LENGTH = 10
"""Length of the served lists."""
PRICED_ON = 2000
"""Residents that seats are priced on, at most."""
DEPTH = 20
"""How far recall looks; places behind the served list come from a longer one."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of making lists of the same scores.

    Attributes
    ----------
    policy
        Diversity and exploration.
    strength
        Share of the seats' dual prices that is charged.
    """

    policy: ListPolicy = field(default_factory=ListPolicy)
    strength: float = STRENGTH


class ServedLists:
    """Lists of the engine that serves, as positions of events.

    Parameters
    ----------
    bound
        The model, bound to the snapshot of the moment.
    tables
        Contract tables as they were known at the moment.
    at
        The moment.
    rng
        Draws the residents that seats are priced on.

    Attributes
    ----------
    variants
        What lists are made, by name; benchmarks have others.
    engines_
        The engine of each.
    candidates_
        Positions of the events that somebody could be shown: with seats left, among others.
    """

    variants: ClassVar[Mapping[str, Variant]] = {
        UNEXPLORED: Variant(ListPolicy(explore_slots=0)),
        SERVED: Variant(),
    }

    def __init__(
        self, bound: BoundModel, tables: Frames, at: np.datetime64, rng: np.random.Generator
    ) -> None:
        inputs, _ = build_list_inputs(tables, zoned(at), district_zone(), snapshot=bound.snapshot)
        self.candidates_ = inputs.candidates
        engine = ListEngine(bound.model, inputs, model_version="evaluation", bound=bound)
        prices = price_seats(engine, LENGTH, rng=rng, strength=1.0, sample=PRICED_ON)
        self.engines_ = {
            name: engine.variant(variant.policy, variant.strength * prices)
            for name, variant in self.variants.items()
        }

    def lists(self, residents: NDArray[np.intp]) -> dict[str, NDArray[np.intp]]:
        """Lists of some residents.

        Parameters
        ----------
        residents
            Positions in the snapshot, shape (q,).

        Returns
        -------
        By variant, positions of events, shape (q, 20), -1 where a list is shorter. Exploration has
        the last place of ten.
        """
        found = {}
        for name, engine in self.engines_.items():
            query = engine.ask_rows(residents)
            # Lists hold ten; what recall looks at beyond them comes from a longer list, which has
            # another exploration, and room for more of what many want.
            ranked = _continued(
                engine.lists(query, LENGTH).columns, engine.lists(query, DEPTH).columns
            )
            full = np.full((len(residents), DEPTH), -1, dtype=np.intp)
            full[:, : ranked.shape[1]] = ranked[:, :DEPTH]
            found[name] = np.append(self.candidates_, -1)[full]
        return found


def _continued(first: NDArray[np.intp], longer: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first lists, then what the longer ones hold beside them; -1 fills up."""
    repeated = (longer[:, :, None] == first[:, None, :]).any(axis=2)
    both = np.concatenate([first, np.where(repeated, -1, longer)], axis=1)
    order = np.argsort(both < 0, axis=1, kind="stable")
    return np.take_along_axis(both, order, axis=1)
