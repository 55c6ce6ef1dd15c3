"""How much a plan holds, where, and of what: halls, sessions, categories (point 9.2).

On a world of the preset ``demo``, from the plan's lines and the tables alone: the solver's own
counts are not asked.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.plans.rivals import LIMIT_S, MIP_GAP
from data.dataset import Dataset
from data.district_time import district_zone, period_bounds, period_of
from data.simulate.settings import settings_for
from data.simulate.tables import observe
from data.simulate.world import create_world
from serving.planning.document import PlanDocument, make_plan
from serving.planning.rules import PlanRules
from serving.planning.sources import Sources
from training.demand.fit import fit_demand


@dataclass(frozen=True, slots=True)
class Volume:
    """What a plan comes to beside what was held before.

    Attributes
    ----------
    sessions_ratio
        Sessions over those of a mean quarter of the past year, what stands already included.
    halls_above
        Halls with a month above the most they ever held in one and a tenth more, in whole
        sessions.
    hall_use
        The largest month of a hall over the most that it ever held in one.
    wants_share
        The smallest ratio of a category's share of attendances to its share of wants.
    scarcest
        The category of that ratio.
    categories
        Each category's shares of ``wants`` and of ``attendances``.
    """

    seed: int
    sessions: int
    sessions_ratio: float
    halls: int
    halls_above: int
    hall_use: float
    wants_share: float
    scarcest: str
    categories: Mapping[str, Mapping[str, float]]


def run(
    seed: int,
    residents: int | None = None,
    products: int | None = None,
    events: int | None = None,
) -> Volume:
    """Plan the next quarter of one world, and count.

    Parameters
    ----------
    seed
        Of the world.
    residents, products, events
        Its size; as in the preset ``demo`` where nothing is said.

    Returns
    -------
    The counts.
    """
    settings = settings_for("demo", seed, residents=residents, products=products, events=events)
    dataset = observe(create_world(settings))
    moment = settings.until
    model = fit_demand(dataset, as_of=moment, rng=np.random.default_rng(seed))
    sources = Sources(dataset, model, "bench", moment)
    document = make_plan(
        sources, period_of(moment), PlanRules(), time_limit_s=LIMIT_S, mip_gap=MIP_GAP
    )
    return count(dataset, document, seed=seed)


def count(dataset: Dataset, document: PlanDocument, *, seed: int) -> Volume:
    """Count a plan's sessions beside the tables.

    Parameters
    ----------
    dataset
        The tables that the plan was made from.
    document
        The plan.
    seed
        Of the world.

    Returns
    -------
    The counts.
    """
    start, end = (pd.Timestamp(moment) for moment in period_bounds(document.period))
    events = dataset["events"]
    events = events[events["status"].astype(str) != "cancelled"]
    months = events["starts_at"].dt.tz_convert(district_zone()).dt.strftime("%Y-%m")
    past = events["starts_at"] < start
    held = events[past].groupby([events["venue_id"].astype(str), months]).size()
    most = held.groupby(level=0).max()
    standing = ~past & (events["starts_at"] < end)
    use: Counter[tuple[str, str]] = Counter(
        zip(events.loc[standing, "venue_id"].astype(str), months[standing], strict=True)
    )
    lines = document.lines
    placed = lines[lines["venue_id"].notna()]
    for venue, told in zip(placed["venue_id"], placed["months"], strict=True):
        for month, number in re.findall(r"(\d{4}-\d\d)×(\d+)", str(told)):
            use[str(venue), month] += int(number)
    planned = set(placed["venue_id"].astype(str))
    ratios = {
        key: n / most[key[0]] for key, n in use.items() if key[0] in planned and key[0] in most
    }
    above = {key[0] for key in ratios if use[key] > np.ceil(1.1 * float(most[key[0]]))}
    recent = events[past & (events["starts_at"] >= start - pd.Timedelta(days=365))]
    usual = len(recent) / 4
    wants = {
        name: each["attendances"] / each["wants"]
        for name, each in document.summary["wants"].items()
        if each["wants"] > 0
    }
    scarcest = min(wants, key=lambda name: wants[name]) if wants else ""
    total = int(lines["sessions"].sum())
    return Volume(
        seed=seed,
        sessions=total,
        sessions_ratio=(total + int(standing.sum())) / max(usual, 1.0),
        halls=len(planned),
        halls_above=len(above),
        hall_use=float(max(ratios.values(), default=0.0)),
        wants_share=wants.get(scarcest, float("nan")),
        scarcest=scarcest,
        categories=document.summary["wants"],
    )
