"""A demand model whose last period was clearly worse foretold than otherwise is refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from training.demand.backtest import FORECAST, NAIVE
from training.demand.fit import fit_chain
from training.evaluation.demand_trial import LEVEL, check_forecast, try_demand
from training.evaluation.gate import SERVED, GateRules

NOW = datetime(2027, 1, 15, tzinfo=UTC)


def cells(error: float, *, n: int = 40) -> pd.DataFrame:
    """Forecasts off by ``error``, naive ones by a fifth."""
    rng = np.random.default_rng(0)
    came = rng.poisson(60.0, n).astype(float)
    off = dict.fromkeys(NAIVE, 0.2) | {FORECAST: error}
    sign = rng.choice([-1.0, 1.0], n)
    columns = {name: came * (1.0 + share * sign) for name, share in off.items()}
    return pd.DataFrame({"level": LEVEL, "attendances": came, **columns})


@pytest.mark.parametrize(("error", "passes"), [(0.1, True), (0.2, True), (0.4, False)])
def test_clearly_worse_is_refused_with_the_figures(error: float, passes: bool) -> None:
    checks, figures = check_forecast(
        cells(error), [FORECAST, *NAIVE], "2026Q4", GateRules(), rng=np.random.default_rng(1)
    )
    assert [check.passed for check in checks] == [passes] * len(NAIVE)
    assert f"error {error:.3f} of attendances against 0.200 of last period" in checks[0].finding
    assert figures["wape"][FORECAST] == pytest.approx(error)
    # What was refused is tried again, not taken over.
    assert ("findings" in figures) == passes


def test_too_little_to_tell_refuses_nothing() -> None:
    checks, _ = check_forecast(
        cells(0.9, n=5), [FORECAST, *NAIVE], "2026Q4", GateRules(), rng=np.random.default_rng(1)
    )
    assert [check.passed for check in checks] == [True]
    assert "not compared" in checks[0].finding


def trial(dataset: Dataset, **options: Any) -> Any:
    given: dict[str, Any] = {"served": None, "before": None} | options
    return try_demand(
        dataset, as_of=NOW, seed=0, rules=GateRules(), rng=np.random.default_rng(0), **given
    )


def test_the_served_model_is_compared_where_it_has_not_seen_the_period(
    held_in_quarters: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.evaluation.demand_trial.MIN_CELLS", 3)
    dataset = held_in_quarters()
    october = datetime(2026, 9, 30, 16, tzinfo=UTC)
    model = fit_chain(dataset, as_of=october, rng=np.random.default_rng(0))
    _, figures = trial(dataset, served=(october, model))
    assert figures["period"] == "2026Q4"
    assert figures["wape"][SERVED] == pytest.approx(figures["wape"][FORECAST], abs=0.05)
    _, later = trial(dataset, served=(NOW, model))
    assert SERVED not in later["wape"]
    # The same period is not foretold again.
    monkeypatch.setattr("training.evaluation.demand_trial.foretell_periods", None)
    checks, taken = trial(dataset, before=later)
    assert taken == later
    assert [check.finding for check in checks] == later["findings"]
