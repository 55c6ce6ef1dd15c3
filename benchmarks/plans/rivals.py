"""Plans that a plan is compared with: an oracle's, buyers' habit, the most-booked list."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from data.dataset import Dataset
from data.simulate.evaluation.replay import replay
from data.simulate.evaluation.replay_inputs import Stage
from data.simulate.evaluation.wants import true_wants
from recommender.demand.competition import Competition
from recommender.procurement import plan_procurement
from recommender.procurement.problem import ProcurementProblem
from serving.planning.problem.building import Planning

LIMIT_S = 90.0
"""Far above what it takes: a busy machine must not decide who wins."""
MIP_GAP = 0.005
"""As plans are served."""


def _true_competition(
    planning: Planning, stage: Stage, alone: NDArray[np.float64], rng: np.random.Generator
) -> Competition:
    """The form that comes nearest to what sets of sessions draw in the true world.

    Two numbers, evenings a head and the freedom of categories, are fitted to replays of sets by
    chance at half to four times a usual volume.
    """
    problem = planning.problem
    assert problem.competition is not None
    order = pd.Index(stage.street_codes).get_indexer(pd.Index(problem.streets.ids))
    wants = true_wants(stage).to_numpy()[order]
    category = stage.category[
        pd.Index(stage.product_ids).get_indexer(pd.Index(problem.products.ids))
    ]
    people = stage.street_people[order].astype(np.float64)
    open_house = replace(stage, seat_scarcity=np.array(1e-3), event_effect_sd=np.array(0.0))
    volume = max(20, int(planning.problem.floor_sessions.sum()))
    sets = []
    for times in (1, 2, 4, 8):
        s = rng.integers(0, len(problem.streets), times * volume)
        p = rng.integers(0, len(problem.products), len(s))
        mass = np.zeros(wants.shape)
        np.add.at(mass, (s, category[p]), alone[s, p])
        lines = pd.DataFrame(
            {
                "street_code": problem.streets.take(s),
                "product_id": problem.products.take(p),
                "sessions": 1,
            }
        )
        sets.append((mass, replay(open_house, lines, rng=rng).attendance))

    def made(numbers: NDArray[np.float64]) -> Competition:
        street = np.exp(numbers[0]) * people
        caps = np.exp(numbers[1]) * wants * street[:, None] + 1.0
        return Competition(street, caps, wants, problem.competition.usual)

    def miss(numbers: NDArray[np.float64]) -> list[float]:
        made_of = made(numbers)
        return [float(np.log(made_of.attendances(m).sum() / came)) for m, came in sets]

    found = least_squares(miss, [0.3, 1.0], bounds=([-2.0, 0.0], [3.0, 4.0]))
    return made(found.x)


def oracle(planning: Planning, stage: Stage, truth: pd.DataFrame) -> NDArray[np.int64]:
    """The plan of one who knows the true demand and how it competes, under the same rules.

    Parameters
    ----------
    planning
        The same rules and budget.
    stage
        The true world.
    truth
        The true demand of the replayed quarter.

    Returns
    -------
    Sessions, shape (B, S, P).
    """
    problem = planning.problem

    def matrix(column: str) -> NDArray[np.float64]:
        wide = truth.pivot_table(
            index="street_code", columns="product_id", values=column, observed=True
        )
        wide.index, wide.columns = wide.index.astype(str), wide.columns.astype(str)
        return wide.reindex(
            index=list(problem.streets.ids), columns=list(problem.products.ids)
        ).to_numpy(np.float64)

    first, second, alone = matrix("expected"), matrix("expected_2"), matrix("alone")
    repeat_factor = np.clip(second.sum(axis=0) / np.maximum(first.sum(axis=0), 1e-9), 0.05, 1.0)
    known = replace(
        problem,
        expected=alone,
        low=alone,
        high=alone,
        log_sd=np.full_like(alone, float(stage.event_effect_sd)),
        repeat_factor=repeat_factor,
        competition=_true_competition(planning, stage, alone, np.random.default_rng(5)),
        category=stage.category[
            pd.Index(stage.product_ids).get_indexer(pd.Index(problem.products.ids))
        ],
        matching=0.0,
    )
    plan = plan_procurement(known, time_limit_s=LIMIT_S, mip_gap=MIP_GAP)
    if not plan.lines:  # said by its spending share; better an oracle without evenness than none
        plan = plan_procurement(
            replace(known, gini_max=None), time_limit_s=LIMIT_S, mip_gap=MIP_GAP
        )
    return plan.sessions


def habit(dataset: Dataset, planning: Planning, rng: np.random.Generator) -> NDArray[np.int64]:
    """Past orders' habit: popular products, known suppliers, usual categories, some chance.

    Parameters
    ----------
    dataset
        Past orders and bookings.
    planning
        Whose money is spent on what.
    rng
        What chance decides.

    Returns
    -------
    Sessions, shape (B, S, P).
    """
    problem, products = planning.problem, planning.products
    orders = dataset["orders"]
    popular = np.log1p(_bookings_per_session(dataset, products.index))
    category = products["category"].astype(str)
    by_code = dataset["products"].set_index("product_id")
    sessions = np.zeros(_shape(problem), dtype=np.int64)
    for b, buyer in enumerate(problem.buyers.ids):
        own = orders[orders["buyer_code"] == buyer]
        supplier = by_code["supplier_id"].reindex(own["product_id"])
        known = own["sessions"].astype("float64").to_numpy()
        by_supplier = pd.Series(known).groupby(supplier.to_numpy()).sum()
        taste = (
            pd.Series(known)
            .groupby(by_code["category"].astype(str).reindex(own["product_id"]).to_numpy())
            .sum()
        )
        pull = np.log(category.map(taste).fillna(0.0).to_numpy() + 1.0)
        weight = 0.9 * popular + pull
        weight += 0.8 * np.log1p(products["supplier_id"].map(by_supplier).fillna(0.0).to_numpy())
        weight += rng.gumbel(0, 1, len(products))
        counts = rng.choice([1, 2, 3, 4], len(products), p=[0.5, 0.3, 0.12, 0.08])
        _spend(problem, sessions, b, np.argsort(-weight), counts)
    return sessions


def most_booked(dataset: Dataset, planning: Planning) -> NDArray[np.int64]:
    """The list by bookings a session, from the top, again and again until the money is spent.

    Parameters
    ----------
    dataset
        Past bookings.
    planning
        Whose money is spent on what.

    Returns
    -------
    Sessions, shape (B, S, P).
    """
    problem = planning.problem
    rank = np.argsort(-_bookings_per_session(dataset, planning.products.index), kind="stable")
    sessions = np.zeros(_shape(problem), dtype=np.int64)
    once = np.ones(len(problem.products), dtype=np.int64)
    for b in range(len(problem.buyers)):
        _spend(problem, sessions, b, rank, once)
    return sessions


def _bookings_per_session(dataset: Dataset, products: pd.Index) -> NDArray[np.float64]:
    """Seats booked a past session, relative to the mean; 0 where there was none."""
    events = dataset["events"]
    events = events[events["status"].astype(str) == "done"]
    seats = dataset["bookings"].groupby("event_id")["seats"].sum().astype("float64")
    booked = events["event_id"].map(seats).fillna(0.0)
    mean = booked.groupby(events["product_id"]).mean()
    return (mean.reindex(products).fillna(0.0) / max(float(mean.mean()), 1e-9)).to_numpy()


def _spend(
    problem: ProcurementProblem,
    sessions: NDArray[np.int64],
    buyer: int,
    order: NDArray[np.intp],
    counts: NDArray[np.int64],
) -> None:
    """Buy down a list for a buyer's streets in turn, within budget and catalogue, in rounds."""
    left = int(problem.budget_fen[buyer])
    streets = np.flatnonzero(problem.serves[buyer])
    turn = 0
    for _ in range(problem.sessions_per_cell):
        before = left
        for p in order:
            for _ in range(int(counts[p])):
                price = int(problem.price_fen[p])
                street = int(streets[turn % len(streets)])
                had = sessions[:, :, p].sum()
                if price > left or had >= problem.sessions_max[p] or not problem.allowed[street, p]:
                    break
                sessions[buyer, street, p] += 1
                left -= price
                turn += 1
        if left == before:
            return


def _shape(problem: ProcurementProblem) -> tuple[int, int, int]:
    return len(problem.buyers), len(problem.streets), len(problem.products)
