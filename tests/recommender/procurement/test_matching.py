"""供需匹配度 of a plan: one where it buys what is wanted, less where it does not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.demand.competition import Competition
from recommender.procurement.matching import plan_matching
from recommender.procurement.problem import ProcurementProblem
from recommender.types import IdMap


def problem(**changes: Any) -> ProcurementProblem:
    demand = np.full((1, 2), 10.0)
    made = ProcurementProblem(
        period="2027Q1",
        streets=IdMap(["S1"]),
        products=IdMap(["P1", "P2"]),
        buyers=IdMap(["S1"]),
        suppliers=IdMap(["A"]),
        budget_fen=np.array([1000], dtype=np.int64),
        serves=np.ones((1, 1), dtype=np.bool_),
        expected=demand,
        low=demand,
        high=demand,
        log_sd=np.zeros((1, 2)),
        weight=np.ones((1, 2)),
        price_fen=np.array([100, 100], dtype=np.int64),
        sessions_max=np.array([9, 9], dtype=np.int64),
        seats=np.full((1, 2), np.inf),
        allowed=np.ones((1, 2), dtype=np.bool_),
        required=np.zeros((1, 2), dtype=np.int64),
        residents=np.array([1000.0]),
        supplier=np.zeros(2, dtype=np.intp),
        floor_sessions=np.zeros(1, dtype=np.int64),
        repeat_factor=np.ones(2),
        category=np.array([0, 1], dtype=np.intp),
        competition=Competition(
            street_caps=np.array([np.inf]),
            category_caps=np.full((1, 2), np.inf),
            wants=np.array([[0.5, 0.5]]),
            usual=np.ones((1, 2)),
        ),
    )
    return replace(made, **changes)


def test_half_and_half_is_what_is_wanted_and_one_kind_alone_is_half_of_it() -> None:
    even = plan_matching(problem(), np.array([[[1, 1]]]), ["film", "lecture"])
    assert even["matching"] == 1.0
    assert even["matching_by_street"] == {"S1": 1.0}
    assert even["wants"]["film"] == {"wants": 0.5, "attendances": 0.5}
    one = plan_matching(problem(), np.array([[[2, 0]]]), ["film", "lecture"])
    assert one["matching"] == pytest.approx(0.5)
    assert one["wants"]["lecture"] == {"wants": 0.5, "attendances": 0.0}


def test_nothing_is_known_without_competition() -> None:
    found = plan_matching(problem(competition=None), np.array([[[1, 1]]]), ["film", "lecture"])
    assert found == {"matching": None, "matching_by_street": {}, "wants": {}}
