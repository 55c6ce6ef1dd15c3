"""Rows of the model and the independent verification agree, rule by rule."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.procurement.problem import Quota, SlotLimit
from recommender.procurement.rules.registry import (
    RULES,
    SETTINGS,
    STRUCTURE,
    explain_rule,
    file_names,
)
from recommender.procurement.rules.values import RuleKey
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.verify import verify_sessions

CHANGES: dict[str, dict[str, Any]] = {
    "budget": {},
    "sessions_max": {"sessions_max": np.array([2, 1, 3])},
    "required": {"required": np.array([[0, 1, 0], [1, 0, 0]])},
    "venue_slots": {"slot_limits": (SlotLimit(0, "g", 2), SlotLimit(1, "g", 1))},
    "most_sessions": {"most_sessions": np.array([2, 3])},
    "floor_sessions": {"floor_sessions": np.array([2, 3])},
    "floor_attendance": {"settings": {"floor.attendance_per_1000": 120.0}},
    "supplier_share": {"settings": {"supplier.share_max": 0.3}},
    "quota.min_share": {"quotas": (Quota("q", "g", min_share=0.4),)},
    "quota.max_share": {"quotas": (Quota("q", "g", max_share=0.4),)},
    "quota.min_sessions": {"quotas": (Quota("q", "g", min_sessions=3),)},
    "quota.max_sessions": {"quotas": (Quota("q", "g", max_sessions=2),)},
    "evenness": {"gini_max": 0.15},
}


@pytest.mark.parametrize("rule", CHANGES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_rules_rows_hold_exactly_when_it_is_not_broken(
    problem_of: Any, rule: str, data: st.DataObject
) -> None:
    problem = problem_of(
        [[100.0, 70.0, 40.0], [60.0, 90.0, 30.0]],
        [300_000, 200_000, 100_000],
        [900_000, 700_000],
        groups={"g": np.array([True, True, False])},
        **CHANGES[rule],
    )
    model = build_model(problem)
    counts = data.draw(
        st.lists(st.integers(0, 2), min_size=6, max_size=6).map(lambda n: np.reshape(n, (2, 3)))
    )
    sessions = np.zeros((2, 2, 3), dtype=np.int64)
    sessions[0, 0], sessions[1, 1] = counts
    n = model.n_sessions
    x = np.zeros(len(model.value))
    x[:n] = model.tier < sessions[model.buyer, model.street, model.product]
    if rule == "evenness":  # its own columns: levels and their difference
        steps = np.diff(problem.totals(problem.demand), axis=0)
        value = steps[model.tier, model.street, model.product]
        x[n : n + 2] = np.bincount(model.street, weights=value * x[:n], minlength=2)
        x[n + 2] = abs(x[n] - x[n + 1])
    rows = model.rows_of(rule)
    sums = model.matrix[rows] @ x
    # A session that no column stands for (the second of a product had once) is excluded as well.
    expressed = x[:n].sum() == sessions.sum()
    holds = (
        expressed
        and (sums <= model.high[rows] + 1e-9).all()
        and (sums >= model.low[rows] - 1e-9).all()
    )
    broken = {violation.rule for violation in verify_sessions(problem, sessions)}
    assert bool(holds) == (rule not in broken)
    for key in {model.keys[row] for row in rows}:
        explained = explain_rule(problem, key)
        assert RuleKey(explained.rule, explained.place, explained.subject) == key
        assert explained.amounts


def test_every_rule_has_its_own_name_and_every_setting_one_reader() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(CHANGES) | {"serves", "allowed", "sessions_per_cell"} == set(names) - STRUCTURE
    settings_read = [setting.name for setting in SETTINGS]
    assert len(set(settings_read)) == len(settings_read)
    for setting in SETTINGS:
        assert setting.low <= setting.neutral <= setting.high
        assert setting.low <= setting.default <= setting.high
    assert file_names(RuleKey("quota.min_share", subject="new.products")) == (
        "new.products.min_share",
        "new.products_min_share",
    )
