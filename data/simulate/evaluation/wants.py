"""What people would go to if everything were offered, and what a set of sessions would draw."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from data.simulate.evaluation.replay import replay
from data.simulate.evaluation.replay_inputs import Stage

PERSONS = 4_000
"""Persons that wants are summed over."""
BOUNDLESS = 1e-3
"""Seats are divided by it where nobody is to be turned away."""


def true_wants(stage: Stage, *, persons: int = PERSONS) -> pd.DataFrame:
    """Share of visits that each street's residents would give each category if offered everything.

    Every listed product is held once in every street, as many seats as are wished for, and people
    choose as in a replay: evenings run out, and nobody goes to one kind of thing only.

    Parameters
    ----------
    stage
        The world's next quarter.
    persons
        Most persons to sum over; an even sample beyond that.

    Returns
    -------
    Shares that sum to one in each row, by street_code (rows) and category (columns).
    """
    n = len(stage.person_age)
    chosen = np.linspace(0, n - 1, min(n, persons)).astype(np.int64)
    sample: dict[str, Any] = {
        f.name: getattr(stage, f.name)[chosen]
        for f in fields(stage)
        if f.name.startswith("person_")
    }
    sample["person_weight"] = sample["person_weight"] * np.float32(n / len(chosen))
    open_house = replace(stage, **sample, seat_scarcity=np.array(BOUNDLESS))
    streets = np.repeat(stage.street_codes, len(stage.product_ids))
    everything = pd.DataFrame(
        {
            "product_id": np.tile(stage.product_ids, len(stage.street_codes)),
            "street_code": streets,
            "sessions": 1,
        }
    )
    visits = replay(open_house, everything, rng=np.random.default_rng(0)).categories
    visits = visits + visits.sum() * 1e-6  # a street without anybody in the sample: as all
    return visits.div(visits.sum(axis=1), axis=0)


def set_attendance(
    stage: Stage, plan: pd.DataFrame, *, rng: np.random.Generator, times: int = 8
) -> pd.DataFrame:
    """Expected attendances of a set of sessions that compete, by where they are held.

    Parameters
    ----------
    stage
        The world's next quarter.
    plan
        The set, as :func:`~data.simulate.evaluation.replay.replay` takes it.
    rng
        Days, hours and event effects, which the mean is over.
    times
        Quarters that are replayed, >= 1.

    Returns
    -------
    Mean attendances by street_code (rows) and category (columns).
    """
    runs = pd.concat(replay(stage, plan, rng=rng).sessions for _ in range(times))
    total = runs.pivot_table(
        index="street_code", columns="category", values="attendance", aggfunc="sum", fill_value=0
    )
    return total / times
