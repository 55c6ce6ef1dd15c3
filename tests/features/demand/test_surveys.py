"""Votes by street and target, beside what such respondents answer on average."""

import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from features.demand.counts import product_ids
from features.demand.streets import read_streets
from features.demand.surveys import read_surveys


def surveyed(tables: Dataset, rows: list[dict]) -> Dataset:
    frame = pd.DataFrame(
        [
            {
                "survey_id": str(i),
                "collected_at": pd.Timestamp("2026-03-01"),
                "channel": "paper",
                "target_kind": "product",
            }
            | row
            for i, row in enumerate(rows)
        ]
    )
    return Dataset({**tables, "surveys": canonical(frame, TABLES["surveys"])})


def test_votes_land_by_street_and_target(tables: Dataset) -> None:
    tables = surveyed(
        tables,
        [
            {"area_code": "n1", "target": "p1", "votes": 8, "respondents": 10},
            {"area_code": "s2", "target": "p1", "votes": 2, "respondents": 10},
            {"area_code": "s2", "target": "lecture", "target_kind": "category", "votes": 3,
             "respondents": 4},
            {"area_code": "nowhere", "target": "p1", "votes": 5, "respondents": 5},
        ],
    )  # fmt: skip
    found = read_surveys(tables, read_streets(tables), product_ids(tables), ("lecture", "tour"))
    assert found.product[:, 0].tolist() == [8, 2]
    assert found.category.tolist() == [[0, 0], [3, 0]]
    # Respondents of one channel say yes alike: 15.5 of 26 here, the area without a street too.
    assert found.product_expected[:, 0] == pytest.approx([10 * 15.5 / 26] * 2)


def test_more_votes_than_people_are_set_aside(tables: Dataset) -> None:
    tables = surveyed(
        tables, [{"area_code": "n1", "target": "p1", "votes": 10_000, "respondents": 10_000}]
    )
    found = read_surveys(tables, read_streets(tables), product_ids(tables), ("lecture",))
    assert found.product.sum() == 0
