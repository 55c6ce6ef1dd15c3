"""Plans equal brute force on small problems, keep every rule, and beat the heuristic."""

from itertools import product as every
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.procurement import plan_procurement
from recommender.procurement.plan import Status, cell_attendance, evenness_of
from recommender.procurement.problem import ProcurementProblem, Quota, SlotLimit
from recommender.procurement.rules.values import Explanation
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.heuristic import fill
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.precedence import in_order, skipped_steps
from recommender.procurement.verify import verify_plan, verify_sessions


def brute_force(problem: ProcurementProblem) -> float | None:
    """The best value over all session counts that the verifier accepts (no tours)."""
    pairs = [
        (b, s, p)
        for b, s in zip(*np.nonzero(problem.serves), strict=True)
        for p in range(len(problem.products))
    ]
    best = None
    for counts in every(range(problem.sessions_per_cell + 1), repeat=len(pairs)):
        sessions = np.zeros(
            (len(problem.buyers), len(problem.streets), len(problem.products)), dtype=np.int64
        )
        for pair, n in zip(pairs, counts, strict=True):
            sessions[pair] = n
        if (sessions.sum(axis=0) > problem.sessions_per_cell).any():
            continue
        if verify_sessions(problem, sessions):
            continue
        value = (
            problem.weight * cell_attendance(problem, sessions.sum(axis=0), problem.demand)
        ).sum()
        best = value if best is None else max(best, float(value))
    return best


@st.composite
def problems(draw: Any, make: Any) -> ProcurementProblem:
    s, p = draw(st.sampled_from([(1, 4), (2, 2), (2, 3)]))
    buyers = draw(st.sampled_from([1, s]))
    whole = st.integers
    demand = [[draw(whole(0, 200)) for _ in range(p)] for _ in range(s)]
    price = [draw(whole(1, 9)) * 100_000 for _ in range(p)]
    budget = [draw(whole(0, 25)) * 100_000 for _ in range(buyers)]
    group = np.array([draw(st.booleans()) for _ in range(p)], dtype=np.bool_)
    quota = Quota(
        "quota",
        "group",
        min_share=draw(st.sampled_from([0.0, 0.0, 0.3])),
        max_share=draw(st.sampled_from([1.0, 0.5])),
        min_sessions=draw(whole(0, 1)),
        max_sessions=draw(st.sampled_from([None, 2])),
    )
    return make(
        demand,
        price,
        budget,
        residents=np.array([draw(whole(1, 5)) * 1000.0 for _ in range(s)]),
        seats=np.array([[draw(st.sampled_from([50.0, 120.0, np.inf])) for _ in range(p)]] * s),
        sessions_max=np.array([draw(whole(0, 3)) for _ in range(p)], dtype=np.int64),
        allowed=np.array([[draw(whole(0, 5)) > 0 for _ in range(p)] for _ in range(s)]),
        groups={"group": group, "all": np.ones(p, dtype=np.bool_)},
        quotas=(quota,),
        slot_limits=(SlotLimit(0, "all", draw(whole(0, 4))),),
        floor_sessions=np.array([draw(whole(0, 1)) for _ in range(s)], dtype=np.int64),
        settings={"supplier.share_max": draw(st.sampled_from([1.0, 0.6]))},
        gini_max=draw(st.sampled_from([None, None, 0.2])),
        caution=draw(st.sampled_from([0.0, 1.0])),
        log_sd=np.full((s, p), draw(st.sampled_from([0.0, 0.5]))),
    )


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_small_problems_equal_brute_force(problem_of: Any, data: st.DataObject) -> None:
    problem = data.draw(problems(problem_of))
    best = brute_force(problem)
    plan = plan_procurement(problem, time_limit_s=20, mip_gap=0.0)
    if best is None:
        assert plan.status is Status.INFEASIBLE
        assert plan.conflicts
    else:
        assert plan.value == pytest.approx(best, rel=1e-6, abs=1e-6)
        assert verify_plan(problem, plan) == ()
        heuristic = fill(problem, model := build_model(problem))
        if heuristic is not None:
            assert plan.value >= model.value @ heuristic - 1e-6


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


def test_tiers_fall_and_seats_bound(problem_of: Any) -> None:
    problem = problem_of(
        [[100.0]], [100], [1000], seats=np.array([[90.0]]), repeat_factor=np.array([0.5])
    )
    assert problem.totals(problem.demand)[:, 0, 0].tolist() == [0.0, 90.0, 150.0]


def test_uncertain_demand_fills_fewer_seats(problem_of: Any) -> None:
    rng = np.random.default_rng(0)
    sd = 0.6
    drawn = 100 * np.exp(sd * rng.standard_normal(400_000) - sd**2 / 2)
    problem = problem_of(
        [[100.0]], [100], [1000], seats=np.array([[90.0]]), log_sd=np.array([[sd]])
    )
    assert problem.totals(problem.demand)[1, 0, 0] == pytest.approx(
        np.minimum(drawn, 90).mean(), rel=2e-3
    )


def test_two_buyers_share_one_street(problem_of: Any) -> None:
    problem = problem_of(
        [[100.0, 60.0]], [1000, 1000], [1000, 2000], serves=np.ones((2, 1), dtype=np.bool_)
    )
    plan = plan_procurement(problem)
    # 100 + 70 (the second time) + 60: three sessions for three thousand, each bought once.
    assert plan.value == pytest.approx(230.0)
    assert verify_plan(problem, plan) == ()
    assert sum(line.expected for line in plan.lines) == pytest.approx(230.0)


def test_touring_makes_room_for_more(problem_of: Any) -> None:
    args: Any = ([[100.0, 0.0], [100.0, 90.0]], [1000, 400], [900, 1300])
    alone = plan_procurement(problem_of(*args))
    together = plan_procurement(problem_of(*args, neighbours=((0, 1),), touring_discount=0.1))
    assert alone.value == pytest.approx(153.0)
    assert together.value == pytest.approx(290.0)
    assert {line.toured for line in together.lines if line.product == "product0"} == {1}
    assert (
        verify_plan(problem_of(*args, neighbours=((0, 1),), touring_discount=0.1), together) == ()
    )


def test_evenness_is_kept(problem_of: Any) -> None:
    rng = np.random.default_rng(3)
    demand = rng.gamma(2.0, 40.0, (4, 12)) * np.array([[1.0], [1.0], [2.0], [3.0]])
    args: Any = (demand.tolist(), rng.integers(5, 20, 12).tolist(), [60] * 4)
    free = problem_of(*args)
    even = problem_of(*args, gini_max=0.05)
    loose, tight = (plan_procurement(p, time_limit_s=3, mip_gap=0.02) for p in (free, even))
    assert evenness_of(free, loose.sessions) > 0.05
    assert evenness_of(even, tight.sessions) <= 0.05 + 1e-9
    assert 0 < tight.value < loose.value


def test_the_rule_of_thumb_begins_although_shares_of_nothing_are_nothing(problem_of: Any) -> None:
    # Each first session alone would break the other's share of the spending.
    problem = problem_of(
        [[100.0, 80.0, 60.0]],
        [1000, 1000, 1000],
        [6000],
        groups={"a": np.array([True, False, False]), "b": np.array([False, True, False])},
        quotas=(Quota("a", "a", min_share=0.3), Quota("b", "b", min_share=0.3)),
    )
    model = build_model(problem)
    heuristic = fill(problem, model)
    assert heuristic is not None
    assert verify_sessions(problem, model.sessions(heuristic, (1, 1, 3))) == ()
    assert heuristic.sum() == 6


def test_rounding_never_leaves_a_later_session_alone(problem_of: Any) -> None:
    problem = problem_of([[100.0, 80.0], [50.0, 60.0]], [100, 100], [900, 900])
    model = build_model(problem)
    x = np.zeros(len(model.value))
    alone = (model.product == 1) & (model.tier == 1)
    x[: model.n_sessions][alone] = 1.0
    assert len(skipped_steps(model, x)) == 2
    mended = in_order(model, x)
    assert skipped_steps(model, mended) == []
    assert mended.sum() == x.sum()
    assert np.array_equal(model.sessions(mended, (2, 2, 2)), model.sessions(x, (2, 2, 2)))
    assert in_order(model, mended) is mended


def test_the_officers_caution_plans_with_the_low_end(problem_of: Any) -> None:
    args: Any = ([[100.0, 80.0]], [1000, 1000], [1000])
    low = np.array([[10.0, 70.0]])
    assert plan_procurement(problem_of(*args, low=low)).lines[0].product == "product0"
    careful = plan_procurement(problem_of(*args, low=low, caution=1.0))
    assert careful.lines[0].product == "product1"


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


def test_a_stopped_clock_still_gives_a_plan(problem_of: Any) -> None:
    rng = np.random.default_rng(3)
    demand = rng.gamma(2.0, 40.0, (3, 200))
    problem = problem_of(demand.tolist(), rng.integers(5, 20, 200).tolist(), [400] * 3)
    plan = plan_procurement(problem, time_limit_s=0.0)
    assert plan.lines
    assert verify_plan(problem, plan) == ()
    assert 0 <= plan.gap < 1
    assert plan.value <= plan.bound


class LeapingClock:
    """A clock that stands still for some looks and then has left every deadline behind."""

    def __init__(self, looks: int) -> None:
        self.looks, self.late = looks, 0

    def __call__(self) -> float:
        if self.looks > 0:
            self.looks -= 1
            return 0.0
        self.late += 1
        return 1e9


@pytest.mark.parametrize("gini_max", [None, 0.1])
@pytest.mark.parametrize("looks", [1, 2, 3, 4, 6, 8, 12, 16, 24])
def test_whenever_time_runs_out_no_other_step_begins_and_there_is_a_plan(
    problem_of: Any, looks: int, gini_max: float | None
) -> None:
    rng = np.random.default_rng(5)
    demand = rng.gamma(2.0, 40.0, (3, 120)) * np.array([[1.0], [2.0], [1.5]])
    problem = problem_of(
        demand.tolist(), rng.integers(5, 20, 120).tolist(), [300] * 3, gini_max=gini_max
    )
    clock = LeapingClock(looks)
    plan = plan_procurement(problem, time_limit_s=20.0, mip_gap=0.0, clock=clock)
    assert plan.lines
    assert verify_plan(problem, plan) == ()
    # Each step looks once or twice before it gives up; none goes on.
    assert clock.late <= 20


def test_steps_share_one_deadline() -> None:
    now = [10.0]
    deadline = Deadline.within(8.0, lambda: now[0])
    first = deadline.part(0.5)
    assert first.left() == 4.0
    now[0] = 14.0
    assert first.passed()
    assert deadline.left() == 4.0
    assert deadline.part(0.25).left() == 1.0
    now[0] = 30.0
    assert deadline.part(0.5).left() == 0.0  # never a new beginning
    assert deadline.left() == 0.0


def test_what_makes_a_full_plan_uneven_is_given_back(problem_of: Any) -> None:
    # The second street has no more money; the first has far more than evenness lets it use.
    rng = np.random.default_rng(8)
    demand = rng.uniform(50, 100, (2, 40))
    problem = problem_of(
        demand.tolist(), [100] * 40, [3_000, 600], gini_max=0.1, groups={}, sessions_per_cell=1
    )
    model = build_model(problem)
    start = np.zeros(len(model.value))
    own = np.flatnonzero(model.street == 0)
    start[own[:30]] = 1.0
    filled = fill(problem, model, start)
    assert filled is not None
    sessions = model.sessions(filled, (2, 2, 40))
    assert verify_sessions(problem, sessions) == ()
    assert sessions[1].sum() == 6  # all that the poorer street can pay
    assert 6 <= sessions[0].sum() < 30


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
