"""What a plan that knew the truth could count on; for evaluation only."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from data.simulate.evaluation.replay_inputs import Stage
from data.simulate.evaluation.truth import TIERS
from recommender.errors import UsageError

EFFECT_NODES = 25


def read_oracle(folder: Path) -> pd.DataFrame:
    """True expected attendances of the next quarter's sessions.

    Parameters
    ----------
    folder
        A simulated world.

    Returns
    -------
    One row for each street, listed product and k = 1, 2, 3: street_code, product_id, k, expected
    (attendances of the k-th session of the product there beside a usual quarter's sessions, if
    capacity were unlimited), alone (the same if nothing else were on), seats (of the street's own
    centre, or the product's limit), seated (``expected`` within those seats, averaged over the
    overdispersion of sessions), price_fen, new.

    Raises
    ------
    UsageError
        If the folder holds no simulated world.
    """
    stage = Stage.load(folder)
    path = folder / "truth" / "demand.parquet"
    if not path.is_file():
        raise UsageError(f"{path} is missing.", "Simulate the world again.")
    truth = pd.read_parquet(path)
    truth = truth[truth["period"] == str(stage.period)]
    tiers = []
    for k in range(1, TIERS + 1):
        name = "expected" if k == 1 else f"expected_{k}"
        alone = truth["alone"] * truth[name] / truth["expected"].clip(lower=1e-9)
        tier = truth[["street_code", "product_id", "new"]].assign(
            k=k, expected=truth[name], alone=alone
        )
        tiers.append(tier)
    found = pd.concat(tiers, ignore_index=True)
    product = pd.Index(stage.product_ids).get_indexer(pd.Index(found["product_id"]))
    street = pd.Index(stage.street_codes).get_indexer(pd.Index(found["street_code"]))
    room = np.where(stage.online[product], 600, stage.venue_seats[street])
    limit = np.minimum(room, stage.audience_max[product]) / float(stage.seat_scarcity)
    found["seats"] = np.maximum(limit, 1).astype(np.int64)
    found["seated"] = seated(
        found["expected"].to_numpy(), found["seats"].to_numpy(), float(stage.event_effect_sd)
    )
    found["price_fen"] = stage.price_fen[product]
    return found[
        [
            "street_code",
            "product_id",
            "k",
            "expected",
            "alone",
            "seats",
            "seated",
            "price_fen",
            "new",
        ]
    ]


def seated(
    expected: NDArray[np.float64], seats: NDArray[np.int64], event_effect_sd: float
) -> NDArray[np.float64]:
    """E[min(effect x expected, seats)] for a log-normal event effect of mean 1.

    Parameters
    ----------
    expected
        Expected demand of sessions, shape (n,).
    seats
        Seats of sessions, shape (n,).
    event_effect_sd
        Standard deviation of the log of the event effect, >= 0.

    Returns
    -------
    Expected attendances within the seats, shape (n,).
    """
    nodes = ndtri((np.arange(EFFECT_NODES) + 0.5) / EFFECT_NODES)
    event_effect = np.exp(event_effect_sd * nodes - event_effect_sd**2 / 2)
    event_effect /= event_effect.mean()
    total = np.zeros(len(expected))
    for factor in event_effect:
        total += np.minimum(expected * factor, seats)
    return total / EFFECT_NODES
