"""Fit the new model and compare it with the served one on bookings that neither has seen.

The model that will serve learns from everything up to ``as_of``, so there is no later time to try
it on. What is tried is therefore the same fit as of an earlier cutoff. It is kept in the bundle,
so that the next backtest, whose window lies later, can hold its own fit against it: the served
model itself has mostly seen that window and would win by memory.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from data.district_time import period_of
from recommender.demand.model import DemandModel
from recommender.errors import GongxuError, NotTrainedError, UsageError
from recommender.interfaces import Arrays, Persistable
from recommender.ranking.model.suggestion_model import SuggestionModel
from training.demand.fit import fit_demand
from training.evaluation.demand_trial import try_demand
from training.evaluation.gate import (
    SERVED,
    Check,
    GateRules,
    check_level,
    check_quality,
    check_record,
)
from training.evaluation.newest_window import BacktestWindow, newest_window, not_before
from training.evaluation.report import ENGINE, EvaluationReport
from training.evaluation.walk_forward import evaluate
from training.registry.bundle import Manifest
from training.suggestions.fit import fit_suggestions

SUGGESTIONS = "suggestions"
DEMAND = "demand"
TRIED = "suggestions_tried"
"""The part that holds the fit of the backtest."""

_SIDE_BY_SIDE_UP_TO = 1_000_000
_RECORDED = 20
_POPULARITY = "recent_popularity"
_MEASURE = "ndcg@10"

Step = Callable[[str], AbstractContextManager[Callable[[str], None]]]
Fit = Callable[..., SuggestionModel]


@dataclass(slots=True)
class Backtest:
    """A fitted model and what the backtest found.

    Attributes
    ----------
    parts
        By the name they get in the bundle.
    checks
        For the gate.
    metrics
        Figures behind the checks, JSON values.
    """

    parts: dict[str, Persistable] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)


def run_backtest(
    snapshot: Dataset,
    *,
    as_of: datetime,
    seed: int,
    rules: GateRules,
    old: tuple[Manifest, Mapping[str, Arrays]] | None,
    step: Step,
    is_refresh: bool = False,
) -> Backtest:
    """Fit every part and try it.

    Parameters
    ----------
    snapshot
        What was known at ``as_of``.
    seed
        Every purpose draws from a generator of its own made from it.
    old
        Manifest and arrays of the served model, if there is one.
    step
        Opened around each step; gives what to call with details.
    is_refresh
        Whether nothing but the data differs from the served model, and it looks sound.

    Returns
    -------
    The fitted parts, the checks of the gate and the figures behind them.

    Raises
    ------
    NotTrainedError
        If there is no booking to learn from.
    """
    backtest = Backtest()
    known = old if old is not None and old[0].as_of <= as_of else None
    # The two fits share nothing but the snapshot: side by side they take two thirds of the time.
    # One worker where two would need too much memory.
    workers = 2 if len(snapshot["bookings"]) <= _SIDE_BY_SIDE_UP_TO else 1
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(1) as other:
        final = partial(
            fit_suggestions, snapshot, as_of=as_of, rng=seeded(seed, "suggestions"), progress=None
        )
        ahead = other.submit(final) if workers == 2 else None
        with step("trying on the newest window") as tell:
            window = newest_window(snapshot, as_of)
            if known is not None:
                window = not_before(window, known[0])
            _try(backtest, snapshot, window, seed, rules, known, tell, is_refresh=is_refresh)
        with step("fitting suggestions"):
            backtest.parts[SUGGESTIONS] = ahead.result() if ahead is not None else final()
    with step("fitting demand") as tell:
        _fit_demand(backtest, snapshot, as_of, seed, rules, old, tell)
    if DEMAND in backtest.parts:
        with step("trying demand on the last period"):
            _try_demand(backtest, snapshot, as_of, seed, rules, known, is_refresh=is_refresh)
    return backtest


def _fit_demand(
    backtest: Backtest,
    snapshot: Dataset,
    as_of: datetime,
    seed: int,
    rules: GateRules,
    old: tuple[Manifest, Mapping[str, Arrays]] | None,
    tell: Callable[[str], None],
) -> None:
    """Fit demand; data that has no streets may do without it, unless it had demand before."""
    try:
        model = fit_demand(
            snapshot,
            as_of=as_of,
            rng=seeded(seed, "demand"),
            progress=lambda text, _share: tell(text),
        )
    except GongxuError as error:
        had = old is not None and DEMAND in old[1]
        backtest.checks.append(Check("demand", not had, f"no demand model: {error}"))
        return
    backtest.parts[DEMAND] = model
    period = period_of(as_of)
    estimate = model.fitted_estimate(model.streets, model.products, period)
    # Per cell, since the catalogue's size may change; a cell withheld from people still counts.
    level = float(estimate.expected.mean()) if estimate.expected.size else 0.0
    before = None if old is None else old[0].metrics.get("demand_per_cell")
    jump = rules.demand_jump_max
    name = "expected attendances at one session"
    backtest.checks.append(check_level(name, level, before, low=1 / jump, high=jump))
    backtest.metrics["demand_per_cell"] = level


def _try_demand(
    backtest: Backtest,
    snapshot: Dataset,
    as_of: datetime,
    seed: int,
    rules: GateRules,
    old: tuple[Manifest, Mapping[str, Arrays]] | None,
    *,
    is_refresh: bool,
) -> None:
    """Foretell the last whole period, once for each period and release of the program."""
    served = None
    if old is not None and DEMAND in old[1]:
        try:
            served = old[0].as_of, DemandModel.from_arrays(old[1][DEMAND])
        except (KeyError, TypeError, ValueError):
            served = None  # made by another release of this program
    checks, figures = try_demand(
        snapshot,
        as_of=as_of,
        seed=seed,
        rules=rules,
        rng=seeded(seed, "demand trial"),
        served=served,
        before=old[0].metrics.get("demand_trial") if old is not None and is_refresh else None,
    )
    backtest.checks += checks
    backtest.metrics["demand_trial"] = figures


def _try(
    backtest: Backtest,
    snapshot: Dataset,
    window: BacktestWindow,
    seed: int,
    rules: GateRules,
    old: tuple[Manifest, Mapping[str, Arrays]] | None,
    tell: Callable[[str], None],
    *,
    is_refresh: bool,
) -> None:
    backtest.metrics["tried_from"] = window.cutoff.isoformat()
    fitted: list[SuggestionModel] = []

    def fit(known: Dataset, **options: Any) -> SuggestionModel:
        # Not from the generator that breaks ties: both models must meet the same order of them.
        fitted.append(fit_suggestions(known, **(options | {"rng": seeded(seed, "trial")})))
        return fitted[-1]

    report = _ask(snapshot, window, seed, fit, tell)
    if report is None:
        finding = "nothing that could have been suggested was booked in the newest window"
        backtest.checks.append(Check("quality", True, f"{finding}: not compared"))
        return
    backtest.parts[TRIED] = fitted[-1]
    opponent = None if old is None else _opponent(*old, window.cutoff)
    lists = {"new": _by_resident(report, ENGINE), _POPULARITY: _by_resident(report, _POPULARITY)}
    if opponent is not None:
        tell("the served model")
        served = _ask(snapshot, window, seed, lambda *_, **__: opponent, tell)
        if served is not None:
            lists[SERVED] = _by_resident(served, ENGINE)
    common = pd.DataFrame(lists).fillna(0.0)
    checks, figures = check_quality(
        {str(name).replace("_", " "): common[name].to_numpy() for name in common},
        rules,
        rng=seeded(seed, "bootstrap"),
        is_first=old is None,
        is_refresh=is_refresh,
    )
    # A part that made no list for a resident counts as nought, as in the comparison.
    asked = common["new"].to_numpy()
    record = _record(old)
    checks += check_record(asked, record, rules)
    backtest.metrics["record"] = [
        *record[1 - _RECORDED :],
        {"ndcg": float(asked.mean()), "residents": len(asked)},
    ]
    if old is not None and opponent is None:
        figures["note"] = "the served model has seen the window, or cannot be read: not compared"
    coverage = float(report.scorers[ENGINE]["coverage"])
    before = None if old is None else old[0].metrics.get("coverage")
    least = 1 - rules.coverage_drop_max
    backtest.checks += [
        *checks,
        check_level("share of events that some list shows", coverage, before, low=least),
    ]
    backtest.metrics |= {"trial": figures, "coverage": coverage}


def _record(old: tuple[Manifest, Mapping[str, Arrays]] | None) -> list[dict[str, float]]:
    """Scores of the served models so far, oldest first."""
    if old is None:
        return []
    metrics = old[0].metrics
    if "record" in metrics:
        return list(metrics["record"])
    trial = metrics.get("trial", {})
    if "ndcg@10" not in trial:
        return []
    return [{"ndcg": trial["ndcg@10"]["new"], "residents": trial["residents"]}]


def _ask(
    snapshot: Dataset,
    window: BacktestWindow,
    seed: int,
    fit: Fit,
    tell: Callable[[str], None],
) -> EvaluationReport | None:
    try:
        return evaluate(
            snapshot,
            [window.cutoff],
            rng=seeded(seed, "ties"),
            step=window.step,
            until=window.until,
            fit=fit,
            progress=tell,
        )
    except (UsageError, NotTrainedError):
        return None


def _opponent(
    manifest: Manifest, parts: Mapping[str, Arrays], cutoff: datetime
) -> SuggestionModel | None:
    """The served model if it has not seen the window, else its own backtest's fit, else nothing."""
    tried_from = manifest.metrics.get("tried_from")
    if manifest.as_of <= cutoff:
        part = SUGGESTIONS
    elif tried_from is not None and datetime.fromisoformat(tried_from) <= cutoff:
        part = TRIED
    else:
        return None
    try:
        return SuggestionModel.from_arrays(parts[part])
    except (KeyError, TypeError, ValueError):
        return None  # made by another release of this program


def _by_resident(report: EvaluationReport, scorer: str) -> "pd.Series[float]":
    rows = report.questions[report.questions["scorer"] == scorer]
    return rows.groupby("resident_id", observed=True)[_MEASURE].mean()


def seeded(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that one step's draws shift no other's.

    Parameters
    ----------
    seed
        Of the whole run, >= 0.
    purpose
        Name of the step that draws.

    Returns
    -------
    A generator that depends on both.
    """
    return np.random.default_rng([seed, *purpose.encode()])
