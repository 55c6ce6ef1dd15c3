"""Demand as the rows that command line, API and console show."""

import numpy as np
import pandas as pd

from recommender.demand.disclosure import MIN_RESIDENTS
from recommender.demand.explain import explain, own_bookings_sample
from recommender.demand.model import DemandModel
from recommender.demand.small_areas.location_quotient import location_quotients
from recommender.errors import UsageError
from recommender.types import IdMap
from serving.messages.catalogue import Lang, text
from serving.names import Names, category_names, resolve

COLUMNS = (
    "street_code", "product_id", "period", "expected", "low", "high", "evidence_bookings",
    "evidence_surveys", "supply", "gap", "suppressed", "rank", "title", "category", "alone",
)  # fmt: skip


def explain_frame(
    model: DemandModel, period: str, street: str, product: str, *, lang: Lang = "zh"
) -> pd.DataFrame:
    """Steps of one figure. The changes sum to the last figure.

    Parameters
    ----------
    model
        The fitted demand.
    period
        Such as ``2027Q1``.
    street, product
        The cell, by codes or names.
    lang
        Language of the sentences.

    Returns
    -------
    One row a step: step, change, figure (attendances), text.

    Raises
    ------
    UnknownIdError, UsageError
        For an unknown street or product, or one whose figure is suppressed.
    """
    street = _street_code(model, street)
    titles = {code: (title,) for code, title in zip(model.products.ids, model.titles, strict=True)}
    product = resolve(product, titles, what="product")
    steps = explain(model, street, product, period)
    return pd.DataFrame(
        {
            "step": [step.name for step in steps],
            "change": [step.change for step in steps],
            "figure": [step.figure for step in steps],
            "text": [_step_text(model, step.name, product, lang) for step in steps],
        }
    )


def _step_text(model: DemandModel, step: str, product: str, lang: Lang) -> str:
    if step != "own_bookings":
        return text(f"demand.{step}", lang)
    sample = own_bookings_sample(model, product)
    if sample is None:
        return text("demand.own_bookings_none", lang)
    exposure = (
        text("demand.impressions", lang, sample=sample)
        if sample
        else text("demand.impressions_missing", lang)
    )
    return text("demand.own_bookings", lang, exposure=exposure)


LOCATION_QUOTIENT_COLUMNS = ("street_code", "street", "category", "ratio", "strength", "speciality")


def location_quotient_frame(
    model: DemandModel, period: str, *, street: str | None = None, category: str | None = None
) -> pd.DataFrame:
    """一街一品: location quotient of each category in each street, strongest first.

    ``ratio`` is the category's share of the street's demand over its share of the district's,
    ``strength`` its logarithm in standard errors, and ``speciality`` marks the one category of a
    street that stands out by two of them or more. Suppressed figures are left out of all sums; a
    category of which a street has nothing to show is left out there.

    Parameters
    ----------
    model
        The fitted demand.
    period
        Such as ``2027Q1``.
    street, category
        Only this street, only this category, by codes or names; all by default.

    Returns
    -------
    One row a street and category: street_code, street, category, ratio, strength, speciality.

    Raises
    ------
    UsageError
        If the period is none, or nothing is listed then.
    """
    products = model.listed(period)
    if len(products) == 0:
        raise UsageError(f"no product is listed in {period}.", "Choose another period.")
    only = {}
    if street is not None:
        only["street_code"] = _populated_street(model, street)
    if category is not None:
        only["category"] = _category_code(model, category)
    streets = model.populated()
    estimate = model.estimate(streets, products, period)
    rows = model.streets.positions(streets.ids)
    columns = model.products.positions(products.ids)
    # A product counts only where every street's figure may be shown: or sums would give it away.
    open_ = ~estimate.suppressed.any(axis=0)
    if not open_.any():
        raise UsageError(
            f"too few residents contribute to the figures of {period}.",
            "No street's speciality can be stated without disclosing suppressed figures.",
        )
    group = model.group[columns][open_]
    found = location_quotients(
        estimate.expected[:, open_], model.log_sd[np.ix_(rows, columns[open_])], group
    )
    present = np.unique(group)
    n, m = len(streets), len(present)
    row = np.repeat(np.arange(n), m)
    column = np.tile(present, n)
    frame = pd.DataFrame(
        {
            "street_code": np.array(streets.ids, dtype=object)[row],
            "street": np.array(model.street_names, dtype=object)[rows[row]],
            "category": np.array(model.categories, dtype=object)[column],
            "ratio": found.ratio[row, column].round(2),
            "strength": found.strength[row, column].round(1),
            "speciality": found.best[row] == column,
        }
    )
    for name, wanted in only.items():
        frame = frame[frame[name] == wanted]
    return frame.sort_values(
        ["speciality", "strength", "street_code"], ascending=[False, False, True]
    ).reset_index(drop=True)


def _street_names(model: DemandModel) -> Names:
    """Names of the model's streets, by code."""
    pairs = zip(model.streets.ids, model.street_names, strict=True)
    return {code: (name,) for code, name in pairs}


def _street_code(model: DemandModel, street: str) -> str:
    """A street of the model by its code or name; see :func:`serving.names.resolve`."""
    return resolve(street, _street_names(model), what="street")


def _populated_street(model: DemandModel, street: str) -> str:
    """A street by its code or name, in which people are known to live.

    Raises
    ------
    UsageError
        If nobody is known to live there.
    """
    code = _street_code(model, street)
    if code in streets_without_people(model):
        raise UsageError(
            f"no people are known in street {code}: it has no figures.",
            "Give its rows in `population`, or residents whose `area_code` lies in it.",
        )
    return code


def _category_code(model: DemandModel, category: str) -> str:
    """A category of the model's products by its code or its Chinese or English name."""
    return resolve(category, category_names(model.categories), what="category")


def streets_without_people(model: DemandModel) -> tuple[str, ...]:
    """Codes of the streets in which nobody is known to live: they have no figures."""
    return tuple(model.streets.take((model.population <= 0).nonzero()[0]))


def demand_frame(
    model: DemandModel, period: str, *, street: str | None = None, category: str | None = None
) -> pd.DataFrame:
    """Rows of the contract's `demand`, highest demand first.

    Every product listed in the period is a row of every street in which people are known to live.
    A suppressed row has no numbers; counts of
    bookings and votes are multiples of five, and left empty below ten.

    Parameters
    ----------
    model
        The fitted demand.
    period
        Such as ``2027Q1``.
    street, category
        Only this street, only this category, by codes or names; all by default.

    Returns
    -------
    Columns :data:`COLUMNS`; expected, low, high and gap in attendances, supply in seats.

    Raises
    ------
    UnknownIdError
        If the street is unknown.
    UsageError
        If the category or period is none, nothing is listed then, or the street has no people.
    """
    street = None if street is None else _populated_street(model, street)
    category = None if category is None else _category_code(model, category)
    products = model.listed(period)
    if category is not None:
        wanted = model.categories.index(category)
        of = model.group[model.products.positions(products.ids)] == wanted
        products = IdMap(products.take(of.nonzero()[0]))
    if len(products) == 0:
        raise UsageError(f"no product is listed in {period}.", "Choose another period.")
    streets = model.populated() if street is None else IdMap([street])
    estimate = model.estimate(streets, products, period)
    columns = model.products.positions(products.ids)
    n, m = len(streets), len(products)
    hidden = estimate.suppressed.ravel()

    def shown(values: np.ndarray, digits: int = 2) -> np.ndarray:
        return np.where(hidden, np.nan, values.ravel().round(digits))

    bookings = estimate.evidence_bookings.ravel()
    votes = estimate.evidence_surveys.ravel()
    frame = pd.DataFrame(
        {
            "street_code": np.repeat(np.array(streets.ids, dtype=object), m),
            "product_id": np.tile(np.array(products.ids, dtype=object), n),
            "period": period,
            "expected": shown(estimate.expected),
            "low": shown(estimate.low),
            "high": shown(estimate.high),
            "evidence_bookings": pd.array(bookings, dtype="Int64"),
            "evidence_surveys": pd.array(votes, dtype="Int64"),
            "supply": estimate.supply.ravel(),
            "gap": shown(estimate.gap),
            "suppressed": hidden,
            "alone": shown(estimate.expected if estimate.alone is None else estimate.alone),
            "title": np.tile(np.array(model.titles, dtype=object)[columns], n),
            "category": np.tile(np.array(model.categories, dtype=object)[model.group[columns]], n),
        }
    )
    frame.loc[bookings < MIN_RESIDENTS, "evidence_bookings"] = pd.NA
    frame.loc[votes < MIN_RESIDENTS, "evidence_surveys"] = pd.NA
    frame = frame.sort_values(
        ["expected", "street_code", "product_id"], ascending=[False, True, True], na_position="last"
    ).reset_index(drop=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame[list(COLUMNS)]
