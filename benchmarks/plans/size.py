"""How close to optimal, how fast: plans over a simulated catalogue with all default rules."""

import resource
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.simulate.evaluation.truth import measure_exposure
from data.simulate.saving import demand_table
from data.simulate.settings import period_name, settings_for
from data.simulate.tables import observe
from data.simulate.world import create_world
from recommender.demand.competition import CATEGORY_MULTIPLE, STREET_MULTIPLE, Competition
from recommender.procurement import plan_procurement
from recommender.procurement.benefit import plan_value
from recommender.procurement.plan import cell_attendance
from recommender.procurement.verify import verify_plan
from recommender.types import DemandEstimate, IdMap
from serving.planning.problem.building import Planning, build_planning
from serving.planning.rules import PlanRules
from serving.planning.solution import aim_at_evenness


@dataclass(frozen=True, slots=True)
class Sized:
    """One run."""

    streets: int
    products: int
    months: int
    gap: float
    seconds: float
    limit: float
    broken: int
    above_greedy: float
    budget_used: float
    memory_gb: float


def planning_of(products: int, seed: int, events: int | None = None) -> Planning:
    """Ten streets, so many listed products, a quarter; noisy demand instead of a fit.

    With ``events`` of the preset ``district`` the orders of the past, and so the budgets, are the
    district's own.
    """
    settings = settings_for("demo", seed, residents=2_000, products=products, events=events)
    world = create_world(settings)
    truth = demand_table(world, measure_exposure(world))
    period = period_name(settings.until)
    truth = truth[truth["period"] == period]
    wide = truth.pivot_table(
        index="street_code", columns="product_id", values="expected", observed=True
    )
    rng = np.random.default_rng(seed)
    expected = wide.to_numpy() * np.exp(rng.normal(-0.125, 0.5, wide.shape))
    if events is not None:  # few people stand for many: sessions draw what a district's would
        expected *= 60 / expected.mean()
    zeros = np.zeros(wide.shape)
    estimate = DemandEstimate(
        streets=IdMap(str(code) for code in wide.index),
        products=IdMap(str(code) for code in wide.columns),
        period=period,
        expected=expected,
        low=expected * 0.5,
        high=expected * 1.8,
        evidence_bookings=zeros.astype(np.int64),
        evidence_surveys=zeros.astype(np.int64),
        supply=zeros,
        gap=expected,
        suppressed=zeros.astype(np.bool_),
    )
    dataset = observe(world)
    table = dataset["products"].set_index("product_id").loc[list(wide.columns.astype(str))]
    category, _ = pd.factorize(table["category"].astype(str))
    return build_planning(
        dataset,
        estimate,
        PlanRules(),
        competition=_competition(expected, category, settings.events / 4 / len(wide)),
        category=np.asarray(category, dtype=np.intp),
    )


def _competition(
    expected: NDArray[np.float64], category: NDArray[np.int64], sessions: float
) -> Competition:
    """Caps at the priors, over a usual quarter of so many mean sessions a street."""
    offered = np.stack(
        [expected[:, category == c].sum(axis=1) for c in range(category.max() + 1)], axis=1
    )
    wants = offered / offered.sum(axis=1, keepdims=True)
    usual = wants * sessions * expected.mean(axis=1, keepdims=True)
    street = STREET_MULTIPLE * usual.sum(axis=1)
    return Competition(street, CATEGORY_MULTIPLE * wants * street[:, None], wants, usual)


def run(
    products: int, seed: int, limit_s: float, mip_gap: float, events: int | None = None
) -> Sized:
    """Solve once and measure."""
    from recommender.procurement.solver.heuristic import fill
    from recommender.procurement.solver.linear_model import build_model

    planning = planning_of(products, seed, events)
    problem = aim_at_evenness(planning)  # as `gongxu plan` poses it: the harder one
    start = time.perf_counter()
    plan = plan_procurement(problem, time_limit_s=limit_s, mip_gap=mip_gap)
    seconds = time.perf_counter() - start
    model = build_model(problem)
    heuristic = fill(problem, model)
    greedy = 0.0
    if heuristic is not None:
        shape = (len(problem.buyers), len(problem.streets), len(problem.products))
        counts = model.sessions(heuristic, shape).sum(axis=0)
        greedy = plan_value(problem, cell_attendance(problem, counts, problem.demand))
    return Sized(
        streets=len(problem.streets),
        products=len(problem.products),
        months=len(planning.months),
        gap=plan.gap,
        seconds=seconds,
        limit=limit_s,
        broken=len(verify_plan(problem, plan)),
        above_greedy=plan.value / greedy - 1 if greedy else float("inf"),
        budget_used=plan.amount_fen / float(problem.budget_fen.sum()),
        memory_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    )
