"""Shares of money and numbers of sessions of a group of products."""

import numpy as np
import pytest

from recommender.procurement.problem import Quota
from recommender.procurement.rules.registry import explain_rule, file_names
from recommender.procurement.rules.values import RuleKey

GROUPS = {"new": np.array([True, False])}


@pytest.mark.parametrize(
    ("quota", "bought", "broken"),
    [
        # A least share is one of what is spent: 10 of 40.
        (Quota("q", "new", min_share=0.25), [[1, 1]], None),
        (Quota("q", "new", min_share=0.26), [[1, 1]], ("quota.min_share", 10, 0.26 * 40)),
        # A greatest share is one of the budget: 20 of 100.
        (Quota("q", "new", max_share=0.2), [[2, 0]], None),
        (Quota("q", "new", max_share=0.19), [[2, 0]], ("quota.max_share", 20, 19)),
        (Quota("q", "new", min_sessions=2), [[1, 2]], ("quota.min_sessions", 1, 2)),
        (Quota("q", "new", max_sessions=1), [[2, 0]], ("quota.max_sessions", 2, 1)),
        (Quota("q", "new", max_sessions=0), [[1, 0]], ("quota.max_sessions", 1, 0)),
    ],
)
def test_bounds(problem_of, broken_by, quota, bought, broken) -> None:
    problem = problem_of([[9, 9]], [10, 30], [100], groups=GROUPS, quotas=(quota,))
    rules = ("quota.min_share", "quota.max_share", "quota.min_sessions", "quota.max_sessions")
    found = [each for rule in rules for each in broken_by(rule, problem, bought)]
    if broken is None:
        assert found == []
    else:
        rule, amount, bound = broken
        assert found == [(rule, "", "q", amount, pytest.approx(bound))]


def test_the_explanation_names_the_kind_of_bound(problem_of) -> None:
    quotas = (Quota("q", "new", min_share=0.25, max_sessions=3),)
    problem = problem_of([[9, 9]], [10, 30], [100], groups=GROUPS, quotas=quotas)
    assert explain_rule(problem, RuleKey("quota.min_share", subject="q")).amounts == {"share": 0.25}
    key = RuleKey("quota.max_sessions", subject="q")
    assert explain_rule(problem, key).amounts == {"sessions": 3.0}
    assert file_names(key) == ("q.max_sessions", "q_max_sessions")
