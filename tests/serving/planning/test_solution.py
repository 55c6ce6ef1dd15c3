"""Defaults yield where they must, are said and marked; halls among them."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from serving.planning.document import write_document
from serving.planning.explanations import NoPlanError
from serving.planning.rules_file import parse_rules
from serving.planning.solution import solve_planning

MANY = """
[evenness]
gini_max = false
[supplier]
share_max = 1.0
[plan]
growth_max = 1000
sessions_per_product = 5
months = ["2027-02"]
[[require]]
product = "P1"
street = "S1"
reason = "x"
sessions = 4
"""
ONCE = [
    {
        "event_id": "e",
        "product_id": "P1",
        "venue_id": "V1",
        "status": "done",
        "title": "t",
        "starts_at": pd.Timestamp("2026-11-03 14:00", tz="Asia/Shanghai"),
        "ends_at": pd.Timestamp("2026-11-03 16:00", tz="Asia/Shanghai"),
    }
]
MADE = datetime(2026, 12, 1, tzinfo=UTC)


def test_what_halls_ever_held_yields_to_what_is_required(planning_of: Any) -> None:
    """One session ever, so two a month: four in the one month are more."""
    planning = planning_of(parse_rules(MANY), events=ONCE)
    assert planning.calendar.slots.max() == 2
    solved = solve_planning(planning)
    assert "venues." in solved.eased
    assert "evenness." not in solved.eased
    assert any("场馆每月场次上限" in words for words in solved.loosened)
    assert all(slot.placed for slot in solved.slots)
    document = write_document(planning, solved, model_version="m", data_date=MADE)
    where = {name: where for name, _, where in document.rules}
    assert where["venues.sessions_per_month"] == "default, eased"
    assert where["supplier.share_max"].startswith("line")
    assert solved.plan.sessions[0, 0, 0] >= 4


def test_a_given_cap_of_halls_never_yields(planning_of: Any) -> None:
    given = parse_rules(MANY + "[venues]\nsessions_per_month = 1\n")
    planning = planning_of(given, events=ONCE)
    assert planning.roomy is None
    with pytest.raises(NoPlanError, match="S1"):
        solve_planning(planning)


def test_more_of_one_product_than_a_street_may_have_is_said_by_name(planning_of: Any) -> None:
    rules = parse_rules(MANY.replace("sessions_per_product = 5", "sessions_per_product = 2"))
    planning = planning_of(rules, events=ONCE)
    with pytest.raises(NoPlanError) as caught:
        solve_planning(planning)
    (conflict,) = caught.value.conflicts
    title = str(planning.products.loc["P1", "title"])
    assert (conflict.rule, conflict.subject) == ("required", title)
    assert conflict.amounts == {"sessions": 4, "most": 2}
    assert caught.value.failure["conflicts"][0]["subject"] == title


def test_conflicting_rules_are_named_however_short_the_time(planning_of: Any) -> None:
    rules = MANY + "[floor]\nsessions_per_street = 60\n"
    with pytest.raises(NoPlanError, match=r"floor of S[12]: at least 60"):
        solve_planning(planning_of(parse_rules(rules)), time_limit_s=0.001)
