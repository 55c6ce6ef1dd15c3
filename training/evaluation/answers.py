"""One question to every scorer and the full engine, with the same candidates."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.metrics.ranking import top_k
from recommender.ranking.model.suggestion_model import BoundModel
from recommender.ranking.model.two_stage import TwoStageRanking
from recommender.ranking.query import make_query
from recommender.ranking.snapshot import RankingSnapshot
from recommender.scorers.fallback import fall_back
from training.evaluation.diversification import BookedBefore
from training.evaluation.report import ENGINE, Tally, measure
from training.evaluation.served import ServedLists
from training.suggestions.time_splits import Queries

CHAINS = {
    "recent_popularity": ("popularity",),
    "als": ("als_warm",),
    "als_popularity": ("als_warm", "popularity"),
    "ease": ("ease", "popularity"),
    "graph": ("graph", "popularity"),
    "content": ("content", "popularity"),
    "affinity": ("affinity", "popularity"),
    "chain": ("als_warm", "content", "popularity"),
}
"""The scorers compared with the engine, each with what fills its gaps; `als` has nothing."""

LIST = 10
DEPTH = 20
_CELLS = 1_500_000

Scored = Callable[[pd.Index, pd.Index], NDArray[np.float32]]
"""Scores of residents and events by their identifiers, shape (residents, events)."""


def answer(
    bound: BoundModel,
    served: ServedLists,
    others: Mapping[str, Scored],
    asked: Queries,
    old_products: set[str],
    tallies: dict[str, Tally],
    rng: np.random.Generator,
) -> None:
    """Let every scorer rank the candidates of one asking, and add what came of it to the tallies.

    Parameters
    ----------
    bound
        The engine on the snapshot of the asking.
    served
        The engine that serves, at the same moment.
    others
        Foreign engines by name.
    asked
        Residents, candidates, what they went on to book, and what they may not be shown.
    old_products
        Products that were booked before the window.
    tallies
        One a scorer; added to in place.
    rng
        Decides between equal scores.
    """
    snapshot = bound.snapshot
    order = rng.permutation(len(asked.candidates))  # ties must not follow the identifiers
    candidates = asked.candidates[order]
    product = snapshot.event_level["product"][candidates]
    new = np.array([snapshot.products.ids[p] not in old_products for p in product])
    bookings = np.bincount(snapshot.log_event, minlength=len(snapshot.events))[candidates]
    surprise = -np.log2((bookings + 1) / (bookings.sum() + len(candidates)))
    history = np.bincount(snapshot.log_resident, minlength=len(snapshot.residents))
    ids = np.array(snapshot.events.ids, dtype=object)[candidates]
    column = np.full(len(snapshot.events) + 1, -1, dtype=np.intp)
    column[candidates] = np.arange(len(candidates))
    ranking = TwoStageRanking(bound, candidates, asked.at)
    past, places = BookedBefore(snapshot), np.append(candidates, -1)
    rows = max(1, _CELLS // max(len(candidates), 1))
    nothing = dict.fromkeys(ids, 0)
    for tally in tallies.values():
        tally.shown = nothing | tally.shown
    for start in range(0, len(asked.residents), rows):
        part = slice(start, start + rows)
        residents = asked.residents[part]
        relevant = asked.relevant[part][:, order].toarray()
        excluded = asked.excluded[part][:, order].toarray()
        signals = bound.signals(
            make_query(snapshot, residents, candidates, asked.at), first_stage=True
        )
        signals["affinity"] = _affinity(signals)
        scores = {
            name: fall_back([signals[one] for one in chain], empty=-1e9)
            for name, chain in CHAINS.items()
        }
        names = pd.Index(snapshot.residents.take(residents))
        scores |= {name: scored(names, pd.Index(ids)) for name, scored in others.items()}
        kind = _kind(snapshot, residents, history)
        lists = {
            name: top_k(np.where(excluded, np.float32(-np.inf), values), DEPTH)
            for name, values in scores.items()
        }
        lists[ENGINE] = _raw(ranking, snapshot, residents, excluded)
        lists |= {name: column[events] for name, events in served.lists(residents).items()}
        for name, best in lists.items():
            tally = tallies[name]
            listed = places[best[:, :LIST]]
            held = {
                "categories": past.categories(listed),
                "diversification": past.diversification(residents, listed),
            }
            tally.rows.append(
                measure(best, relevant, new, residents, snapshot.residents, kind, held)
            )
            shown = best[:, :LIST][best[:, :LIST] >= 0]
            columns, counts = np.unique(shown, return_counts=True)
            for event, count in zip(ids[columns], counts, strict=True):
                tally.shown[event] = tally.shown.get(event, 0) + int(count)
            tally.surprise += float(surprise[shown].sum())
            tally.new += int(new[shown].sum())
            tally.places += len(shown)


def _raw(
    ranking: TwoStageRanking,
    snapshot: RankingSnapshot,
    residents: NDArray[np.intp],
    excluded: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """The model's own order of what was not booked before, as columns of the candidates."""
    streets = snapshot.resident_street[residents].astype(np.intp)
    shift = np.where(excluded, np.float32(-np.inf), np.float32(0))
    columns, value = ranking.best(residents, streets, shift, DEPTH)
    place = top_k(value, DEPTH)
    return np.where(place >= 0, np.take_along_axis(columns, np.maximum(place, 0), axis=1), -1)


def _affinity(signals: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Bookings with the supplier so far; popularity decides between equals."""
    popular = signals["popularity"]
    top = np.maximum(popular.max(axis=1, keepdims=True), np.float32(1e-6))
    return np.asarray(
        np.nan_to_num(signals["own_supplier"]) + np.float32(1e-3) * popular / top, dtype=np.float32
    )


def _kind(
    snapshot: RankingSnapshot, residents: NDArray[np.intp], history: NDArray[np.intp]
) -> NDArray[np.object_]:
    hot = (history[residents] > 0) & snapshot.resident_profiled[residents]
    warm = (snapshot.resident_street[residents] >= 0) | (snapshot.resident_age[residents] >= 0)
    return np.where(hot, "hot", np.where(warm, "warm", "cold")).astype(object)
