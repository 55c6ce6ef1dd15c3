"""How close to optimal, how fast: plans over a simulated catalogue with all default rules."""

import time
from dataclasses import dataclass

import numpy as np

from data.simulate.evaluation.truth import measure_exposure
from data.simulate.saving import demand_table
from data.simulate.settings import period_name, settings_for
from data.simulate.tables import observe
from data.simulate.world import create_world
from recommender.procurement import plan_procurement
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


def planning_of(products: int, seed: int) -> Planning:
    """Ten streets, so many listed products, a quarter; noisy demand instead of a fit."""
    settings = settings_for("demo", seed, residents=2_000, products=products)
    world = create_world(settings)
    truth = demand_table(world, measure_exposure(world))
    period = period_name(settings.until)
    truth = truth[truth["period"] == period]
    wide = truth.pivot_table(
        index="street_code", columns="product_id", values="expected", observed=True
    )
    rng = np.random.default_rng(seed)
    expected = wide.to_numpy() * np.exp(rng.normal(-0.125, 0.5, wide.shape))
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
    return build_planning(observe(world), estimate, PlanRules())


def run(products: int, seed: int, limit_s: float, mip_gap: float) -> Sized:
    """Solve once and measure."""
    from recommender.procurement.solver.heuristic import fill
    from recommender.procurement.solver.linear_model import build_model

    planning = planning_of(products, seed)
    problem = aim_at_evenness(planning)  # as `gongxu plan` poses it: the harder one
    start = time.perf_counter()
    plan = plan_procurement(problem, time_limit_s=limit_s, mip_gap=mip_gap)
    seconds = time.perf_counter() - start
    model = build_model(problem)
    heuristic = fill(problem, model)
    greedy = float(model.value @ heuristic) if heuristic is not None else 0.0
    return Sized(
        streets=len(problem.streets),
        products=len(problem.products),
        months=len(planning.months),
        gap=plan.gap,
        seconds=seconds,
        limit=limit_s,
        broken=len(verify_plan(problem, plan)),
        above_greedy=plan.value / greedy - 1 if greedy else float("inf"),
    )
