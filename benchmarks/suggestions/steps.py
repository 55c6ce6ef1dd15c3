"""What separates served lists from the ranker's own order, step by step, and what each step buys.

One run, one split: the ranker's order of everything bookable, then with eligibility, seat prices,
diversity and exploration added one after the other, the last being what is served. What a step
costs is the difference in NDCG@10 to the step before, paired by resident; what it buys is counted
on lists of ten for a random part of *all* residents, bookers or not.
"""

from datetime import datetime
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import Bar
from data.dataset import Dataset
from features.ranking.list_inputs import Frames
from recommender.metrics.bootstrap import bootstrap_mean
from recommender.ranking.lists.assembly import ListPolicy
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.reranking import DiversityPolicy
from recommender.ranking.model.suggestion_model import BoundModel
from training.evaluation.report import ENGINE, SERVED, UNEXPLORED, EvaluationReport
from training.evaluation.served import LENGTH, ServedLists, Variant
from training.evaluation.tables import everything
from training.evaluation.walk_forward import evaluate

ORDER_KEPT = DiversityPolicy(weight=0.0, category_share=1.0, product_most=0)
STEPS = {
    "eligible": Variant(ListPolicy(diversity=ORDER_KEPT, explore_slots=0), strength=0.0),
    "full_price": Variant(ListPolicy(diversity=ORDER_KEPT, explore_slots=0), strength=1.0),
    "priced": Variant(ListPolicy(diversity=ORDER_KEPT, explore_slots=0)),
    UNEXPLORED: Variant(ListPolicy(explore_slots=0)),
    SERVED: Variant(),
}
BEFORE = {
    "eligible": ENGINE,
    "full_price": "eligible",
    "priced": "eligible",
    UNEXPLORED: "priced",
    SERVED: UNEXPLORED,
}
"""What each adds one thing to; seats at their full price are looked at beside what is charged."""
LOOKED_AT = 1000
"""Residents whose lists are looked at, at each asking."""
Bought = dict[str, dict[str, float]]


class StepLists(ServedLists):
    """The lists of every step, and what they hold."""

    variants: ClassVar = STEPS
    bought: ClassVar[list[Bought]] = []

    def __init__(
        self, bound: BoundModel, tables: Frames, at: np.datetime64, rng: np.random.Generator
    ) -> None:
        super().__init__(bound, tables, at, rng)
        everyone = len(bound.snapshot.residents)
        rows = np.sort(rng.permutation(everyone)[:LOOKED_AT])
        chance, raised = chances(self.engines_["eligible"], rows)
        scale = everyone / max(len(rows), 1)
        self.bought.append(
            {name: look(one, rows, raised * chance, scale) for name, one in self.engines_.items()}
        )


def chances(engine: ListEngine, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], float]:
    """Chances of booking every candidate, and what they are raised by when lists are the only way.

    Parameters
    ----------
    engine
        Whose lists hold what each resident is most likely to book.
    rows
        Residents.

    Returns
    -------
    Shape (residents, candidates), and the factor that makes the bookings expected of what is listed
    as many as those expected of everything.
    """
    query = engine.ask_rows(rows)
    chance = engine.scores(query, np.arange(len(engine.inputs.candidates))).probability
    columns = engine.lists(query, LENGTH).columns
    listed = np.take_along_axis(chance, np.maximum(columns, 0), axis=1)[columns >= 0].sum()
    return chance.astype(np.float64), min(float(chance.sum() / max(listed, 1e-12)), 50.0)


def look(
    engine: ListEngine, rows: NDArray[np.intp], chance: NDArray[np.float64], scale: float
) -> dict[str, float]:
    """What lists of ten hold.

    Parameters
    ----------
    engine
        Of one step.
    rows
        Residents whose lists are made.
    chance
        Of booking what is listed, shape (residents, candidates).
    scale
        How many residents each stands for.

    Returns
    -------
    Means a list: ``categories``, ``products``, ``suppliers``. Over all lists: the share of
    ``suppliers_reached`` among those that have a candidate; of ``events_reached`` among candidates;
    ``turned_away``, the share of the bookings expected from lists that find no seat; ``seated``,
    how many find one, a hundred residents.
    """
    inputs, snapshot = engine.inputs, engine.inputs.snapshot
    columns = engine.lists(engine.ask_rows(rows), LENGTH).columns
    shared = np.arange(len(inputs.candidates))
    there = columns >= 0
    booked = np.minimum(np.take_along_axis(chance, np.maximum(columns, 0), axis=1), 1.0)
    load = scale * np.bincount(columns[there], weights=booked[there], minlength=len(shared))
    seats = np.maximum(inputs.eligibility_context.events.seats_left, 0.0)
    taken = np.minimum(load, seats)
    found: dict[str, float] = {}
    for level in ("category", "product", "supplier"):
        codes = snapshot.event_level[level][inputs.candidates]
        held = np.where(there, codes[np.maximum(columns, 0)], -1)
        distinct = [len(set(row.tolist()) - {-1}) for row in held]
        name = {"category": "categories"}.get(level, f"{level}s")
        found[name] = float(np.mean(distinct))
        if level == "supplier":
            has = set(codes.tolist()) - {-1}
            found["suppliers_reached"] = len(set(held.ravel().tolist()) & has) / max(len(has), 1)
    found["events_reached"] = len(np.unique(columns[there])) / max(len(shared), 1)
    found["turned_away"] = float((load - taken).sum() / max(load.sum(), 1e-12))
    found["seated"] = 100 * float(taken.sum()) / max(scale * len(rows), 1e-12)
    return found


def costs(found: EvaluationReport, seed: int) -> pd.DataFrame:
    """NDCG@10 of every step and what it lost to the step before, paired by resident.

    Parameters
    ----------
    found
        Of an evaluation with :class:`StepLists`.
    seed
        Of the bootstrap.

    Returns
    -------
    One row a step: ``ndcg@10``, ``of raw``, ``cost`` with ``cost 95 %``.
    """
    each = found.questions.pivot_table(
        index="resident_id", columns="scorer", values="ndcg@10", aggfunc="mean", observed=True
    )
    raw = float(each[ENGINE].mean())
    rows = [{"step": "raw", "ndcg@10": raw, "of raw": 1.0, "cost": 0.0, "cost 95 %": ""}]
    for name, before in BEFORE.items():
        lost = (each[before] - each[name]).to_numpy()
        low, high = bootstrap_mean(lost, rng=np.random.default_rng(seed))
        value = float(each[name].mean())
        rows.append(
            {
                "step": name,
                "ndcg@10": value,
                "of raw": value / max(raw, 1e-12),
                "cost": float(lost.mean()),
                "cost 95 %": f"{low:.4f} to {high:.4f}",
            }
        )
    return pd.DataFrame(rows).set_index("step")


def ratio(found: EvaluationReport, seed: int) -> tuple[float, float]:
    """95 % interval of served over raw NDCG@10, residents drawn together for both."""
    each = found.questions.pivot_table(
        index="resident_id", columns="scorer", values="ndcg@10", aggfunc="mean", observed=True
    )[[SERVED, ENGINE]].to_numpy()
    rng = np.random.default_rng(seed)
    drawn = [each[rng.integers(0, len(each), len(each))].mean(axis=0) for _ in range(1000)]
    low, high = np.quantile([served / max(raw, 1e-12) for served, raw in drawn], [0.025, 0.975])
    return float(low), float(high)


def measure(
    dataset: Dataset, start: datetime, *, seed: int, questions: int
) -> tuple[list[Bar], dict[str, Any]]:
    """The steps on one split, printed.

    Parameters
    ----------
    dataset
        Everything, later time included.
    start
        Where the window begins: the model is fitted before it and asked every fortnight after it.
    seed
        Of fitting, sampling and bootstrap.
    questions
        About so many in all.

    Returns
    -------
    The bar, and the figures behind it.
    """
    StepLists.bought = []
    found = evaluate(
        dataset,
        [start],
        rng=np.random.default_rng(seed),
        questions=questions,
        lists=StepLists,
        progress=lambda text: print(f"  {text}", flush=True),
    )
    print(everything(found).round(4).to_string(index=False), flush=True)
    print(f"  {found.notes}")
    table = costs(found, seed)
    held = pd.DataFrame(
        {name: pd.DataFrame([asking[name] for asking in StepLists.bought]).mean() for name in STEPS}
    ).T
    table = table.join(held)
    print("what each step costs (paired, by resident), and what lists of ten then hold")
    print(table.round(4).to_string(na_rep=""), flush=True)
    bar = Bar("6.4", "served_to_raw_ndcg", found.served_to_raw(), ratio(found, seed))
    details = {
        "scorers": found.scorers,
        "notes": found.notes,
        "steps": table.reset_index().to_dict("records"),
    }
    return [bar], details
