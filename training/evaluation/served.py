"""The lists of the engine that serves, for the residents an evaluation asks about."""

import numpy as np
from numpy.typing import NDArray

from features.ranking.list_inputs import Frames, build_list_inputs
from recommender.ranking.lists.assembly import ListPolicy
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.sampled_prices import price_seats
from recommender.ranking.model.suggestion_model import BoundModel
from training.evaluation.report import SERVED, UNEXPLORED
from training.suggestions.time_splits import zoned

LENGTH = 10
"""Length of the served lists."""
DEPTH = 20
"""How far recall looks; places behind the served list come from a longer one."""


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
    """

    def __init__(
        self, bound: BoundModel, tables: Frames, at: np.datetime64, rng: np.random.Generator
    ) -> None:
        inputs, _ = build_list_inputs(tables, zoned(at), snapshot=bound.snapshot)
        self._events = np.append(inputs.candidates, -1)

        def engine(explore_slots: int) -> ListEngine:
            return ListEngine(
                bound.model,
                inputs,
                model_version="evaluation",
                policy=ListPolicy(explore_slots=explore_slots),
                bound=bound,
            )

        self._engines = {SERVED: engine(ListPolicy().explore_slots), UNEXPLORED: engine(0)}
        prices = price_seats(self._engines[UNEXPLORED], LENGTH, rng=rng)
        for one in self._engines.values():
            one.prices = prices

    def lists(self, residents: NDArray[np.intp]) -> dict[str, NDArray[np.intp]]:
        """Lists of some residents.

        Parameters
        ----------
        residents
            Positions in the snapshot, shape (q,).

        Returns
        -------
        Positions of events, shape (q, 20), -1 where a list is shorter: with exploration, which
        has the last place of ten, and without.
        """
        found = {}
        for name, engine in self._engines.items():
            query = engine.ask_rows(residents)
            ranked = engine.lists(query, DEPTH).columns
            if name == SERVED:
                # Served lists hold ten; what recall looks at beyond them is the longer list.
                first = engine.lists(query, LENGTH).columns
                ranked = _continued(first, ranked)
            full = np.full((len(residents), DEPTH), -1, dtype=np.intp)
            full[:, : ranked.shape[1]] = ranked[:, :DEPTH]
            found[name] = self._events[full]
        return found


def _continued(first: NDArray[np.intp], longer: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first lists, then what the longer ones hold beside them; -1 fills up."""
    repeated = (longer[:, :, None] == first[:, None, :]).any(axis=2)
    both = np.concatenate([first, np.where(repeated, -1, longer)], axis=1)
    order = np.argsort(both < 0, axis=1, kind="stable")
    return np.take_along_axis(both, order, axis=1)
