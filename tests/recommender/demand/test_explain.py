"""The steps of a figure: planted changes, impressions, refusals."""

from typing import Any

import numpy as np
import pytest

from recommender.demand.explain import STEPS, explain, own_bookings_sample
from recommender.demand.model import DemandModel
from recommender.errors import UnknownIdError, UsageError
from recommender.types import IdMap


def known(**changes: Any) -> DemandModel:
    """One street, two products; the figure of the first is 30 after six steps."""
    values: dict[str, Any] = {
        "streets": IdMap(["s"]),
        "products": IdMap(["a", "b"]),
        "street_names": ("S",),
        "titles": ("A", "B"),
        "categories": ("film",),
        "group": np.array([0, 0]),
        "expected": np.array([[30.0, 1.0]]),
        "log_sd": np.full((1, 2), 0.5),
        "bookings": np.array([[15, 0]]),
        "survey_votes": np.zeros((1, 2), dtype=np.int64),
        "contributors": np.full((1, 2), 50),
        "population": np.array([1000.0]),
        "step_rates": np.array([[0.1, 0.1], [0.2, 0.1], [0.25, 0.1]]),
        "within_reach": np.full((1, 2), 100.0),
        "step_age_bands": np.array([[22.0, 1.0]]),
        "step_street_ratios": np.array([[28.0, 1.0]]),
        "repeat_factor": np.array([0.7]),
        "season": np.full((1, 12), 1.1),
        "listed_from": np.array(["NaT", "NaT"], "datetime64[D]"),
        "listed_until": np.array(["NaT", "NaT"], "datetime64[D]"),
        "effective_impressions": np.array([500.0, 0.0]),
        "planned_street": np.zeros(0, dtype=np.intp),
        "planned_product": np.zeros(0, dtype=np.intp),
        "planned_month": np.zeros(0, dtype="datetime64[M]"),
        "planned_seats": np.zeros(0),
    }
    return DemandModel(**(values | changes))


def test_changes_lead_from_one_figure_to_the_next() -> None:
    steps = explain(known(), "s", "a", "2027Q1")
    assert tuple(step.name for step in steps) == STEPS
    assert [step.figure for step in steps] == pytest.approx([10, 20, 25, 22, 28, 30, 33])
    assert [step.change for step in steps] == pytest.approx([10, 10, 5, -3, 6, 2, 3])


def test_a_suppressed_or_unknown_cell_is_not_explained() -> None:
    hidden = known(contributors=np.array([[3, 50]]))
    with pytest.raises(UsageError, match="fewer than ten residents"):
        explain(hidden, "s", "a", "2027Q1")
    with pytest.raises(UnknownIdError):
        explain(known(), "s", "c", "2027Q1")


@pytest.mark.parametrize(("logged", "sample"), [(500.0, 500.0), (2.0, 0.0)])
def test_few_impressions_are_none(logged: float, sample: float) -> None:
    model = known(effective_impressions=np.array([logged, 0.0]))
    assert own_bookings_sample(model, "a") == sample
    assert own_bookings_sample(model, "b") is None
