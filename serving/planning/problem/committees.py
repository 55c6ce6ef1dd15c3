"""Neighbourhood committees (居委会) that are due a session: two a year each (每居村两场)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from data.dataset import Dataset
from data.district_time import period_bounds
from features.demand.streets import Streets
from serving.planning.rules import PlanRules


def committees_due(
    dataset: Dataset,
    streets: Streets,
    planned: Sequence[str],
    period: str,
    rules: PlanRules,
    *,
    as_of: datetime,
) -> Mapping[str, tuple[str, ...]]:
    """Committees of each street that a session of the period is for, the longest waiting first.

    With half a session a period and committee, every second one is due in turn: those in whose
    area least was held in the year before come first.

    Parameters
    ----------
    dataset, streets
        The tables, and all streets.
    planned
        Codes of the planned streets.
    period, rules
        The period to plan, and the officer's rules.
    as_of
        Later sessions are not known.

    Returns
    -------
    Names by street; as many as the floor asks for.
    """
    areas = dataset["areas"]
    own = areas[areas["level"].astype(str) == "neighbourhood"].drop_duplicates("area_code")
    area_of = dataset["venues"].drop_duplicates("venue_id").set_index("venue_id")["area_code"]
    events, until = dataset["events"], min(period_bounds(period)[0], as_of)
    held = events[
        (events["starts_at"] < pd.Timestamp(until))
        & (events["starts_at"] >= pd.Timestamp(until) - pd.Timedelta(days=365))
        & (events["status"].astype(str) != "cancelled")
    ]
    had = held["venue_id"].astype(object).map(area_of).value_counts().to_dict()
    found: dict[str, list[tuple[int, str, str]]] = {code: [] for code in planned}
    for code, name in zip(own["area_code"].astype(str), own["name"].astype(str), strict=True):
        row = streets.area_street.get(code, -1)
        if row >= 0 and streets.streets.ids[row] in found:
            found[streets.streets.ids[row]].append((int(had.get(code, 0)), code, name))
    each = rules.floor.sessions_per_committee
    due: dict[str, tuple[str, ...]] = {}
    for street, rows in found.items():
        number = int(np.ceil(each * len(rows)))
        waiting = [name for _, _, name in sorted(rows)]
        # Above one each, all are due, and some once more.
        due[street] = tuple((waiting * (number // max(len(waiting), 1) + 1))[:number])
    return due


def assign_committees(
    lines: Sequence[tuple[str, int, float]], due: Mapping[str, tuple[str, ...]]
) -> tuple[list[tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    """Say for which committee each session is: small sessions first, one committee a session.

    Parameters
    ----------
    lines
        Street, sessions and expected people of each line.
    due
        Committees by street, the longest waiting first.

    Returns
    -------
    Committees of each line, and by street those for which no session is left.
    """
    left = {street: list(names) for street, names in due.items()}
    found: list[tuple[str, ...]] = [()] * len(lines)
    for position in sorted(range(len(lines)), key=lambda n: (lines[n][2] / lines[n][1], n)):
        street, sessions, _ = lines[position]
        queue = left.get(street, [])
        found[position], left[street] = tuple(queue[:sessions]), queue[sessions:]
    return found, {street: tuple(names) for street, names in left.items() if names}
