"""Small planning problems."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recommender.procurement.problem import ProcurementProblem
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
