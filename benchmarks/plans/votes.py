"""Real choices: what a plan from a 5 % sample collects of the votes that could be had."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from data.converters.pabulib import convert_pabulib
from data.dataset import Dataset
from features.demand.streets import read_streets
from recommender.procurement import plan_procurement
from recommender.procurement.explain.equal_shares import equal_shares
from recommender.procurement.problem import ProcurementProblem
from recommender.types import IdMap
from training.demand.fit import fit_demand

SHARE = 0.05
APP_WEIGHT = {"0-13": 1.6, "14-17": 1.6, "18-34": 1.5, "35-59": 0.8, "60-69": 0.3, "70+": 0.2}
"""Who uses an app (method.md, section 2): the young far more than the old."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Shares of the best possible selection's votes."""

    name: str
    projects: int
    voters: int
    plan: float
    greedy: float
    equal_shares: float


def measure(file: Path, seed: int) -> Votes:
    """Sample, fit, plan; then count everybody's votes."""
    dataset = convert_pabulib(file).dataset
    products, bookings = dataset["products"], dataset["bookings"]
    events = dataset["events"].set_index("event_id")["product_id"]
    voted = events.reindex(bookings["event_id"]).to_numpy()
    cost = products.set_index("product_id")["price_fen"].astype("int64")
    ids = IdMap(cost.index)
    true = np.bincount(ids.positions(voted), minlength=len(ids)).astype(float)
    budget = int(dataset["budgets"]["amount_fen"].sum())
    sample = _sample(dataset, np.random.default_rng(seed))
    moment = _after(dataset)
    model = fit_demand(sample, as_of=moment, rng=np.random.default_rng(seed))
    period = f"{moment.year}Q{(moment.month + 2) // 3}"
    estimate = model.fitted_estimate(model.streets, ids, period)
    predicted = estimate.expected.sum(axis=0)
    best = _knapsack(true, cost.to_numpy(), budget)
    problem = _problem(predicted, cost.to_numpy(), budget, ids, period)
    plan = plan_procurement(problem, time_limit_s=20, mip_gap=0.001)
    bought = plan.sessions.sum(axis=(0, 1)) > 0
    people = read_streets(sample).population.sum(axis=1)
    shares = equal_shares(estimate.expected, cost.to_numpy(float), np.maximum(people, 1), budget)
    return Votes(
        name=file.stem,
        projects=len(ids),
        voters=len(dataset["residents"]),
        plan=float(true[bought].sum() / best),
        greedy=float(_by_votes(true, predicted, cost.to_numpy(), budget) / best),
        equal_shares=float(true[list(shares.bought)].sum() / best),
    )


def _sample(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    residents = dataset["residents"]
    weight = residents["age_band"].astype(object).map(APP_WEIGHT).fillna(0.8).to_numpy(float)
    n = max(1, round(SHARE * len(residents)))
    chosen = residents.iloc[rng.choice(len(residents), n, replace=False, p=weight / weight.sum())]
    bookings = dataset["bookings"]
    kept = bookings[bookings["resident_id"].isin(chosen["resident_id"])]
    return dataset.replace(
        residents=chosen.reset_index(drop=True), bookings=kept.reset_index(drop=True)
    )


def _after(dataset: Dataset) -> datetime:
    latest = pd.concat(
        [dataset["bookings"]["booked_at"], dataset["bookings"]["updated_at"],
         dataset["events"]["starts_at"], dataset["events"]["ends_at"]]
    ).max()  # fmt: skip
    return latest.to_pydatetime().astimezone(UTC) + timedelta(days=1)


def _problem(
    predicted: NDArray[np.float64], cost: NDArray[np.int64], budget: int, ids: IdMap, period: str
) -> ProcurementProblem:
    """The whole town as one buyer and one street; a project is carried out once."""
    p = len(ids)
    row = predicted[None, :]
    return ProcurementProblem(
        period=period,
        streets=IdMap(["town"]),
        products=ids,
        buyers=IdMap(["town"]),
        suppliers=IdMap([]),
        budget_fen=np.array([budget], dtype=np.int64),
        serves=np.ones((1, 1), dtype=np.bool_),
        expected=row,
        low=row,
        high=row,
        log_sd=np.zeros((1, p)),
        weight=np.ones((1, p)),
        price_fen=cost,
        sessions_max=np.ones(p, dtype=np.int64),
        seats=np.full((1, p), np.inf),
        allowed=np.ones((1, p), dtype=np.bool_),
        required=np.zeros((1, p), dtype=np.int64),
        residents=np.ones(1),
        supplier=np.full(p, -1, dtype=np.intp),
        floor_sessions=np.zeros(1, dtype=np.int64),
        repeat_factor=np.ones(p),
        sessions_per_cell=1,
    )


def _knapsack(votes: NDArray[np.float64], cost: NDArray[np.int64], budget: int) -> float:
    """Votes of the best selection, by a solver of its own call."""
    result = milp(
        -votes,
        integrality=np.ones(len(votes)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(cost[None, :] / budget, -np.inf, 1.0),
        options={"mip_rel_gap": 0.0, "time_limit": 60},
    )
    return float(-result.fun)


def _by_votes(
    true: NDArray[np.float64],
    predicted: NDArray[np.float64],
    cost: NDArray[np.int64],
    budget: int,
) -> float:
    """What towns do: most votes first while the money lasts, here on predicted votes."""
    left, votes = budget, 0.0
    for p in np.argsort(-predicted, kind="stable"):
        if cost[p] <= left:
            left -= int(cost[p])
            votes += float(true[p])
    return votes
