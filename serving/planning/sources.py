"""From settings or a folder to a planning: where demand, tables and rules come together."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from data.dataset import Dataset
from data.district_time import period_bounds
from recommender.demand.model import DemandModel
from recommender.errors import UsageError
from recommender.types import IdMap
from serving.names import resolve
from serving.planning.problem.building import Planning, build_planning
from serving.planning.rule_names import area_names, with_codes
from serving.planning.rules import PlanRules
from serving.settings import Settings
from training.registry.loading import require_demand

PLAN_TABLES = (
    "areas", "population", "venues", "suppliers", "products", "events", "residents", "bookings",
    "budgets", "orders", "holidays",
)  # fmt: skip
"""What planning reads of the database."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a plan comes from."""

    dataset: Dataset
    demand: DemandModel
    model_version: str
    data_date: datetime


def folder_sources(folder: Path, period: str, *, seed: int, now: datetime) -> Sources:
    """Fit demand on a folder's tables, as known at the start of the period.

    Parameters
    ----------
    folder
        A folder of tables.
    period
        Such as ``2027Q1``.
    seed
        Of the fit.
    now
        The clock.

    Returns
    -------
    What planning needs.
    """
    from data.files.reading import read_dataset
    from training.demand.fit import fit_demand

    dataset, _ = read_dataset(folder, now=now)
    moment = min(period_bounds(period)[0], now)
    model = fit_demand(dataset, as_of=moment, rng=np.random.default_rng(seed))
    return Sources(dataset, model, f"demand@{moment:%Y-%m-%d}", moment)


def served_sources(settings: Settings) -> Sources:
    """The database's tables and the served model's demand.

    Raises
    ------
    NotTrainedError
        If the served model has no demand.
    """
    from serving.composition import open_store, served_model

    store = open_store(settings)
    try:
        served = served_model(settings, store)
        dataset = store.load(PLAN_TABLES)
    finally:
        store.close()
    model = require_demand(served.bundle)
    return Sources(dataset, model, served.version, served.bundle.manifest.as_of)


def state_planning(
    sources: Sources,
    period: str,
    rules: PlanRules,
    *,
    buyer: str | None = None,
    budget_fen: int | None = None,
) -> Planning:
    """State the problem for a period.

    Parameters
    ----------
    sources
        Tables and estimated demand.
    period
        Such as ``2027Q1``.
    rules
        The officer's rules.
    buyer
        Only this buyer, by its code or name; ``None``: all.
    budget_fen
        This budget instead of the table's.

    Returns
    -------
    The problem, and what is needed to explain its plan.

    Raises
    ------
    UsageError
        If nothing is listed in the period, or a name is unknown.
    """
    rules = with_codes(rules, sources.dataset)
    if buyer is not None:
        buyer = resolve(buyer, area_names(sources.dataset), what="buyer")
    model = sources.demand
    # An event without a product has demand of its own, but nobody sells it.
    sold = set(sources.dataset["products"]["product_id"])
    products = IdMap([code for code in model.listed(period).ids if code in sold])
    if len(products) == 0:
        raise UsageError(f"no product is listed in {period}.", "Choose another --period.")
    estimate = model.estimate(model.streets, products, period)
    return build_planning(
        sources.dataset,
        estimate,
        rules,
        repeat_factor=np.clip(model.session_repeat_factor(products), 0.05, 1.0),
        as_of=sources.data_date,
        buyer=buyer,
        budget_fen=budget_fen,
        competition=model.competing(model.streets, period),
        category=model.group[model.products.positions(products.ids)],
    )
