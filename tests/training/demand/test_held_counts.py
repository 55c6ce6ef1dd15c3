"""Counts alone foretell sessions: planted rates come back, and nothing later is used."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from recommender.demand.model import DemandModel
from training.demand.fit import fit_chain
from training.demand.held import sessions_held
from training.demand.held_counts import HeldCounts

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(held_in_quarters: Callable[..., Dataset]) -> DemandModel:
    return fit_chain(held_in_quarters(), as_of=NOW, rng=np.random.default_rng(0))


def foretold(dataset: Dataset, model: DemandModel, period: str) -> tuple[pd.DataFrame, np.ndarray]:
    held = sessions_held(dataset, NOW)
    rows = held[held["period"] == period]
    return rows, HeldCounts.of(held, model).foretell(period)(rows, period)


def test_planted_rates_come_back(
    model: DemandModel, held_in_quarters: Callable[..., Dataset]
) -> None:
    rows, found = foretold(held_in_quarters(), model, "2026Q4")
    planted = 200 * (0.02 + 0.03 * rows["product"].astype(str).str[1].astype(int))
    factor = model.season_of("2026Q4")[0]
    error = np.abs(found / factor / planted - 1.0)
    assert float(error.mean()) < 0.25
    assert found.sum() / factor == pytest.approx(planted.sum(), rel=0.15)


def test_what_comes_later_moves_nothing(
    model: DemandModel, held_in_quarters: Callable[..., Dataset]
) -> None:
    _, found = foretold(held_in_quarters(), model, "2026Q4")
    _, other = foretold(held_in_quarters(last=0.3), model, "2026Q4")
    assert found == pytest.approx(other)
