"""What each step of the chain adds: the same worlds with one step left out.

``python -m benchmarks.demand --only steps`` prints error, bias and coverage against the
simulator's truth of the whole chain, and of the chain without each step, in the mean of the worlds.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from benchmarks.demand.world import judge, simulate
from features.demand.products import ProductFeatures, read_products
from features.demand.sessions import SessionTotals, read_session_totals
from recommender.demand.model import DemandModel

WHOLE = "whole chain"


def _without_features(*args: Any) -> ProductFeatures:
    found = read_products(*args)
    return replace(found, matrix=found.matrix[:, :0])


def _never_full(*args: Any) -> SessionTotals:
    found = read_session_totals(*args)
    return replace(found, full=np.zeros_like(found.full))


def _no_effects(
    demand: Any, expected: Any, levels: Any, sizes: list[int], **options: Any
) -> list[Any]:
    del demand, expected, levels, options
    return [np.ones(size) for size in sizes]


def _no_repeats(counts: Any, order: Any, series: Any, group: Any, n_groups: int) -> Any:
    del counts, order, series, group
    return np.ones(n_groups)


def _equal_exposure(reference: Any, *rest: Any) -> tuple[Any, float]:
    del rest
    return np.ones(len(reference)), 0.0


def _ageless(sessions: Any, *rest: Any) -> Any:
    del rest
    return np.ones(len(sessions.starts))


def _ordinary_days(sessions: Any, calendar: Any) -> Any:
    del calendar
    return np.zeros(len(sessions.starts), dtype=np.intp)


def _as_fitted(model: DemandModel, *args: Any, **options: Any) -> DemandModel:
    del args, options
    return model


SESSIONS, FIT = "training.demand.sessions", "training.demand.fit"
STEPS: Mapping[str, tuple[str, Any]] = {
    "sold out": (f"{SESSIONS}.read_session_totals", _never_full),
    "place, hour, season, time on sale": (f"{SESSIONS}.fit_session_effects", _no_effects),
    "holidays": ("training.demand.circumstances.session_day_kinds", _ordinary_days),
    "age of sessions": (f"{FIT}.session_weights", _ageless),
    "openings of new products": (f"{FIT}.opening_factor", lambda *_: 1.0),
    "wear of what is to come": (f"{SESSIONS}.WEAR_SHARE", 0.0),
    "saturation of a product": (f"{SESSIONS}.learn_saturation", lambda *_: 0.0),
    "repeats in a quarter": (f"{SESSIONS}.learn_repeat_factor", _no_repeats),
    "exposure": (f"{SESSIONS}.relative_exposure", _equal_exposure),
    "venue nearer its street": (f"{SESSIONS}.VENUE_SHARE", 1.0),
    "reach between streets": (f"{FIT}._reach", lambda *_: None),
    "features of products": (f"{FIT}.read_products", _without_features),
    "streets inform each other": (
        "recommender.demand.small_areas.intervals.learn_sharing",
        lambda *_: 0.0,
    ),
    "recent levels": (f"{FIT}.at_latest_levels", _as_fitted),
}
"""What is replaced by what would be without the step."""
SHOWN = ("wape", "wape_seen", "total_bias", "spearman_new", "coverage80")


def judge_steps(seed: int) -> dict[str, dict[str, float]]:
    """One world's figures of the whole chain, and without each step.

    Parameters
    ----------
    seed
        Of the world.
    """
    world = simulate(seed, sold_out_share=1 / 3)
    found = {}
    for name, (target, instead) in {WHOLE: ("", None), **STEPS}.items():
        with ExitStack() as stack:
            if target:
                stack.enter_context(patch(target, instead))
            figures = judge(*world)
        found[name] = {key: float(figures[key]) for key in SHOWN}
    return found


def table(units: list[dict[str, dict[str, float]]]) -> pd.DataFrame:
    """Means over worlds; errors also as how much worse each world is without the step.

    Parameters
    ----------
    units
        As of :func:`judge_steps`.

    Returns
    -------
    One row a step.
    """
    rows = []
    for name in units[0]:
        mean = {key: float(np.mean([unit[name][key] for unit in units])) for key in SHOWN}
        worse = [unit[name]["wape"] / unit[WHOLE]["wape"] - 1.0 for unit in units]
        rows.append(
            {
                "without": "" if name == WHOLE else name,
                **mean,
                "largest_bias": max((u[name]["total_bias"] for u in units), key=abs),
                "wape_more": float(np.mean(worse)),
                "worlds_worse": f"{sum(w > 0 for w in worse)} of {len(units)}",
            }
        )
    return pd.DataFrame(rows)
