"""Plans equal brute force on small problems, keep every rule, and beat the heuristic."""

from dataclasses import replace
from itertools import product as every
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.demand.competition import Competition
from recommender.procurement import plan_procurement
from recommender.procurement.benefit import plan_value
from recommender.procurement.plan import Status, cell_attendance, evenness_of
from recommender.procurement.problem import ProcurementProblem, Quota, SlotLimit
from recommender.procurement.solver.heuristic import fill
from recommender.procurement.solver.linear_model import build_model
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
        value = plan_value(problem, cell_attendance(problem, sessions.sum(axis=0), problem.demand))
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


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_competing_sessions_equal_brute_force(problem_of: Any, data: st.DataObject) -> None:
    """Within the .3 % by which the tangents lie above the curve."""
    problem = data.draw(problems(problem_of))
    s, p = problem.expected.shape
    cap = st.sampled_from([30.0, 150.0, 600.0, np.inf])
    shares = np.array([[data.draw(st.integers(1, 9)) for _ in range(2)] for _ in range(s)])
    problem = replace(
        problem,
        category=np.array([data.draw(st.integers(0, 1)) for _ in range(p)], dtype=np.intp),
        competition=Competition(
            street_caps=np.array([data.draw(cap) for _ in range(s)]),
            category_caps=np.array([[data.draw(cap) for _ in range(2)] for _ in range(s)]),
            wants=shares / shares.sum(axis=1, keepdims=True),
            usual=np.full((s, 2), 60.0),
        ),
        matching=data.draw(st.sampled_from([0.0, 0.0, 0.4, 1.0])),
    )
    best = brute_force(problem)
    plan = plan_procurement(problem, time_limit_s=20, mip_gap=0.0)
    if best is None:
        assert plan.status is Status.INFEASIBLE
    else:
        assert plan.value <= best + 1e-6
        assert plan.value == pytest.approx(best, rel=0.004, abs=1e-6)
        assert plan.bound >= best - 1e-6
        assert verify_plan(problem, plan) == ()


def test_wants_decide_what_is_bought_when_the_dial_is_turned(problem_of: Any) -> None:
    """Ten lectures are cheap heads; the street wants half of its visits to be concerts."""
    problem = problem_of(
        [[50.0] * 10 + [60.0] * 3],
        [1_000] * 10 + [4_000] * 3,
        [12_000],
        sessions_per_cell=1,
        category=np.array([0] * 10 + [1] * 3, dtype=np.intp),
        competition=Competition(
            street_caps=np.array([2_000.0]),
            category_caps=np.array([[1_500.0, 1_500.0]]),
            wants=np.array([[0.5, 0.5]]),
            usual=np.array([[200.0, 200.0]]),
        ),
    )

    def concerts(matching: float) -> int:
        plan = plan_procurement(replace(problem, matching=matching), mip_gap=0.0)
        assert verify_plan(problem, plan) == ()
        return int(plan.sessions[0, 0, 10:].sum())

    assert [concerts(m) for m in (0.0, 1.0)] == [0, 1] or concerts(1.0) == 2


def test_lines_add_up_to_what_competing_sessions_come_to(problem_of: Any) -> None:
    caps = np.array([[120.0, 200.0]])
    problem = problem_of(
        [[100.0, 80.0, 60.0]],
        [1_000] * 3,
        [9_000],
        category=np.array([0, 0, 1], dtype=np.intp),
        competition=Competition(np.array([250.0]), caps, np.full((1, 2), 0.5), np.zeros((1, 2))),
    )
    plan = plan_procurement(problem)
    first = 120 * (1 - np.exp(-1.7 * 180 / 120))
    second = 200 * (1 - np.exp(-1.7 * 60 / 200))
    together = 250 * (1 - np.exp(-(first + second) / 250))
    assert plan.expected == pytest.approx(together)
    assert plan.value == pytest.approx(together)
    assert plan.expected < 0.5 * 1.7 * 240


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


def test_the_officers_caution_plans_with_the_low_end(problem_of: Any) -> None:
    args: Any = ([[100.0, 80.0]], [1000, 1000], [1000])
    low = np.array([[10.0, 70.0]])
    assert plan_procurement(problem_of(*args, low=low)).lines[0].product == "product0"
    careful = plan_procurement(problem_of(*args, low=low, caution=1.0))
    assert careful.lines[0].product == "product1"


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
