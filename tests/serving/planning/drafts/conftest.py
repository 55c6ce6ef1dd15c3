"""A small signed plan with its problem."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from data.dataset import Dataset
from recommender.types import DemandEstimate, IdMap
from serving.exports.saving import plan_json
from serving.planning.document import PlanDocument, write_document
from serving.planning.problem.building import build_planning
from serving.planning.rules_file import parse_rules
from serving.planning.solution import solve_planning

NOW = datetime(2026, 12, 1, tzinfo=UTC)
RULES = """[evenness]
gini_max = false
[supplier]
share_max = 1.0
[category.performance]
max_share = 1.0
[category.lecture]
max_share = 0.3
"""


def small_estimate() -> DemandEstimate:
    demand = np.array([[90.0, 30.0, 50.0], [60.0, 40.0, 55.0]])
    none = np.zeros_like(demand)
    return DemandEstimate(
        streets=IdMap(("S1", "S2")),
        products=IdMap(("P1", "P2", "P3")),
        period="2027Q1",
        expected=demand,
        low=demand * 0.7,
        high=demand * 1.4,
        evidence_bookings=none.astype(np.int64) + 20,
        evidence_surveys=none.astype(np.int64),
        supply=none,
        gap=demand,
        suppressed=none.astype(np.bool_),
    )


@pytest.fixture(scope="package")
def document() -> PlanDocument:
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location("planning_tables", Path(__file__).parents[1] / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    tables: Callable[..., Dataset] = module.make_tables
    products = [
        {
            "product_id": code,
            "supplier_id": "A",
            "title": title,
            "category": category,
            "price_fen": price,
            "licence_required": "performance" if category == "performance" else None,
            "sessions_max": 2,
        }
        for code, title, category, price in (
            ("P1", "演出", "performance", 500_000),
            ("P2", "讲座", "lecture", 100_000),
            ("P3", "小戏", "performance", 600_000),
        )
    ]
    budgets = [
        {"buyer_code": code, "period": "2027Q1", "amount_fen": 700_000} for code in ("S1", "S2")
    ]
    dataset = tables(products=products, budgets=budgets)
    planning = build_planning(dataset, small_estimate(), parse_rules(RULES))
    solved = solve_planning(planning)
    return write_document(planning, solved, model_version="m1", data_date=NOW)


@pytest.fixture(scope="package")
def content(document: PlanDocument) -> dict[str, Any]:
    """The document as it is kept: a performance and a lecture in either street."""
    found: dict[str, Any] = json.loads(plan_json(document))
    bought = [(line["street_code"], line["product_id"]) for line in found["lines"]]
    assert sorted(bought) == [("S1", "P1"), ("S1", "P2"), ("S2", "P1"), ("S2", "P2")]
    return found


@pytest.fixture
def line_of(content: dict[str, Any]) -> Callable[[str, str], str]:
    """Identifier of a street's line of a product."""
    by_cell = {(line["street_code"], line["product_id"]): line for line in content["lines"]}
    return lambda street, product: by_cell[street, product]["line_id"]
