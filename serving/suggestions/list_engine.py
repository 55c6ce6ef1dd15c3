"""The engine of every list: a model and live arrays in, blocks of lists out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.lists.assembly import ListPolicy, Lists, fill_lists
from recommender.ranking.lists.eligibility import ADULT, ResidentFacts, eligible
from recommender.ranking.lists.seat_prices import best_columns
from recommender.ranking.model.first_stage import FirstStage
from recommender.ranking.model.suggestion_model import Scores, SuggestionModel
from serving.suggestions.live import Live, utc

_WHOLE = 500
"""So many candidates the full ranker answers in one go."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A block of questions.

    Attributes
    ----------
    residents
        Positions in the world, shape (q,); -1 for a place, and for whoever may not be profiled:
        they get the list of their place.
    streets
        Positions in ``snapshot.streets``, shape (q,); -1 unknown.
    facts
        What the rules read.
    seeds
        What each question's exploration is drawn from; equal for equal questions.
    """

    residents: NDArray[np.intp]
    streets: NDArray[np.intp]
    facts: ResidentFacts
    seeds: Sequence[str]


@dataclass(frozen=True, slots=True)
class Scored:
    """Candidates scored for a block; arrays of shape (q, c).

    Attributes
    ----------
    columns
        Which candidates.
    value
        Total plus boost; ``-inf`` where not eligible.
    boost
        What policy added; ``None`` without policy.
    scores
        The model's answer.
    """

    columns: NDArray[np.intp]
    value: NDArray[np.float32]
    boost: NDArray[np.float32] | None
    scores: Scores


class ListEngine:
    """A model bound to live arrays.

    Parameters
    ----------
    model, live
        The fitted model, and the tables at the moment.
    model_version
        Enters the exploration's draws, so that a new model explores anew.
    policy
        How lists are put together.
    prices
        What showing each candidate costs in score, because its seats are wanted elsewhere
        (:func:`serving.suggestions.seat_pricing.price_seats`); nothing when left out.
    """

    def __init__(
        self,
        model: SuggestionModel,
        live: Live,
        *,
        model_version: str,
        policy: ListPolicy | None = None,
        prices: NDArray[np.float64] | None = None,
    ) -> None:
        self.live = live
        self.model_version = model_version
        self.policy = policy or ListPolicy()
        self.prices = prices
        self.bound = model.bind(live.snapshot)
        self._day = f"{live.at:%Y-%m-%d}|{model_version}"
        events = live.eligibility_context.events
        self._everyone = (events.min_age <= ADULT) & (events.audience_age <= ADULT)

    def prepare(self) -> None:
        """Distil the model now, where there are so many candidates that it is asked for."""
        _ = self.first_stage

    def ask_residents(self, first: int, last: int) -> Asked:
        """The residents of a range of positions."""
        return self._ask(np.arange(first, last), self.live.residents.block(first, last))

    def ask_rows(self, rows: NDArray[np.intp]) -> Asked:
        """Some residents, by position."""
        return self._ask(rows, self.live.residents.take(rows))

    def _ask(self, rows: NDArray[np.intp], facts: ResidentFacts) -> Asked:
        snapshot = self.live.snapshot
        profiled = snapshot.resident_profiled[rows]
        ids = snapshot.residents.ids
        return Asked(
            np.where(profiled, rows, -1),
            snapshot.resident_street[rows].astype(np.intp),
            facts,
            [
                f"resident {ids[row]}" if personal else f"place {home}"
                for row, personal, home in zip(
                    rows.tolist(), profiled.tolist(), facts.home.tolist(), strict=True
                )
            ],
        )

    def ask_nobody(self, street: int, home: int, seed: str) -> Asked:
        """Nobody in particular, from a place."""
        facts = ResidentFacts.anonymous(
            len(self.live.candidates), home=home, reach_m=self.live.reach_m
        )
        return Asked(np.array([-1]), np.array([street]), facts, [seed])

    def lists(self, asked: Asked, n: int) -> Lists:
        """Lists for a block.

        A list without a profile holds what every adult may see first, so that it is the same for
        everybody of the place; what only some ages may see fills it up where it runs short.
        """
        allowed = eligible(asked.facts, self.live.eligibility_context)
        personal = asked.residents >= 0
        if personal.all():
            return self._fill(asked, allowed, n)
        common = allowed & (self._everyone | personal[:, None])
        lists = self._fill(asked, common, n)
        left = allowed & ~common
        if (left.any(axis=1) & (common.sum(axis=1) < n)).any():
            lists = _joined(lists, self._fill(asked, left, n), n)
        return lists

    def scores(self, asked: Asked, columns: NDArray[np.intp], *, explain: bool = False) -> Scores:
        """The model's scores of candidates, ``columns`` of shape (c,) or (q, c)."""
        at = utc(self.live.at)
        # Asked about too many at once, the model would let a first, coarser stage choose.
        parts = np.array_split(columns, max(1, -(-columns.shape[-1] // _WHOLE)), axis=-1)
        answers = [
            self.bound.score(
                asked.residents,
                self.live.candidates[part],
                at,
                streets=asked.streets,
                explain=explain,
            )
            for part in parts
        ]
        if len(answers) == 1:
            return answers[0]
        return Scores(
            np.concatenate([answer.total for answer in answers], axis=1),
            np.concatenate([answer.probability for answer in answers], axis=1),
            np.concatenate([answer.attendance for answer in answers], axis=1),
            {
                name: np.concatenate([answer.contributions[name] for answer in answers], axis=1)
                for name in answers[0].contributions
            },
        )

    def price_of(self, columns: NDArray[np.intp]) -> NDArray[np.float32]:
        """What the seats of the candidates cost in their scores, ≥ 0; of the same shape."""
        if self.prices is None:
            return np.zeros(columns.shape, dtype=np.float32)
        return np.asarray(self.prices[columns], dtype=np.float32)

    def boost_of(self, asked: Asked, columns: NDArray[np.intp]) -> NDArray[np.float32] | None:
        """What policy adds to the candidates' scores, shape (q, c)."""
        if self.live.boost is None:
            return None
        return np.asarray(self.live.boost[asked.streets[:, None], np.atleast_2d(columns)])

    def scored(self, asked: Asked, allowed: NDArray[np.bool_]) -> Scored:
        """Score what is worth scoring; capacity prices are not taken off yet.

        Parameters
        ----------
        allowed
            Who may be shown what, shape (q, n_candidates).
        """
        shared = np.arange(allowed.shape[1])
        scores = self.scores(asked, shared)
        boost = self.boost_of(asked, shared)
        value = scores.total if boost is None else scores.total + boost
        return Scored(
            np.broadcast_to(shared, allowed.shape),
            np.where(allowed, value, -np.inf).astype(np.float32),
            boost,
            scores,
        )

    @cached_property
    def first_stage(self) -> FirstStage | None:
        """The model's first stage, where there are too many candidates to rank them all."""
        if len(self.live.candidates) <= self.policy.full_up_to:
            return None
        return FirstStage(
            self.bound,
            self.live.candidates,
            utc(self.live.at),
            rng=np.random.default_rng(0),
        )

    def _fill(self, asked: Asked, allowed: NDArray[np.bool_], n: int) -> Lists:
        shared = np.arange(allowed.shape[1])
        columns = np.broadcast_to(shared, allowed.shape)
        boost = self.boost_of(asked, shared)
        best = max(self.policy.shortlist, 2 * n)
        if self.first_stage is None:
            value = self._priced(self.scores(asked, shared).total, boost, columns)
            value[~allowed] = -np.inf
        else:
            first = self.first_stage.score(asked.residents, asked.streets)
            first = self._priced(first, boost, columns)
            first[~allowed] = -np.inf
            columns, boost = _best(first, max(best, self.first_stage.width_), columns, boost)
            value = self.first_stage.full(asked.residents, asked.streets, columns)
            value = self._priced(value, boost, columns)
            value[~np.take_along_axis(allowed, columns, axis=1)] = -np.inf
        if columns.shape[1] > best:  # the list is picked from the best only
            columns, boost, value = _best(value, best, columns, boost, value)
        return fill_lists(
            columns,
            value,
            allowed,
            self.live.similarity,
            n,
            policy=self.policy,
            rates=self.live.rates if self.policy.explore_slots else None,
            chance=self._chances(asked.seeds),
            boost=boost,
        )

    def _priced(
        self,
        total: NDArray[np.float32],
        boost: NDArray[np.float32] | None,
        columns: NDArray[np.intp],
    ) -> NDArray[np.float32]:
        """What lists are ranked by: a model's totals, policy, and what the seats cost."""
        value = total if boost is None else total + boost
        return value if self.prices is None else value - self.price_of(columns)

    def _chances(self, seeds: Sequence[str]) -> NDArray[np.float64]:
        # The same question gets the same list all day: a list that flickers is not trusted.
        slots = self.policy.explore_slots
        drawn = b"".join(
            hashlib.blake2b(f"{seed}|{self._day}".encode(), digest_size=8 * max(slots, 1)).digest()
            for seed in seeds
        )
        whole = np.frombuffer(drawn, dtype=np.uint64).reshape(len(seeds), -1)
        return np.asarray((whole >> np.uint64(11)) / 2.0**53)


def _best(value: NDArray[np.float32], n: int, *parts: NDArray[Any] | None) -> tuple[Any, ...]:
    """The columns of the ``n`` best values of each row, in their old order, of each part."""
    if n >= value.shape[1]:
        return parts
    # Sorted, so that equal values are picked in the same order however the best were found.
    kept = np.sort(best_columns(value, n), axis=1)
    return tuple(None if part is None else np.take_along_axis(part, kept, axis=1) for part in parts)


def _joined(first: Lists, second: Lists, n: int) -> Lists:
    columns = np.concatenate([first.columns, second.columns], axis=1)
    order = np.argsort(columns < 0, axis=1, kind="stable")[:, :n]
    parts = (
        np.concatenate([getattr(first, name), getattr(second, name)], axis=1)
        for name in ("columns", "score", "diversity", "slot", "propensity")
    )
    columns, score, diversity, slot, propensity = (
        np.take_along_axis(part, order, axis=1) for part in parts
    )
    # What was put behind scores no higher than what stands before it.
    lowest = np.minimum.accumulate(np.where(columns >= 0, score, np.inf), axis=1)
    lowered = np.where(columns >= 0, lowest, 0).astype(np.float32)
    return Lists(columns, lowered, diversity + lowered - score, slot, propensity)
