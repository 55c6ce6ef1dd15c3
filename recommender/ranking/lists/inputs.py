"""Everything a list is made from beside the model, as arrays of one moment, and whom it is for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.lists.exploration import RateTable
from recommender.ranking.lists.facts import EligibilityContext, ResidentFacts
from recommender.ranking.lists.reranking import SimilarityKeys
from recommender.ranking.snapshot import RankingSnapshot


@dataclass(frozen=True, slots=True)
class ListInputs:
    """Candidates of one moment, and what the list engine reads of them and of residents.

    ``features.ranking.list_inputs.build_list_inputs`` makes it from contract tables.

    Attributes
    ----------
    at
        The moment of asking, UTC, ``datetime64[us]``.
    day
        Its day in the district, ``datetime64[D]``: exploration draws anew every day.
    snapshot
        What models are bound to.
    candidates
        Positions in ``snapshot.events`` of the events that somebody may be shown, shape (c,).
    eligibility_context
        What the eligibility rules read of the candidates.
    residents
        What they read of all residents, in the snapshot's order.
    reach_m
        How far people travel, metres; may be infinite.
    similarity
        What makes candidates alike.
    rates
        What is known of the candidates' booking rates, for exploration.
    boost
        Policy weight by street and candidate, shape (n_streets + 1, c), the last row for an
        unknown street; ``None`` without policy.
    """

    at: np.datetime64
    day: np.datetime64
    snapshot: RankingSnapshot
    candidates: NDArray[np.intp]
    eligibility_context: EligibilityContext
    residents: ResidentFacts
    reach_m: float
    similarity: SimilarityKeys
    rates: RateTable
    boost: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A block of questions.

    Attributes
    ----------
    residents
        Positions in the snapshot, shape (q,); -1 for a place, and for whoever may not be profiled:
        they get the list of their place.
    streets
        Positions in ``snapshot.streets``, shape (q,); -1 unknown.
    facts
        What the eligibility rules read.
    seeds
        What each question's exploration is drawn from; equal for equal questions.
    """

    residents: NDArray[np.intp]
    streets: NDArray[np.intp]
    facts: ResidentFacts
    seeds: Sequence[str]
