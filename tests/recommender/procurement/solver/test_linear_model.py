"""The linear model's columns, values and structure on known problems."""

from typing import Any

import numpy as np
import pytest

from recommender.procurement.rules.registry import STEPS
from recommender.procurement.solver.linear_model import build_model, with_rows


def test_columns_are_sessions_and_values_their_steps(problem_of: Any) -> None:
    problem = problem_of([[100.0]], [300], [1000], weight=np.array([[2.0]]))
    model = build_model(problem)
    assert model.tier.tolist() == [0, 1]
    assert model.value.tolist() == pytest.approx([200.0, 140.0])  # weight 2, repeat factor 0.7
    assert model.integral.all()
    budget = model.rows_of("budget")
    assert model.matrix[budget].toarray().tolist() == [[0.003, 0.003]]  # thousands of yuan
    assert model.high[budget].tolist() == [0.01]


def test_what_cannot_be_bought_has_no_column(problem_of: Any) -> None:
    problem = problem_of(
        [[100.0, 50.0, 0.0], [100.0, 50.0, 9.0]],
        [300, 5000, 300],
        [1000, 1000],
        allowed=np.array([[True, True, True], [False, True, True]]),
    )
    model = build_model(problem)
    cells = set(zip(model.street.tolist(), model.product.tolist(), strict=True))
    assert cells == {(0, 0), (1, 2)}  # one too dear, one not allowed, one without demand


def test_two_buyers_of_a_street_share_its_steps(problem_of: Any) -> None:
    problem = problem_of([[100.0]], [300], [900, 900], serves=np.ones((2, 1), dtype=np.bool_))
    model = build_model(problem)
    assert model.keys.count(STEPS) == 2
    x = np.ones(len(model.value))
    assert (model.matrix @ x > model.high)[model.rows_of("steps")].all()


def test_added_rows_say_that_the_later_needs_the_earlier(problem_of: Any) -> None:
    model = build_model(problem_of([[100.0]], [300], [1000]))
    longer = with_rows(model, [([1], [0])])
    row = longer.matrix[longer.rows_of("steps")].toarray()[0]
    assert row.tolist() == [-1.0, 1.0]
    assert longer.high[-1] == 0.0
    assert len(longer.keys) == len(model.keys) + 1
