"""How a figure came about, step by step; the changes sum to the figure."""

from dataclasses import dataclass

import numpy as np

from recommender.demand.disclosure import disclosure_control
from recommender.demand.model import DemandModel
from recommender.demand.observations.exposure import MIN_SAMPLE
from recommender.errors import UsageError

TEXTS = (
    (
        "features",
        "Prior from category, text, supplier, price and surveys",
    ),
    ("own_bookings", "Own bookings so far, shrunk towards the prior"),
    ("sold_out", "Demand censored by sold-out sessions"),
    ("population", "From registered users to the whole population within reach, by age band"),
    (
        "street_ratio",
        "Ratio of the streets within reach to the district, pooled over similar streets",
    ),
    ("hours_and_shows", "Typical hours for its audience, and no-shows"),
    ("season", "Season of the period"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a figure.

    Attributes
    ----------
    name, text
        A stable name, and a sentence.
    change
        Attendances that the step adds or takes.
    figure
        The figure after it.
    """

    name: str
    text: str
    change: float
    figure: float


def explain(model: DemandModel, street: str, product: str, period: str) -> list[Step]:
    """Steps from features to the expected attendances of one cell.

    Raises
    ------
    UnknownIdError
        For an unknown street or product.
    UsageError
        For a cell that must not be shown, or a period that is none.
    """
    s, p = model.streets.position(street), model.products.position(product)
    if disclosure_control(model.contributors)[s, p]:
        raise UsageError(
            f"the figure of {product} in {street} rests on fewer than ten residents.",
            "Such figures are not shown, and neither is how they came about.",
        )
    season = float(model.season_of(period)[model.group[p]])
    figures = [
        *(float(model.step_rates[k, p] * model.within_reach[s, p]) for k in range(3)),
        float(model.step_age_bands[s, p]),
        float(model.step_street_ratios[s, p]),
        float(model.expected[s, p]),
        float(model.expected[s, p] * season),
    ]
    changes = np.diff([0.0, *figures])
    booked = bool(model.bookings[:, p].any())
    steps = []
    for (name, text), change, figure in zip(TEXTS, changes, figures, strict=True):
        more = (
            f" ({_shown(float(model.effective_impressions[p]))})"
            if name == "own_bookings" and booked
            else ""
        )
        steps.append(Step(name, text + more, float(change), figure))
    return steps


def _shown(sample: float) -> str:
    if sample < MIN_SAMPLE:
        return "impressions not recorded; exposure taken as average for its appeal"
    return f"relative to {sample:,.0f} effective impressions"
