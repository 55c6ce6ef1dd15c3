"""The suggestion model: what is learnt, and the model bound to a snapshot to score in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recommender.interfaces import Arrays
from recommender.ranking.features.registry import (
    FAMILIES,
    NAMES,
    Signals,
    columns,
)
from recommender.ranking.model.calibration import Calibration
from recommender.ranking.model.latent_factors import LatentFactors
from recommender.ranking.model.ranker import LinearRanker, Ranker
from recommender.ranking.query import Query, make_query
from recommender.ranking.snapshot import RankingSnapshot
from recommender.types import IdMap

_CELLS = 20_000
"""Pairs whose signals stay in a processor's cache: more at once take half as long again."""


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
        How much each family of signals (``FAMILIES``) moved ``total`` (float32, same unit; a
        positive one speaks for the event). Empty unless asked for by ``explain=True``.
    """

    total: NDArray[np.float32]
    probability: NDArray[np.float32]
    attendance: NDArray[np.float32]
    contributions: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SuggestionModel:
    """Everything learnt about suggestions; nothing in it belongs to a single resident.

    Residents' tastes are computed from their bookings when the model is bound to a snapshot, so a
    new booking counts at once, an erased resident is gone at once, and events, products and
    residents that did not exist at fitting time need no special treatment.

    Attributes
    ----------
    latent_factors
        Factors, neighbours, content axes, the learnt half-life.
    first
        Chooses among thousands by ``FIRST_STAGE_NAMES``.
    ranker
        Orders what was chosen by ``NAMES``.
    calibration
        Score → chance of a booking.
    """

    latent_factors: LatentFactors
    first: LinearRanker
    ranker: Ranker
    calibration: Calibration

    @property
    def products(self) -> IdMap:
        """Products at fitting time."""
        return self.latent_factors.products

    @property
    def half_life_days(self) -> float:
        """Half-life of popularity that predicted best."""
        return self.latent_factors.settings.half_life_days

    def bind(self, snapshot: RankingSnapshot) -> "BoundModel":
        """Make the model ready to score in a snapshot (a second for a million bookings)."""
        return BoundModel(self, snapshot)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        calibration = self.calibration
        return {
            "first": np.array([self.first.mean, self.first.scale, self.first.weights]),
            "calibration": np.array([calibration.mean, calibration.scale, calibration.weights]),
            **{
                f"latent_factors.{name}": values
                for name, values in self.latent_factors.to_arrays().items()
            },
            **{f"ranker.{name}": values for name, values in self.ranker.to_arrays().items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""

        def under(start: str) -> dict[str, NDArray[Any]]:
            return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}

        return cls(
            latent_factors=LatentFactors.from_arrays(under("latent_factors.")),
            first=LinearRanker(*arrays["first"]),
            ranker=Ranker.from_arrays(under("ranker.")),
            calibration=Calibration(*arrays["calibration"]),
        )


class BoundModel:
    """A model and a snapshot: answers questions. Build it by :meth:`SuggestionModel.bind`."""

    def __init__(
        self, model: SuggestionModel, snapshot: RankingSnapshot, ready: Signals | None = None
    ) -> None:
        self.model = model
        self.snapshot = snapshot
        self._signals = ready or Signals(snapshot, model.latent_factors)

    def score(
        self,
        residents: NDArray[np.intp],
        events: NDArray[np.intp],
        at: np.datetime64,
        *,
        streets: NDArray[np.intp] | None = None,
        explain: bool = False,
    ) -> Scores:
        """Score events for residents by the full ranker.

        Parameters
        ----------
        residents
            Positions in ``snapshot.residents``, shape (q,); -1 asks as nobody in particular.
            Whoever may not be profiled is scored exactly as -1 from the same street.
        events
            Positions in ``snapshot.events``: shape (m,), or (q, m) for each resident's own list.
            They need not be eligible; that is for the caller to see to.
        at
            Moment of asking, UTC.
        streets
            Positions in ``snapshot.streets``, shape (q,); home streets when left out.
        explain
            Also fill ``contributions`` (slower: for short lists).

        Returns
        -------
        Totals, chances and contributions, shape (q, m).
        """
        query = make_query(self.snapshot, residents, events, at, streets)
        answers = [self._score(part, explain=explain) for part in _parts(query)]
        if len(answers) == 1:
            return answers[0]
        return Scores(
            total=np.concatenate([one.total for one in answers]),
            probability=np.concatenate([one.probability for one in answers]),
            attendance=np.concatenate([one.attendance for one in answers]),
            contributions={
                name: np.concatenate([one.contributions[name] for one in answers])
                for name in answers[0].contributions
            },
        )

    def signals(self, query: Query, *, first_stage: bool = False) -> dict[str, NDArray[np.float32]]:
        """Every signal of a question.

        Parameters
        ----------
        query, first_stage
            See :meth:`recommender.ranking.features.registry.Signals.compute`.

        Returns
        -------
        Signal name → float32, shape (q, m); NaN where a signal has nothing to say.
        """
        return self._signals.compute(query, first_stage=first_stage)

    @property
    def ready(self) -> Signals:
        """The signals behind every answer."""
        return self._signals

    def rank(
        self,
        residents: NDArray[np.intp],
        events: NDArray[np.intp],
        at: np.datetime64,
        streets: NDArray[np.intp],
    ) -> NDArray[np.float32]:
        """Only ``total`` of :meth:`score`.

        Parameters
        ----------
        residents, events, at, streets
            As in :meth:`score`.

        Returns
        -------
        Shape (q, m), float32.
        """
        query = make_query(self.snapshot, residents, events, at, streets)
        found = [
            self.model.ranker.predict(columns(self._signals.compute(part))).reshape(part.shape)
            for part in _parts(query)
        ]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _score(self, query: Query, *, explain: bool) -> Scores:
        signals = self._signals.compute(query)
        x = columns(signals)
        total = self.model.ranker.predict(x).reshape(query.shape)
        probability = self.model.calibration.predict(total, signals)
        contributions = {}
        if explain:
            parts = self.model.ranker.contributions(x)
            for family, names in FAMILIES.items():
                these = [NAMES.index(name) for name in names]
                contributions[family] = parts[:, these].sum(axis=1).reshape(query.shape)
        shows = self._signals.context.quality.show_rate[query.events]
        return Scores(total, probability, probability * shows, contributions)


def _parts(query: Query) -> list[Query]:
    """The query in blocks of few residents; one block of none where nobody asks."""
    q, m = query.shape
    rows = max(1, _CELLS // max(m, 1))
    if q <= rows:
        return [query]
    shared = query.events.shape[0] == 1
    return [
        Query(
            query.residents[start : start + rows],
            query.streets[start : start + rows],
            query.events if shared else query.events[start : start + rows],
            query.at,
        )
        for start in range(0, q, rows)
    ]
