"""Small tables for planning."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from recommender.types import DemandEstimate, IdMap
from serving.planning.problem.building import Planning, build_planning
from serving.planning.rules import PlanRules


def make_tables(**changes: list[dict[str, Any]]) -> Dataset:
    """Two streets with a venue each, two products; ``changes`` replace tables."""
    rows: dict[str, list[dict[str, Any]]] = {
        "areas": [
            {"area_code": "D", "name": "区", "level": "district"},
            *(
                {
                    "area_code": code,
                    "name": code,
                    "level": "street",
                    "parent_code": "D",
                    "population": 1000,
                }
                for code in ("S1", "S2")
            ),
        ],
        "venues": [
            {"venue_id": "V1", "name": "一", "area_code": "S1", "level": "street", "seats": 100},
            {"venue_id": "V2", "name": "二", "area_code": "S2", "level": "street", "seats": 100},
        ],
        "suppliers": [
            {
                "supplier_id": "A",
                "name": "甲",
                "licences": "performance",
                "licence_valid_until": pd.Timestamp("2027-03-31"),
            },
        ],
        "products": [
            {
                "product_id": code,
                "supplier_id": "A",
                "title": code,
                "category": "performance",
                "price_fen": 100_000,
                "licence_required": "performance",
                "sessions_max": 5,
            }
            for code in ("P1", "P2")
        ],
    }
    rows |= changes
    return Dataset(
        {
            name: canonical(pd.DataFrame(content), TABLES[name])
            for name, content in rows.items()
            if content
        }
    )


@pytest.fixture
def dataset_of() -> Callable[..., Dataset]:
    return make_tables


@pytest.fixture
def planning_of() -> Callable[..., Planning]:
    """The small tables' quarter under rules, with ten thousand yuan for the district."""

    def state(rules: PlanRules, **changes: list[dict[str, Any]]) -> Planning:
        dataset = make_tables(**changes)
        products = dataset["products"]["product_id"].astype(str).tolist()
        expected = np.linspace(20.0, 90.0, 2 * len(products)).reshape(2, -1)
        zeros = np.zeros(expected.shape)
        estimate = DemandEstimate(
            streets=IdMap(["S1", "S2"]),
            products=IdMap(products),
            period="2027Q1",
            expected=expected,
            low=expected * 0.7,
            high=expected * 1.4,
            evidence_bookings=zeros.astype(np.int64),
            evidence_surveys=zeros.astype(np.int64),
            supply=zeros,
            gap=expected,
            suppressed=zeros.astype(np.bool_),
        )
        return build_planning(dataset, estimate, rules, budget_fen=1_000_000)

    return state
