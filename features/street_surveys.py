"""Surveys as votes by street and target, beside what such respondents usually say."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.street_tables import Streets, Tables, _positions
from recommender.types import IdMap

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SurveyVotes:
    """Yes votes and what was expected; shapes (streets, products) and (streets, categories).

    Attributes
    ----------
    product, category
        Votes for products, and for categories.
    product_expected, category_expected
        What respondents of the same channel and age usually say to such a question.
    """

    product: Floats
    product_expected: Floats
    category: Floats
    category_expected: Floats


def read_surveys(
    tables: Tables, streets: Streets, products: IdMap, categories: tuple[str, ...]
) -> SurveyVotes:
    """Votes for products and categories; rows without respondents count one a vote."""
    frame = tables["surveys"]
    street = _positions(frame["area_code"], streets.area_street)
    votes = frame["votes"].astype("float64").fillna(0.0).to_numpy(dtype=np.float64)
    asked = frame["respondents"].astype("float64").to_numpy(dtype=np.float64)
    asked = np.maximum(np.where(np.isnan(asked), votes, asked), votes)
    kind = frame["target_kind"].astype(object).to_numpy()
    key = (
        frame["target_kind"].astype(object).fillna("").astype(str)
        + "|"
        + frame["channel"].astype(object).fillna("").astype(str)
        + "|"
        + frame["age_band"].astype(object).fillna("").astype(str)
    )
    who = pd.factorize(key)[0]
    size = int(who.max(initial=-1)) + 1
    share = (np.bincount(who, weights=votes, minlength=size) + 0.5) / (
        np.bincount(who, weights=asked, minlength=size) + 1.0
    )
    usual = asked * share[who] if size else asked
    target = frame["target"].astype(str)
    found = []
    for name, ids in (("product", products), ("category", IdMap(categories))):
        position = ids.positions(target, missing=-1)
        used = (kind == name) & (position >= 0) & (street >= 0)
        for value in (votes, usual):
            table = np.zeros((len(streets.streets), len(ids)))
            np.add.at(table, (street[used], position[used]), value[used])
            found.append(table)
    return SurveyVotes(*found)
