"""A kept plan is taken up as it was made, and questions begin from it."""

from typing import Any

import numpy as np
import pytest

from recommender.procurement.plan import sessions_of
from serving.planning.kept_plans import take_up
from serving.planning.problem.building import Planning
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
