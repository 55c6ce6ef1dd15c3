"""Every committee gets its sessions in turn, by known answers."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from features.demand.streets import read_streets
from serving.planning.problem.committees import assign_committees, committees_due
from serving.planning.rules_file import parse_rules

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def dataset(dataset_of):
    areas = dataset_of()["areas"].to_dict("records")
    areas += [
        {"area_code": f"S1-{n}", "name": f"居委{n}", "level": "neighbourhood", "parent_code": "S1"}
        for n in range(4)
    ]
    venues = dataset_of()["venues"].to_dict("records")
    venues += [{"venue_id": "R0", "name": "活动室", "area_code": "S1-0", "level": "neighbourhood"}]
    events = [
        {"event_id": f"e{n}", "product_id": "P1", "venue_id": "R0", "status": "done", "title": "t",
         "starts_at": pd.Timestamp(day, tz="UTC")}
        for n, day in enumerate(["2026-05-01", "2024-05-01"])
    ]  # fmt: skip
    return dataset_of(areas=areas, venues=venues, events=events)


@pytest.mark.parametrize(
    ("each", "names"),
    [
        (0.5, ("居委1", "居委2")),
        (1, ("居委1", "居委2", "居委3", "居委0")),
        (1.25, ("居委1", "居委2", "居委3", "居委0", "居委1")),
        (0, ()),
    ],
)
def test_the_longest_waiting_are_due(dataset, each: float, names: tuple[str, ...]) -> None:
    rules = parse_rules(f"[floor]\nsessions_per_committee = {float(each)}\n")
    due = committees_due(dataset, read_streets(dataset), ["S1", "S2"], "2027Q1", rules, as_of=NOW)
    assert due == {"S1": names, "S2": ()}


def test_small_sessions_go_to_committees_one_each() -> None:
    lines = [("S1", 1, 200.0), ("S1", 2, 40.0), ("S2", 1, 10.0), ("S1", 1, 30.0)]
    found, left = assign_committees(lines, {"S1": ("a", "b", "c", "d", "e"), "S2": ()})
    assert found == [("d",), ("a", "b"), (), ("c",)]
    assert left == {"S1": ("e",)}
    assert assign_committees([], {"S1": ("a",)}) == ([], {"S1": ("a",)})
