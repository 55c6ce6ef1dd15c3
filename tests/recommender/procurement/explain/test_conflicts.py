"""The smallest set of conflicting rules is found."""

from typing import Any

import numpy as np

from recommender.procurement import plan_procurement
from recommender.procurement.plan import Status
from recommender.procurement.problem import Quota
from recommender.procurement.rules.values import Explanation


def test_evenness_that_only_a_session_out_of_order_would_keep_is_a_conflict(
    problem_of: Any,
) -> None:
    # One session in the large street, one in the small: Gini 0.25. A "second" session alone in
    # the small one would look like 0.18, but there is no second without a first.
    problem = problem_of(
        [[0, 1], [1, 0]],
        [100_000, 100_000],
        [200_000],
        residents=np.array([3000.0, 1000.0]),
        sessions_max=np.array([2, 1]),
        allowed=np.array([[False, True], [True, False]]),
        groups={"group": np.array([False, True]), "all": np.ones(2, dtype=np.bool_)},
        quotas=(
            Quota(
                "quota", "group", min_share=0.0, max_share=1.0, min_sessions=1, max_sessions=None
            ),
        ),
        gini_max=0.2,
        log_sd=np.zeros((2, 2)),
    )
    plan = plan_procurement(problem, mip_gap=0.0)
    assert plan.status is Status.INFEASIBLE
    assert any(conflict.rule == "evenness" for conflict in plan.conflicts)


def test_conflicting_rules_are_named(problem_of: Any) -> None:
    problem = problem_of(
        [[100.0, 80.0], [50.0, 60.0]],
        [1000, 1000],
        [1500, 5000],
        floor_sessions=np.array([2, 0]),
        gini_max=0.9,
    )
    plan = plan_procurement(problem)
    assert plan.status is Status.INFEASIBLE
    assert plan.lines == ()
    assert len(plan.conflicts) == 2
    assert plan.conflicts[0] == Explanation("budget", "buyer0", amounts={"yuan": 15.0})
    assert plan.conflicts[1] == Explanation("floor_sessions", "street0", amounts={"sessions": 2})


def test_a_floor_above_the_budget_is_found_among_many_rules(problem_of: Any) -> None:
    n = 80
    problem = problem_of(
        [[10.0] * n, [10.0] * n],
        [1000] * n,
        [5_000, 50_000],
        sessions_max=np.full(n, 2),
        floor_sessions=np.array([6, 0]),
        gini_max=0.9,
    )
    plan = plan_procurement(problem)
    assert plan.status is Status.INFEASIBLE
    assert len(plan.conflicts) == 2
    assert plan.conflicts[0] == Explanation("budget", "buyer0", amounts={"yuan": 50.0})
    assert plan.conflicts[1] == Explanation("floor_sessions", "street0", amounts={"sessions": 6})
    beyond = plan_procurement(problem_of([[10.0]], [1], [9], floor_sessions=np.array([5])))
    assert beyond.conflicts == (Explanation("floor_sessions", "street0", amounts={"sessions": 5}),)


def test_a_budget_that_cannot_pay_two_floors_is_found_among_many_rules(problem_of: Any) -> None:
    n = 70
    problem = problem_of(
        [[10.0] * n] * 2,
        [100] * n,
        [6000],
        floor_sessions=np.array([40, 40]),  # each could be paid alone
        sessions_max=np.full(n, 2),
    )
    plan = plan_procurement(problem)
    assert plan.status is Status.INFEASIBLE
    assert plan.conflicts == (
        Explanation("budget", "buyer0", amounts={"yuan": 60.0}),
        Explanation("floor_sessions", "street0", amounts={"sessions": 40}),
        Explanation("floor_sessions", "street1", amounts={"sessions": 40}),
    )
