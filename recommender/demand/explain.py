"""How a figure came about, step by step; the changes sum to the figure."""

from dataclasses import dataclass

import numpy as np

from recommender.demand.disclosure import suppress
from recommender.demand.model import DemandModel
from recommender.demand.observations.exposure import LEAST_SAMPLE
from recommender.errors import UsageError

TEXTS = (
    (
        "features",
        "What products like it draw, by category, words, supplier and price, and what surveys say",
    ),
    ("own_bookings", "Its own bookings so far, shrunk towards that"),
    ("sold_out", "Wishes hidden by sold-out sessions"),
    ("population", "From app users to all people by age: who lives within reach"),
    ("taste", "Taste of the streets within reach, shared between streets that want the same"),
    ("hours_and_shows", "Usual hours for its audience, and bookings that nobody comes for"),
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
    if suppress(model.behind)[s, p]:
        raise UsageError(
            f"the figure of {product} in {street} rests on fewer than ten residents.",
            "Such figures are not shown, and neither is how they came about.",
        )
    season = float(model.season_of(period)[model.group[p]])
    figures = [
        *(float(model.step_rates[k, p] * model.within_reach[s, p]) for k in range(3)),
        float(model.step_ages[s, p]),
        float(model.step_taste[s, p]),
        float(model.expected[s, p]),
        float(model.expected[s, p] * season),
    ]
    changes = np.diff([0.0, *figures])
    told = bool(model.bookings[:, p].any())
    steps = []
    for (name, text), change, figure in zip(TEXTS, changes, figures, strict=True):
        more = f" ({_shown(float(model.shown[p]))})" if name == "own_bookings" and told else ""
        steps.append(Step(name, text + more, float(change), figure))
    return steps


def _shown(sample: float) -> str:
    if sample < LEAST_SAMPLE:
        return "how often it was shown is not known; taken as usual for its appeal"
    return f"set against {sample:,.0f} effective impressions"
