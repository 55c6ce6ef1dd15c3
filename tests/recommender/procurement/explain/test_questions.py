"""Why not, what if, frontiers and the second opinion on cases that can be worked out."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.demand.competition import Competition
from recommender.procurement import plan_procurement
from recommender.procurement.explain.questions import (
    WhyNot,
    compare,
    rules_against,
    why,
    why_not,
)
from recommender.procurement.plan import ProcurementPlan
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.values import Explanation


def test_forcing_a_product_in_costs_what_it_displaces(problem_of: Any) -> None:
    problem = problem_of([[100.0, 60.0]], [1000, 1000], [1000], sessions_per_cell=1)
    plan = plan_procurement(problem)
    answer = why_not(problem, plan, "product1", "street0")
    assert answer.possible
    assert answer.cost == pytest.approx(40.0)
    assert answer.displaced == (("street0", "product0", -1),)
    assert why_not(problem, plan, "product0", "street0") == WhyNot(True, 0.0, ())


def test_what_is_used_up_elsewhere_is_taken_from_there(problem_of: Any) -> None:
    problem = problem_of(
        [[50.0, 45.0, 1.0], [90.0, 40.0, 1.0], [5.0, 5.0, 30.0]],
        [1000] * 3,
        [1000] * 3,
        sessions_max=np.array([1, 9, 9]),
        sessions_per_cell=1,
    )
    plan = plan_procurement(problem)
    answer = why_not(problem, plan, "product0", "street0")
    assert answer.possible
    assert answer.cost == pytest.approx(90 + 45 - 50 - 40)
    assert answer.displaced == (("street0", "product1", -1), ("street1", "product0", -1))


def test_what_cannot_be_bought_says_why(problem_of: Any) -> None:
    dear = problem_of([[100.0, 60.0]], [1000, 5000], [1000])
    answer = why_not(dear, plan_procurement(dear), "product1", "street0")
    assert not answer.possible
    required = {"sessions": 1, "most": dear.sessions_per_cell}
    assert Explanation("required", "street0", "product1", required) in answer.reasons
    closed = problem_of([[100.0, 60.0]], [1000, 500], [1000], allowed=np.array([[True, False]]))
    answer = why_not(closed, plan_procurement(closed), "product1", "street0")
    assert answer.reasons == (Explanation("allowed", "street0", "product1"),)


def test_a_what_if_is_the_difference_of_two_plans(problem_of: Any) -> None:
    problem = problem_of([[100.0, 60.0]], [1000, 1000], [1000], sessions_per_cell=1)
    richer = replace(problem, budget_fen=np.array([2000]))
    change = compare(problem, plan_procurement(problem), plan_procurement(richer))
    assert change.value == pytest.approx(60.0)
    assert change.amount_fen == 1000
    assert change.sessions == (("street0", "product1", 1),)


def test_what_one_session_costs_is_found_by_solving_again(problem_of: Any) -> None:
    # Money for two sessions of 1,000 each: the third best would come instead, or must give way.
    problem = problem_of([[100.0, 80.0, 60.0, 10.0]], [1000] * 4, [2500], sessions_per_cell=1)
    plan = plan_procurement(problem)
    lost = [why(problem, plan, f"product{i}", "street0") for i in range(2)]
    assert [answer.cost for answer in lost] == pytest.approx([40.0, 20.0])
    assert lost[0].displaced == (("street0", "product2", 1),)
    asked = [why_not(problem, plan, f"product{i}", "street0") for i in (2, 3)]
    assert [answer.cost for answer in asked] == pytest.approx([20.0, 70.0])
    assert asked[1].displaced == (("street0", "product1", -1),)


def test_only_the_street_asked_about_changes(problem_of: Any) -> None:
    rng = np.random.default_rng(4)
    demand = rng.gamma(2.0, 40.0, (3, 60))
    problem = problem_of(demand.tolist(), rng.integers(5, 20, 60).tolist(), [150] * 3, gini_max=0.2)
    plan = plan_procurement(problem, mip_gap=0.01)
    s, p = (int(axis[0]) for axis in np.nonzero(plan.sessions.sum(axis=0)))
    answer = why(problem, plan, f"product{p}", f"street{s}")
    assert answer.possible
    assert 0 <= answer.cost <= plan.value
    assert {street for street, _, _ in answer.displaced} <= {f"street{s}"}
    other = next(i for i in range(60) if not plan.sessions[:, s, i].any())
    forced = why_not(problem, plan, f"product{other}", f"street{s}")
    assert forced.possible
    assert {street for street, _, _ in forced.displaced} <= {f"street{s}"}


@pytest.fixture(scope="module")
def district(problem_of: Any) -> tuple[ProcurementProblem, ProcurementPlan]:
    """Three streets, forty products of four categories that compete, with default-like rules."""
    rng = np.random.default_rng(9)
    demand = rng.gamma(3.0, 20.0, (3, 40))
    category = np.repeat(np.arange(4), 10)
    caps = np.array([[400.0, 300.0, 200.0, 200.0]] * 3)
    problem = problem_of(
        demand.tolist(),
        (rng.integers(10, 60, 40) * 100).tolist(),
        [30_000, 30_000, 30_000],
        sessions_per_cell=1,
        gini_max=0.05,
        most_sessions=np.array([12, 11, 10]),
        category=category.astype(np.intp),
        competition=Competition(
            np.array([900.0, 800.0, 700.0]),
            caps,
            caps / caps.sum(axis=1, keepdims=True),
            caps / 4,
        ),
        matching=0.3,
    )
    return problem, plan_procurement(problem, mip_gap=0.001)


def test_costs_agree_with_a_full_solve_within_its_gap(
    district: tuple[ProcurementProblem, ProcurementPlan],
) -> None:
    problem, plan = district
    planned = plan.sessions.sum(axis=0)
    rng = np.random.default_rng(1)
    for s, p in zip(rng.integers(0, 3, 4), rng.integers(0, 40, 4), strict=True):
        if planned[s, p]:
            allowed = problem.allowed.copy()
            allowed[s, p] = False
            answer = why(problem, plan, f"product{p}", f"street{s}")
            other = replace(problem, allowed=allowed)
        else:
            required = problem.required.copy()
            required[s, p] = 1
            answer = why_not(problem, plan, f"product{p}", f"street{s}")
            other = replace(problem, required=required)
        full = plan_procurement(other, mip_gap=0.004)
        # What is lost lies between the value of what was found and the bounds of both.
        least, most = plan.value - full.bound, plan.bound - full.value
        slack = 0.002 * plan.value
        assert least - slack <= answer.cost <= most + slack


def test_rules_that_stand_against_one_session_more_are_named(
    district: tuple[ProcurementProblem, ProcurementPlan],
) -> None:
    problem, plan = district
    planned = plan.sessions.sum(axis=0)
    full = [s for s in range(3) if planned[s].sum() == problem.most_sessions[s]]  # type: ignore[index]
    assert full
    other = int(np.flatnonzero(planned[full[0]] == 0)[0])
    answer = why_not(problem, plan, f"product{other}", f"street{full[0]}")
    assert "most_sessions" in {rule.rule for rule in answer.blocked}
    roomy = replace(problem, most_sessions=None, gini_max=None)
    free = rules_against(roomy, plan, full[0], other)
    assert {rule.rule for rule in free} <= {"budget"}
