"""How a figure came about, step by step; the changes sum to the figure."""

from dataclasses import dataclass

import numpy as np

from recommender.demand.disclosure import disclosed_count
from recommender.demand.model import DemandModel
from recommender.demand.observations.exposure import MIN_SAMPLE
from recommender.errors import UsageError
from recommender.types import IdMap

STEPS = (
    "features", "own_bookings", "sold_out", "population", "street_ratio", "hours_and_shows",
    "season",
)  # fmt: skip
"""Names of the steps, in order."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a figure.

    Attributes
    ----------
    name
        One of :data:`STEPS`.
    change
        Attendances that the step adds or takes.
    figure
        The figure after it.
    """

    name: str
    change: float
    figure: float


def explain(model: DemandModel, street: str, product: str, period: str) -> list[Step]:
    """Steps from features to the expected attendances of one cell.

    Parameters
    ----------
    model
        The fitted demand.
    street, product
        The cell's identifiers.
    period
        Such as ``2027Q1``.

    Returns
    -------
    One step for each of :data:`STEPS`.

    Raises
    ------
    UnknownIdError
        For an unknown street or product.
    UsageError
        For a cell that must not be shown, or a period that is none.
    """
    s, p = model.streets.position(street), model.products.position(product)
    if model.suppressed()[s, p]:
        raise UsageError(
            f"the figure of {product} in {street} rests on fewer than ten residents.",
            "Such figures are not shown, and neither is how they came about.",
        )
    estimate = model.estimate(IdMap([street]), IdMap([product]), period)
    figures = [
        *(float(model.step_rates[k, p] * model.within_reach[s, p]) for k in range(3)),
        float(model.step_age_bands[s, p]),
        float(model.step_street_ratios[s, p]),
        float(model.expected[s, p]),
        float(estimate.expected[0, 0]),
    ]
    changes = np.diff([0.0, *figures])
    return [
        Step(name, float(change), figure)
        for name, change, figure in zip(STEPS, changes, figures, strict=True)
    ]


def own_bookings_sample(model: DemandModel, product: str) -> float | None:
    """Effective impressions that a product's own bookings are set against.

    Parameters
    ----------
    model
        The fitted demand.
    product
        Its identifier.

    Returns
    -------
    The number, 0 if too few were recorded to be used; ``None`` for a product of which no street
    has bookings that may be told of.

    Raises
    ------
    UnknownIdError
        For an unknown product.
    """
    p = model.products.position(product)
    shown = np.where(model.suppressed()[:, p], 0, model.bookings[:, p]).sum()
    if disclosed_count(shown, int(shown)) is None:
        return None
    sample = float(model.effective_impressions[p])
    return sample if sample >= MIN_SAMPLE else 0.0
