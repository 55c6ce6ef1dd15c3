"""Small planning problems."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recommender.demand.competition import Competition
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.verify import verify_sessions
from recommender.types import IdMap


def make_problem(
    expected: list[list[float]], price: list[int], budget: list[int], **changes: Any
) -> ProcurementProblem:
    demand = np.array(expected, dtype=np.float64)
    s, p = demand.shape
    b = len(budget)
    serves = np.eye(b, s, dtype=np.bool_) if b == s else np.ones((b, s), dtype=np.bool_)
    values: dict[str, Any] = {
        "period": "2027Q1",
        "streets": IdMap(f"street{i}" for i in range(s)),
        "products": IdMap(f"product{i}" for i in range(p)),
        "buyers": IdMap(f"buyer{i}" for i in range(b)),
        "suppliers": IdMap(f"supplier{i}" for i in range(p)),
        "budget_fen": np.array(budget, dtype=np.int64),
        "serves": serves,
        "expected": demand,
        "low": demand * 0.5,
        "high": demand * 2,
        "log_sd": np.zeros((s, p)),
        "repeat_factor": np.full(p, 0.7),
        "weight": np.ones((s, p)),
        "price_fen": np.array(price, dtype=np.int64),
        "sessions_max": np.full(p, 99, dtype=np.int64),
        "seats": np.full((s, p), np.inf),
        "allowed": np.ones((s, p), dtype=np.bool_),
        "required": np.zeros((s, p), dtype=np.int64),
        "residents": np.full(s, 1000.0),
        "supplier": np.arange(p, dtype=np.intp),
        "floor_sessions": np.zeros(s, dtype=np.int64),
        "sessions_per_cell": 2,
    }
    return ProcurementProblem(**{**values, **changes})


@pytest.fixture(scope="session")
def problem_of() -> Callable[..., ProcurementProblem]:
    return make_problem


@pytest.fixture(scope="session")
def broken_by() -> Callable[..., list[tuple[str, str, str, float, float]]]:
    """What sessions by street and product break of one rule, as plain tuples."""

    def broken(
        rule: str, problem: ProcurementProblem, bought: list[list[int]], buyer: int | None = None
    ) -> list[tuple[str, str, str, float, float]]:
        cells = np.array(bought, dtype=np.int64)
        sessions = np.zeros((len(problem.buyers), *cells.shape), dtype=np.int64)
        for street in range(len(cells)):
            sessions[street if buyer is None else buyer, street] = cells[street]
        return [
            (each.rule, each.place, each.subject, each.found, each.bound)
            for each in verify_sessions(problem, sessions)
            if each.rule == rule
        ]

    return broken


@pytest.fixture
def competing_problem() -> ProcurementProblem:
    """Two streets, six products in three categories, whose sessions take from each other."""
    rng = np.random.default_rng(2)
    return make_problem(
        rng.uniform(20, 90, (2, 6)).tolist(),
        [1_000, 3_000, 2_000, 1_500, 4_000, 2_500],
        [9_000, 9_000],
        category=np.array([0, 0, 0, 1, 1, 2], dtype=np.intp),
        competition=Competition(
            street_caps=np.array([300.0, 500.0]),
            category_caps=np.array([[150.0, 200.0, 90.0], [250.0, 150.0, 100.0]]),
            wants=np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3]]),
            usual=np.array([[30.0, 20.0, 10.0], [0.0, 0.0, 0.0]]),
        ),
        weight=np.where(np.arange(6) == 3, 1.5, 1.0)[None].repeat(2, axis=0),
    )
