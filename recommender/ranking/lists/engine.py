"""The engine of every list: a model and the arrays of a moment in, blocks of lists out.

The command, the service, the batch run and the evaluation all call it.
"""

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.lists.assembly import ListPolicy, Lists, fill_lists, join_lists
from recommender.ranking.lists.eligibility import ADULT, eligible
from recommender.ranking.lists.facts import ResidentFacts
from recommender.ranking.lists.inputs import ListInputs, ListQuery
from recommender.ranking.model.first_stage import best_columns
from recommender.ranking.model.suggestion_model import BoundModel, Scores, SuggestionModel
from recommender.ranking.model.two_stage import TwoStageRanking


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
    """A model bound to the arrays of a moment.

    Parameters
    ----------
    model
        The fitted model.
    inputs
        Candidates and residents at the moment.
    model_version
        Enters the exploration's draws, so that a new model explores anew.
    policy
        How lists are put together.
    prices
        What showing each candidate costs in score, because its seats are wanted elsewhere
        (:func:`recommender.ranking.lists.sampled_prices.price_seats`); nothing when left out.
    bound
        The model bound to the snapshot of the inputs, where that is done already.
    """

    def __init__(
        self,
        model: SuggestionModel,
        inputs: ListInputs,
        *,
        model_version: str,
        policy: ListPolicy | None = None,
        prices: NDArray[np.float64] | None = None,
        bound: BoundModel | None = None,
    ) -> None:
        self.inputs = inputs
        self.model_version = model_version
        self.policy = policy or ListPolicy()
        self.prices = prices
        self.bound = bound or model.bind(inputs.snapshot)
        self._day = f"{inputs.day}|{model_version}"
        events = inputs.eligibility_context.events
        self._everyone = (events.min_age <= ADULT) & (events.audience_age <= ADULT)

    def prepare(self) -> None:
        """Make the ranking ready now: where candidates are many, its first stage takes a while."""
        _ = self.ranking

    def variant(self, policy: ListPolicy, prices: NDArray[np.float64] | None) -> Self:
        """The same model, candidates and ranking with other rules for putting lists together.

        Parameters
        ----------
        policy
            Diversity, exploration, lengths.
        prices
            What showing each candidate costs in score; nothing with ``None``.

        Returns
        -------
        An engine that shares everything else with this one.
        """
        self.prepare()
        other = copy.copy(self)
        other.policy, other.prices = policy, prices
        return other

    def ask_residents(self, first: int, last: int) -> ListQuery:
        """Queries of a range of residents.

        Parameters
        ----------
        first, last
            Positions in the snapshot; ``last`` is excluded.

        Returns
        -------
        A block of ``last - first`` queries.
        """
        return self._ask(np.arange(first, last), self.inputs.residents.block(first, last))

    def ask_rows(self, rows: NDArray[np.intp]) -> ListQuery:
        """Queries of some residents, by their positions in the snapshot."""
        return self._ask(rows, self.inputs.residents.take(rows))

    def _ask(self, rows: NDArray[np.intp], facts: ResidentFacts) -> ListQuery:
        snapshot = self.inputs.snapshot
        profiled = snapshot.resident_profiled[rows]
        ids = snapshot.residents.ids
        return ListQuery(
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

    def ask_nobody(self, street: int, home: int, seed: str) -> ListQuery:
        """The query of a place, without any person.

        Parameters
        ----------
        street
            Position in ``snapshot.streets``; -1 unknown.
        home
            Row of ``eligibility_context.distance_m``; -1 unknown.
        seed
            What the exploration is drawn from.

        Returns
        -------
        A block of one query.
        """
        facts = ResidentFacts.anonymous(
            len(self.inputs.candidates), home=home, reach_m=self.inputs.reach_m
        )
        return ListQuery(np.array([-1]), np.array([street]), facts, [seed])

    def lists(self, query: ListQuery, n: int) -> Lists:
        """Lists for a block.

        A list without a profile holds what every adult may see first, so that it is the same for
        everybody of the place; what only some ages may see fills it up where it runs short.

        Parameters
        ----------
        query
            A block of q queries.
        n
            Length of the lists.

        Returns
        -------
        Lists of shape (q, at most n) as columns of ``inputs.candidates``.
        """
        allowed = eligible(query.facts, self.inputs.eligibility_context)
        personal = query.residents >= 0
        if personal.all():
            return self._fill(query, allowed, n)
        common = allowed & (self._everyone | personal[:, None])
        lists = self._fill(query, common, n)
        left = allowed & ~common
        if (left.any(axis=1) & (common.sum(axis=1) < n)).any():
            lists = join_lists(lists, self._fill(query, left, n), n)
        return lists

    def scores(
        self, query: ListQuery, columns: NDArray[np.intp], *, explain: bool = False
    ) -> Scores:
        """The model's scores of candidates.

        Parameters
        ----------
        query
            A block of q queries.
        columns
            Candidates, shape (c,) for everybody alike or (q, c).
        explain
            Also how much each family of signals contributed.

        Returns
        -------
        Arrays of shape (q, c).
        """
        return self.bound.score(
            query.residents,
            self.inputs.candidates[columns],
            self.inputs.at,
            streets=query.streets,
            explain=explain,
        )

    def price_of(self, columns: NDArray[np.intp]) -> NDArray[np.float32]:
        """What the seats of the candidates cost in their scores, ≥ 0; of the same shape."""
        if self.prices is None:
            return np.zeros(columns.shape, dtype=np.float32)
        return np.asarray(self.prices[columns], dtype=np.float32)

    def boost_of(self, query: ListQuery, columns: NDArray[np.intp]) -> NDArray[np.float32] | None:
        """What policy adds to the candidates' scores.

        Parameters
        ----------
        query
            A block of q queries.
        columns
            Candidates, shape (c,) or (q, c).

        Returns
        -------
        Shape (q, c); ``None`` without policy.
        """
        if self.inputs.boost is None:
            return None
        return np.asarray(self.inputs.boost[query.streets[:, None], np.atleast_2d(columns)])

    def scored(self, query: ListQuery, allowed: NDArray[np.bool_]) -> Scored:
        """Score all candidates by the full ranker; capacity prices are not taken off.

        Parameters
        ----------
        query
            A block of q queries.
        allowed
            Who may be shown what, shape (q, n_candidates).

        Returns
        -------
        Scores of all candidates.
        """
        shared = np.arange(allowed.shape[1])
        scores = self.scores(query, shared)
        boost = self.boost_of(query, shared)
        value = scores.total if boost is None else scores.total + boost
        return Scored(
            np.broadcast_to(shared, allowed.shape),
            np.where(allowed, value, -np.inf).astype(np.float32),
            boost,
            scores,
        )

    @cached_property
    def ranking(self) -> TwoStageRanking:
        """The candidates, ready to be ranked for anybody."""
        return TwoStageRanking(
            self.bound,
            self.inputs.candidates,
            self.inputs.at,
            full_up_to=self.policy.full_up_to,
        )

    def _fill(self, query: ListQuery, allowed: NDArray[np.bool_], n: int) -> Lists:
        best = max(self.policy.shortlist, 2 * n)
        boost = self.boost_of(query, np.arange(allowed.shape[1]))
        columns, net = self.ranking.best(
            query.residents, query.streets, self._shift(allowed, boost), best
        )
        if columns.shape[1] > best:  # the list is picked from the best only
            kept = best_columns(net, best)
            columns = np.take_along_axis(columns, kept, axis=1)
            net = np.take_along_axis(net, kept, axis=1)
        price = None if self.prices is None else self.price_of(columns)
        if boost is not None:
            boost = np.take_along_axis(boost, columns, axis=1)
        return fill_lists(
            columns,
            net if price is None else net + price,
            allowed,
            self.inputs.similarity,
            n,
            policy=self.policy,
            rates=self.inputs.rates if self.policy.explore_slots else None,
            chance=self._chances(query.seeds),
            boost=boost,
            price=price,
        )

    def _shift(
        self, allowed: NDArray[np.bool_], boost: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """What policy adds and seats cost, ``-inf`` where not allowed; shape (q, m)."""
        shift = np.where(allowed, np.float32(0), np.float32(-np.inf))
        if boost is not None:
            shift += boost
        if self.prices is not None:
            shift -= self.prices.astype(np.float32)
        return shift

    def _chances(self, seeds: Sequence[str]) -> NDArray[np.float64]:
        # Drawn from the day, not the moment: a list that changes at every reload looks random.
        slots = self.policy.explore_slots
        drawn = b"".join(
            hashlib.blake2b(f"{seed}|{self._day}".encode(), digest_size=8 * max(slots, 1)).digest()
            for seed in seeds
        )
        whole = np.frombuffer(drawn, dtype=np.uint64).reshape(len(seeds), -1)
        return np.asarray((whole >> np.uint64(11)) / 2.0**53)
