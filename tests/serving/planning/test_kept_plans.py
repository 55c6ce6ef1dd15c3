"""A kept plan is taken up as it was made, and questions begin from it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recommender.procurement.plan import sessions_of
from recommender.types import DemandEstimate, IdMap
from serving.planning.document import write_document
from serving.planning.kept_plans import take_up
from serving.planning.problem.building import Planning, build_planning
from serving.planning.questions import explain_choice
from serving.planning.rules_file import parse_rules
from serving.planning.solution import Solved, solve_planning

LOOSE = "[evenness]\ngini_max = 0.5\n[supplier]\nshare_max = 1.0\n"


@pytest.fixture
def made(planning_of: Any) -> tuple[Planning, Solved]:
    planning = planning_of(parse_rules(LOOSE))
    return planning, solve_planning(planning)


def test_it_is_the_same_plan_without_solving(made: tuple[Planning, Solved]) -> None:
    planning, solved = made
    kept = take_up(planning, solved.lines(), gap=0.01)
    assert kept is not None
    np.testing.assert_array_equal(kept.plan.sessions, solved.plan.sessions)
    assert kept.plan.value == pytest.approx(solved.plan.value)
    assert kept.plan.gap == 0.01
    assert kept.slots == solved.slots
    assert kept.posed.gini_max == solved.posed.gini_max
    line = solved.plan.lines[0]
    answers = [explain_choice(planning, each, line.product, line.street) for each in (solved, kept)]
    assert answers[0] == answers[1]


def test_a_plan_that_breaks_given_rules_or_holds_what_is_gone_is_solved_again(
    made: tuple[Planning, Solved], planning_of: Any
) -> None:
    planning, solved = made
    gone = [{**solved.lines()[0], "product_id": "gone"}]
    assert sessions_of(planning.problem, gone) is None
    assert take_up(planning, gone, gap=0.0) is None
    often = [{**solved.lines()[0], "sessions": 99}]
    assert take_up(planning, often, gap=0.0) is None
    required = '[[require]]\nproduct = "{}"\nstreet = "S1"\nreason = "x"\nsessions = {}\n'
    line = next(each for each in solved.plan.lines if each.street == "S1")
    more = parse_rules(LOOSE + required.format(line.product, line.sessions + 1))
    assert take_up(planning_of(more), solved.lines(), gap=0.0) is None


def test_another_solve_begins_from_it_and_is_never_worse(made: tuple[Planning, Solved]) -> None:
    planning, solved = made
    again = solve_planning(planning, time_limit_s=0.5, start=solved)
    assert again.plan.value >= solved.plan.value - 1e-9


@pytest.fixture
def neighbours(dataset_of: Any) -> Planning:
    """Two streets a kilometre apart with 9,000 yuan each.

    Either holds the lecture and, required, the dear talk, and has 3,000 yuan left: half a concert.
    """
    base = dataset_of()
    areas = [
        {**row, "lat": 31.2 + 0.01 * n, "lon": 121.4}
        for n, row in enumerate(base["areas"].to_dict("records"))
    ]
    products = [
        {"product_id": code, "supplier_id": "A", "title": title, "category": "lecture",
         "price_fen": fen}
        for code, title, fen in (
            ("P1", "讲座", 500_000), ("P2", "音乐会", 600_000), ("P3", "谈话", 100_000),
        )
    ]  # fmt: skip
    budgets = [
        {"buyer_code": code, "period": "2027Q1", "amount_fen": 900_000} for code in ("S1", "S2")
    ]
    demand = np.array([[40.0, 30.0, 0.5]] * 2)
    none = np.zeros((2, 3))
    estimate = DemandEstimate(
        streets=IdMap(["S1", "S2"]), products=IdMap(["P1", "P2", "P3"]), period="2027Q1",
        expected=demand, low=demand * 0.99, high=demand * 1.01,
        evidence_bookings=none.astype(np.int64), evidence_surveys=none.astype(np.int64),
        supply=none, gap=demand, suppressed=none.astype(np.bool_),
    )  # fmt: skip
    rules = (
        "[evenness]\ngini_max = false\n[supplier]\nshare_max = 1.0\n[plan]\nshrinkage = 0.0\n"
        'sessions_per_product = 1\n[[require]]\nproduct = "P3"\nreason = "x"\nsessions = 1\n'
    )
    dataset = dataset_of(areas=areas, products=products, budgets=budgets)
    return build_planning(dataset, estimate, parse_rules(rules))


def test_what_neighbours_pool_is_told_and_kept(neighbours: Planning) -> None:
    solved = solve_planning(neighbours)
    (pool,) = solved.pools
    document = write_document(
        neighbours, solved, model_version="m", data_date=datetime(2026, 12, 1, tzinfo=UTC)
    )
    line = document.lines.set_index("product_id").loc["P2"]
    assert line["payers"] == f"{line['buyer_code']}:300000;" + (
        "S2:300000" if line["buyer_code"] == "S1" else "S1:300000"
    )
    assert "团购：单个采购方余款不足，由邻近采购方合购" in line["reasons"]
    assert "3,000.00 元" in line["reasons"]
    assert any(words.startswith("团购《音乐会》") for words in document.warnings)
    assert document.summary["amount_fen"] == document.summary["budget_fen"] == 1_800_000
    paid = pd.Series(dtype="int64")
    for payers in document.lines["payers"]:
        for code, fen in (each.split(":") for each in payers.split(";")):
            paid[code] = paid.get(code, 0) + int(fen)
    assert paid.to_dict() == {"S1": 900_000, "S2": 900_000}  # nobody above its budget

    kept = take_up(neighbours, document.lines.to_dict("records"), gap=0.0)
    assert kept is not None
    np.testing.assert_array_equal(kept.plan.sessions, solved.plan.sessions)
    assert kept.pools[0].shares_fen.tolist() == pool.shares_fen.tolist()
    assert kept.problem.budget_fen.tolist() == solved.problem.budget_fen.tolist()
    poorer = replace(
        neighbours,
        problem=replace(neighbours.problem, budget_fen=np.array([900_000, 200_000])),
    )
    assert take_up(poorer, document.lines.to_dict("records"), gap=0.0) is None
    again = solve_planning(neighbours, start=solved)
    assert again.plan.expected == pytest.approx(solved.plan.expected)
