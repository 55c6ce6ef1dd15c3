"""Levels of the latest periods in a fitted model: tables by cell, kept totals, what moves."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from recommender.demand.model import DemandModel
from recommender.demand.recency import LEVELS, prior_combination
from training.demand.fit import fit_chain
from training.demand.held import foretold_by_chain, sessions_held
from training.demand.levels import at_latest_levels, learn_levels
from training.demand.origins import Cells, origin_of

NOW = datetime(2027, 1, 1, tzinfo=UTC)
LATEST = "2026Q4"


@pytest.fixture(scope="module")
def model(held_in_quarters: Callable[..., Dataset]) -> DemandModel:
    return fit_chain(held_in_quarters(), as_of=NOW, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def held(held_in_quarters: Callable[..., Dataset]) -> pd.DataFrame:
    return sessions_held(held_in_quarters(), NOW)


def foretold(model: DemandModel, held: pd.DataFrame) -> float:
    rows = held[held["period"] == LATEST]
    return float(foretold_by_chain(model, rows, LATEST).sum())


def risen(held: pd.DataFrame) -> pd.DataFrame:
    """Attendances of the first street threefold in the last half year."""
    late = (held["street"] == "310105001") & (held["period"] > "2026Q2")
    factor = np.where(late, 3.0, 1.0)
    return held.assign(attendances=held["attendances"] * factor, of_late=held["of_late"] * factor)


def test_tables_hold_what_came(model: DemandModel, held: pd.DataFrame) -> None:
    grid = Cells.of(held, model)
    rows = held[held["period"] == LATEST]
    table = grid.table(rows, rows["attendances"].to_numpy())
    assert table.sum() == rows["attendances"].sum()
    one = rows[(rows["street"] == model.streets.ids[1]) & (rows["product"] == "p5")]
    assert table[1, grid.products.position("p5")] == one["attendances"].sum()


def test_an_origin_is_in_recorded_attendances(model: DemandModel, held: pd.DataFrame) -> None:
    rows = held[held["period"] == LATEST]
    foretell = partial(foretold_by_chain, model)
    found = origin_of(foretell, Cells.of(held, model), held, LATEST, NOW, "quarter")
    assert found.foretold.sum() == pytest.approx(rows["attendances"].sum())
    last, mean, year, of_late = (window for window in found.windows if window is not None)
    assert of_late.attended.sum() == pytest.approx(rows["attendances"].sum())
    assert last.attended.sum() == rows["attendances"].sum()
    three = held[held["period"].isin(["2026Q2", "2026Q3", "2026Q4"])]
    assert mean.attended.sum() == three["attendances"].sum()
    # The period to come is a first quarter.
    assert year.attended.sum() == held[held["period"] == "2026Q1"]["attendances"].sum()


def test_what_rose_of_late_rises_and_the_total_stays(
    model: DemandModel, held: pd.DataFrame
) -> None:
    found = at_latest_levels(model, risen(held), NOW, prior_combination(), grain="quarter")
    assert foretold(found, held) == pytest.approx(foretold(model, held), rel=0.02)
    moved = (found.expected / model.expected).mean(axis=1)
    assert moved[0] > 1.15 * moved[1]
    assert moved[1] == pytest.approx(moved[2], rel=0.2)
    # What the streets usually come to moves along, and stays below their caps.
    before, after = model.competition, found.competition
    assert before is not None
    assert after is not None
    assert after.usual[:, 0] / before.usual[:, 0] == pytest.approx(moved, rel=0.1)
    assert (after.usual.sum(axis=1) < after.street_caps).all()


def test_without_sessions_of_late_the_model_is_left_alone(
    model: DemandModel, held: pd.DataFrame
) -> None:
    later = datetime(2028, 1, 1, tzinfo=UTC)
    assert at_latest_levels(model, held, later, prior_combination(), grain="quarter") is model


def test_errors_are_learnt_from_the_periods_before(model: DemandModel, held: pd.DataFrame) -> None:
    learnt = learn_levels(model, held, NOW, origins=2, grain="quarter")
    assert learnt is not None
    assert all(0 <= learnt.weights[level][:-1].sum() <= 1 + 1e-9 for level in LEVELS)
    # What comes later teaches nothing.
    earlier = learn_levels(model, held[held["period"] < LATEST], NOW, origins=2, grain="quarter")
    before = learn_levels(
        model, held, datetime(2026, 10, 1, tzinfo=UTC), origins=2, grain="quarter"
    )
    assert earlier is None
    assert before is not None
    assert learn_levels(model, held, NOW, origins=0, grain="quarter") is None
