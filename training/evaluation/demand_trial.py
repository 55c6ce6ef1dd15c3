"""Trial of the demand model on the last whole period: refused if clearly worse than others.

The model that will serve has seen that period, so the same fit as of the period's beginning
foretells it. One such fit takes as long as the one that serves: its figures are kept in the
manifest and stand until the next period ends or the program changes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from data.dataset import Dataset
from data.district_time import period_bounds
from recommender.demand.model import DemandModel
from recommender.errors import UsageError
from training.demand.backtest import FORECAST, NAIVE, foretell_period, foretell_periods
from training.demand.held import natural_grain, periods_before, sessions_held
from training.evaluation.gate import SERVED, Check, GateRules, paired_difference

LEVEL = "street x category"
"""Cells that errors are compared on; totals are too few to tell, products too many that are new."""
MIN_CELLS = 12
MIN_ATTENDANCES = 200


def try_demand(
    snapshot: Dataset,
    *,
    as_of: datetime,
    seed: int,
    rules: GateRules,
    rng: np.random.Generator,
    served: tuple[datetime, DemandModel] | None,
    before: Mapping[str, Any] | None,
) -> tuple[list[Check], dict[str, Any]]:
    """Foretell the last whole period and compare with naive forecasts and the served model.

    Parameters
    ----------
    snapshot
        What was known at ``as_of``.
    as_of
        The moment of the model to be served.
    seed
        Of the fit.
    rules
        Margin, confidence and resamples.
    rng
        Draws the bootstrap samples.
    served
        The served model and its moment; compared with where it has not seen the period.
    before
        Figures of the served model's own trial, taken over where they are of the same period and
        nothing but later data came since; else ``None``.

    Returns
    -------
    The checks, and the figures behind them as JSON values.
    """
    held = sessions_held(snapshot, as_of)
    grain = natural_grain(held)
    (period,) = periods_before(as_of, 1, grain)
    if before is not None and before.get("period") == period and "findings" in before:
        findings = [Check("demand in time", True, str(text)) for text in before["findings"]]
        return findings, dict(before)
    try:
        cells = foretell_periods(snapshot, as_of=as_of, periods=1, seed=seed, grain=grain)
    except UsageError as error:
        return [Check("demand in time", True, f"demand was not tried: {error}")], {}
    methods = [FORECAST, *NAIVE]
    if served is not None and served[0] <= period_bounds(period)[0]:
        known = sessions_held(snapshot, as_of, grain)
        cells[SERVED] = foretell_period(served[1], known, period, grain)[FORECAST].to_numpy()
        methods.append(SERVED)
    return check_forecast(cells, methods, period, rules, rng=rng)


def check_forecast(
    cells: pd.DataFrame,
    methods: list[str],
    period: str,
    rules: GateRules,
    *,
    rng: np.random.Generator,
) -> tuple[list[Check], dict[str, Any]]:
    """Whether the forecast of a period is clearly worse than any other.

    Refused is what is shown to be worse by more than ``rules.demand_margin`` of the other's error:
    the whole interval of the paired difference of absolute errors lies beyond it.

    Parameters
    ----------
    cells
        Forecasts by level and cell, as of :func:`~training.demand.backtest.foretell_periods`.
    methods
        Columns of it, the forecast first.
    period
        Which was foretold.
    rules
        Margin, confidence and resamples.
    rng
        Draws the bootstrap samples.

    Returns
    -------
    One check for every other method, and the figures as JSON values.
    """
    rows = cells[cells["level"] == LEVEL]
    came = rows["attendances"].to_numpy(dtype=np.float64)
    errors = {m: np.abs(rows[m].to_numpy(dtype=np.float64) - came) for m in methods}
    # A cell in which nothing came and nothing was expected tells nothing.
    told = np.any([rows[m].to_numpy() > 0 for m in methods], axis=0) | (came > 0)
    total = float(came.sum())
    if told.sum() < MIN_CELLS or total < MIN_ATTENDANCES:
        finding = f"demand of {period}: too few attendances to tell, not compared"
        return [Check("demand in time", True, finding)], {"period": period, "findings": [finding]}
    wape = {m: float(error.sum()) / total for m, error in errors.items()}
    own = errors[FORECAST][told]
    checks = []
    for method in methods[1:]:
        other = errors[method][told]
        worse = paired_difference(
            own, other, rng=rng, confidence=rules.confidence, resamples=rules.resamples
        )
        finding = (
            f"demand of {period} by street and category: error {wape[FORECAST]:.3f} of attendances "
            f"against {wape[method]:.3f} of {method} ({len(own):,} cells)"
        )
        passed = bool(worse.low <= rules.demand_margin * float(other.mean()))
        checks.append(Check("demand in time", passed, finding))
    figures = {"period": period, "wape": wape, "findings": [check.finding for check in checks]}
    if not all(check.passed for check in checks):
        # Tried again by the next run: what was refused is not taken over.
        figures.pop("findings")
    return checks, figures
