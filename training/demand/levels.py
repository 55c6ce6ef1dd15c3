"""Levels of the latest periods brought into a fitted model, as past periods teach it."""

from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd

from data.district_time import period_bounds
from recommender.demand.competition import Competition
from recommender.demand.drift import PRIOR, learn_drift
from recommender.demand.model import DemandModel
from recommender.demand.recency import Combination, Origin, level_factors, sum_level
from recommender.demand.recency_learning import learn_combination
from training.demand.competition import HEADROOM
from training.demand.held import A_YEAR, Floats, Grain, foretold_by_chain, periods_before
from training.demand.held_counts import HeldCounts
from training.demand.origins import Cells, origin_of

ORIGINS = 6
"""Past periods from which weights and errors are learnt."""
LEAST = 2
"""Periods before each of them."""
ALWAYS = "9"
"""Later than every period's name."""


def learn_levels(
    model: DemandModel, held: pd.DataFrame, as_of: datetime, *, origins: int, grain: Grain
) -> Combination | None:
    """How far the latest periods tell the next, from past periods foretold by counts alone.

    Parameters
    ----------
    model
        The chain, fitted at ``as_of``; its season and repeats are used, its figures are not, for
        they have seen the periods to foretell.
    held
        Sessions as of :func:`~training.demand.held.sessions_held`; later ones are not used.
    as_of
        The moment of the forecast to come.
    origins
        Most past periods to foretell.
    grain
        Length of a period.

    Returns
    -------
    None where no past period can be foretold.
    """
    cells = Cells.of(held, model)
    counts = HeldCounts.of(held, model)
    found: list[Origin] = []
    for period in reversed(periods_before(as_of, origins, grain)):
        start = period_bounds(period)[0]
        rows = held[held["period"] == period]
        if not len(rows) or (held["period"] == periods_before(start, LEAST, grain)[0]).sum() == 0:
            break
        origin = origin_of(counts.foretell(period), cells, held, period, start, grain)
        found.append(replace(origin, attended=cells.table(rows, rows["attendances"].to_numpy())))
    return learn_combination(found[::-1], cells.groups) if found else None


def learn_drift_of(model: DemandModel, held: pd.DataFrame, as_of: datetime, grain: Grain) -> float:
    """Variance that a quarter adds to the logarithm of a street's and category's demand.

    Parameters
    ----------
    model, held, as_of, grain
        As in :func:`learn_levels`.

    Returns
    -------
    As of :func:`~recommender.demand.drift.learn_drift`.
    """
    cells = Cells.of(held, model)
    foretell = HeldCounts.of(held, model).foretell(ALWAYS)
    seen: list[Floats] = []
    expected: list[Floats] = []
    for period in periods_before(as_of, ORIGINS + LEAST, grain):
        rows = held[held["period"] == period]
        if not len(rows):
            continue
        for found, values in (
            (seen, rows["attendances"].to_numpy()),
            (expected, foretell(rows, period)),
        ):
            table = cells.table(rows, values)
            found.append(sum_level("street x category", table, cells.groups).ravel())
    if not seen:
        return PRIOR
    return learn_drift(np.array(seen), np.array(expected)) * A_YEAR[grain] / 4


def at_latest_levels(
    model: DemandModel,
    held: pd.DataFrame,
    as_of: datetime,
    learnt: Combination,
    *,
    grain: Grain,
) -> DemandModel:
    """The model with cells moved to what was seen of late, its total kept.

    The sessions of the latest period stand for those to come. Recorded attendances are not those
    of all people, so the total of the figures for these sessions stays the chain's.

    Parameters
    ----------
    model
        The chain, fitted at ``as_of``.
    held
        Sessions as of :func:`~training.demand.held.sessions_held`.
    as_of
        Later sessions are not used.
    learnt
        As of :func:`learn_levels`.
    grain
        Length of a period.

    Returns
    -------
    The model itself where the latest period held no session.
    """
    latest = periods_before(as_of, 1, grain)[0]
    rows = held[held["period"] == latest]
    if not len(rows):
        return model
    cells = Cells.of(held, model)
    origin = origin_of(partial(foretold_by_chain, model), cells, held, latest, as_of, grain)
    factor = level_factors(origin, cells.groups, learnt)
    alone = cells.table(rows, foretold_by_chain(model, rows, latest))
    moved = float((alone * factor).sum())
    if moved <= 0:
        return model
    factor = factor[:, : len(model.products)] * (alone.sum() / moved)
    people = np.minimum(model.within_reach, model.population.sum())
    found = replace(model, expected=np.minimum(model.expected * factor, people))
    return replace(found, competition=_competition(found, alone, factor))


def _competition(model: DemandModel, foretold: Floats, factor: Floats) -> Competition | None:
    """The usual attendances of streets and categories, moved as their sessions' are."""
    if model.competition is None:
        return None
    n = len(model.categories)
    before, after = np.zeros((2, len(model.streets), n))
    base = foretold[:, : len(model.products)]
    for category in range(n):
        of = model.group == category
        before[:, category] = base[:, of].sum(axis=1)
        after[:, category] = (base * factor)[:, of].sum(axis=1)
    moved = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    usual = model.competition.usual * moved
    return replace(
        model.competition,
        usual=usual,
        street_caps=np.maximum(model.competition.street_caps, HEADROOM * usual.sum(axis=1)),
        category_caps=np.maximum(model.competition.category_caps, HEADROOM * usual),
    )
