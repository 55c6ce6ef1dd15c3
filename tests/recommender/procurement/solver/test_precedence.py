"""Later sessions of a cell come after earlier ones."""

from typing import Any

import numpy as np

from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.precedence import in_order, skipped_steps


def test_rounding_never_leaves_a_later_session_alone(problem_of: Any) -> None:
    problem = problem_of([[100.0, 80.0], [50.0, 60.0]], [100, 100], [900, 900])
    model = build_model(problem)
    x = np.zeros(len(model.value))
    alone = (model.product == 1) & (model.tier == 1)
    x[: model.n_sessions][alone] = 1.0
    assert len(skipped_steps(model, x)) == 2
    mended = in_order(model, x)
    assert skipped_steps(model, mended) == []
    assert mended.sum() == x.sum()
    assert np.array_equal(model.sessions(mended, (2, 2, 2)), model.sessions(x, (2, 2, 2)))
    assert in_order(model, mended) is mended
