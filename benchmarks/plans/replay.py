"""A plan's value against the hidden truth: the next quarter of a simulated world, replayed.

Beside the plan stand, at the same budgets: an oracle's plan (the true demand of the next quarter,
the same rules), what buyers do today (past orders' habit), and the most-booked list.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.plans.rivals import LIMIT_S, MIP_GAP, habit, most_booked, oracle
from data.dataset import Dataset
from data.simulate.evaluation.replay import ReplayResult, replay
from data.simulate.evaluation.replay_inputs import Stage
from data.simulate.evaluation.truth import measure_exposure
from data.simulate.evaluation.wants import true_wants
from data.simulate.saving import demand_table
from data.simulate.settings import settings_for
from data.simulate.tables import observe
from data.simulate.world import SimulatedWorld, create_world
from recommender.demand.competition import matching_degree
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.schedule import schedule
from serving.planning.document import write_document
from serving.planning.problem.building import Planning, build_planning
from serving.planning.rules import PlanRules
from serving.planning.solution import solve_planning
from training.demand.fit import fit_demand

NAMES = ("plan", "oracle", "habit", "most booked")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One plan in one world."""

    attendance: float
    gini: float
    new_share: float
    starved: int
    sessions: int
    spend_share: float
    reached: float
    matching: float
    sessions_ratio: float
    expected: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    lines_held: float = float("nan")


def run(
    seed: int,
    residents: int | None = None,
    products: int | None = None,
    events: int | None = None,
    quarters: int = 3,
) -> dict[str, dict[str, Any]]:
    """One world: make every plan, replay each the same number of times.

    Parameters
    ----------
    seed
        Of the world.
    residents, products, events
        Its size; as in the preset ``demo`` where nothing is said.
    quarters
        Replays of the same quarter.

    Returns
    -------
    An :class:`Outcome`'s fields by the plan's name.
    """
    settings = settings_for("demo", seed, residents=residents, products=products, events=events)
    world = create_world(settings)
    exposure = measure_exposure(world)
    dataset = observe(world)
    stage = Stage.of(world, exposure)
    truth = demand_table(world, exposure)
    period = str(stage.period)
    moment = stage.first
    model = fit_demand(dataset, as_of=moment, rng=np.random.default_rng(seed))
    listed = model.listed(period)
    estimate = model.estimate(model.streets, listed, period)
    planning = build_planning(
        _without_standing(dataset, moment),
        estimate,
        PlanRules(),
        repeat_factor=np.clip(model.session_repeat_factor(listed), 0.05, 1.0),
        competition=model.competing(model.streets, period),
        category=model.group[model.products.positions(listed.ids)],
    )
    wants = true_wants(stage)
    solved = solve_planning(planning, time_limit_s=LIMIT_S, mip_gap=MIP_GAP)
    document = write_document(planning, solved, model_version="bench", data_date=moment)
    rng = np.random.default_rng(10_000 + seed)
    plans = {
        "plan": document.lines,
        "oracle": _scheduled(planning, oracle(planning, stage, truth[truth["period"] == period])),
        "habit": _lines(planning.problem, habit(dataset, planning, rng)),
        "most booked": _lines(planning.problem, most_booked(dataset, planning)),
    }
    budget = float(planning.problem.budget_fen.sum())
    result = {}
    for name, lines in plans.items():
        runs = [
            replay(stage, lines, rng=np.random.default_rng(777 + 31 * seed + q))
            for q in range(quarters)
        ]
        if name == "plan":
            held = _lines_held(document.lines, runs)
        result[name] = _outcome(runs, budget, wants, _usual_sessions(world))
    told = document.summary
    result["plan"] = replace(
        result["plan"],
        expected=told["expected"],
        low=told["low"],
        high=told["high"],
        lines_held=held,
    )
    return {name: asdict(outcome) for name, outcome in result.items()}


def _usual_sessions(world: SimulatedWorld) -> float:
    """Sessions of a mean quarter of the past year."""
    starts, until = world.agenda.events["starts_s"], world.settings.until_s
    return float(((starts < until) & (starts >= until - 365 * 86_400)).sum()) / 4


def _without_standing(dataset: Dataset, moment: datetime) -> Dataset:
    """The tables without sessions after a moment: the replayed quarter holds the plan's alone."""
    events, orders = dataset["events"], dataset["orders"]
    decided = orders["decided_at"].isna() | (orders["decided_at"] < moment)
    return dataset.replace(
        events=events[events["starts_at"] < moment].reset_index(drop=True),
        orders=orders[decided].reset_index(drop=True),
    )


def _outcome(
    runs: list[ReplayResult], budget: float, wants: pd.DataFrame, usual_sessions: float
) -> Outcome:
    came = sum(r.categories.to_numpy() for r in runs)
    people = runs[0].streets["people"].to_numpy(np.float64)
    degree = matching_degree(np.asarray(came), wants.to_numpy())
    return Outcome(
        reached=float(np.mean([r.reached for r in runs])),
        matching=float(degree @ people / people.sum()),
        sessions_ratio=len(runs[0].sessions) / usual_sessions,
        attendance=float(np.mean([r.attendance for r in runs])),
        gini=float(np.mean([r.gini for r in runs])),
        new_share=float(np.mean([r.new_share for r in runs])),
        starved=int(max(r.starved for r in runs)),
        sessions=len(runs[0].sessions),
        spend_share=runs[0].spend_fen / budget,
    )


def _lines_held(lines: pd.DataFrame, runs: list[ReplayResult]) -> float:
    """Share of the lines whose attendances of a quarter lie in their intervals."""
    cell = ["street_code", "product_id"]
    ends = lines.groupby(cell, observed=True)[["low", "high"]].sum()
    held = []
    for run in runs:
        came = run.sessions.groupby(cell, observed=True)["attendance"].sum()
        came = came.reindex(ends.index)
        held.append(((came >= ends["low"].round()) & (came <= ends["high"].round())).mean())
    return float(np.mean(held))


def _lines(problem: ProcurementProblem, sessions: NDArray[np.int64]) -> pd.DataFrame:
    b, s, p = np.nonzero(sessions)
    del b
    return pd.DataFrame(
        {
            "street_code": problem.streets.take(s),
            "product_id": problem.products.take(p),
            "sessions": sessions[np.nonzero(sessions)] * problem.sessions_each[p],
        }
    )


def _scheduled(planning: Planning, sessions: NDArray[np.int64]) -> pd.DataFrame:
    """Lines with the venues of the same schedule."""
    problem, venues = planning.problem, planning.venues["venue_id"].tolist()
    slots = schedule(problem, planning.calendar, sessions)
    return pd.DataFrame(
        {
            "street_code": [problem.streets.ids[slot.street] for slot in slots],
            "product_id": [problem.products.ids[slot.product] for slot in slots],
            "venue_id": [
                venues[slot.venue] if 0 <= slot.venue < len(venues) else None for slot in slots
            ],
            "sessions": [slot.sessions for slot in slots],
        }
    )
