"""Surveys as votes by street and target, beside the expected votes of such respondents."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.demand.streets import Streets, Tables, _positions
from recommender.demand.observations.survey_outliers import flag_survey_outliers
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
        Votes expected from respondents of the same channel and age.
    """

    product: Floats
    product_expected: Floats
    category: Floats
    category_expected: Floats


def read_surveys(
    tables: Tables, streets: Streets, products: IdMap, categories: tuple[str, ...]
) -> SurveyVotes:
    """Votes for products and categories; rows without respondents count one a vote.

    Outliers are excluded (:mod:`recommender.demand.observations.survey_outliers`).

    Parameters
    ----------
    tables
        The contract's tables.
    streets, products
        Positions of streets and products.
    categories
        Names of categories, by position.

    Returns
    -------
    Votes and what was expected of such respondents, by street and target.
    """
    frame = tables["surveys"]
    street = _positions(frame["area_code"], streets.area_street)
    votes = frame["votes"].astype("float64").fillna(0.0).to_numpy(dtype=np.float64)
    asked = frame["respondents"].astype("float64").to_numpy(dtype=np.float64)
    asked = np.maximum(np.where(np.isnan(asked), votes, asked), votes)
    kind = frame["target_kind"].astype(object).to_numpy()
    target = frame["target"].astype(str)
    areas = pd.Index(tables["areas"]["area_code"])
    place = areas.get_indexer(pd.Index(frame["area_code"])).astype(np.intp)
    people = _people(tables)
    crowd = flag_survey_outliers(
        np.asarray(asked, dtype=np.float64),
        place,
        pd.factorize(target + "|" + frame["collected_at"].astype(str))[0].astype(np.intp),
        pd.factorize(frame["channel"].astype(object).fillna("").astype(str))[0].astype(np.intp),
        people,
    )
    votes, asked = np.where(crowd, 0.0, votes), np.where(crowd, 0.0, asked)
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
    reference = asked * share[who] if size else asked
    found = []
    for name, ids in (("product", products), ("category", IdMap(categories))):
        position = ids.positions(target, missing=-1)
        used = (kind == name) & (position >= 0) & (street >= 0)
        for value in (votes, reference):
            table = np.zeros((len(streets.streets), len(ids)))
            np.add.at(table, (street[used], position[used]), value[used])
            found.append(table)
    return SurveyVotes(*found)


def _people(tables: Tables) -> Floats:
    """People of every area, by position in ``areas``; 0 where unknown."""
    areas = tables["areas"]
    listed = areas["population"].astype("float64").fillna(0.0).to_numpy(dtype=np.float64)
    table = tables["population"]
    position = pd.Index(areas["area_code"]).get_indexer(pd.Index(table["area_code"]))
    count = table["people"].astype("float64").fillna(0.0).to_numpy(dtype=np.float64)
    used = position >= 0
    found = np.bincount(position[used], weights=count[used], minlength=len(areas))
    return np.asarray(np.where(found > 0, found, listed), dtype=np.float64)
