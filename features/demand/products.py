"""What a product is, as numbers from which its appeal can be learnt."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from features.demand.streets import Tables
from recommender.types import IdMap

NO_CATEGORY = "other"


@dataclass(frozen=True, slots=True)
class ProductFeatures:
    """Features of all products.

    Attributes
    ----------
    matrix
        Shape (products, features), float64; every column has mean 0, and columns of one block
        share a scale.
    categories
        Names of the groups that appear.
    group
        Position of each product's category, shape (products,).
    audience
        Position of each product's audience groups among those that occur, shape (products,).
    titles
        By position.
    listed_from, listed_until
        datetime64[D]; NaT where unknown, which reads as "no limit".
    """

    matrix: NDArray[np.float64]
    categories: tuple[str, ...]
    group: NDArray[np.intp]
    audience: NDArray[np.intp]
    titles: tuple[str, ...]
    listed_from: NDArray[np.datetime64]
    listed_until: NDArray[np.datetime64]


def read_products(
    tables: Tables, products: IdMap, *, words: int = 24, seed: int = 0
) -> ProductFeatures:
    """Features of all products, those that are events without a product included.

    Parameters
    ----------
    words
        Dimensions kept of the titles' and descriptions' character n-grams.
    seed
        For the randomised decomposition of the words.

    Returns
    -------
    One row of features a product, with its category, price and audience.
    """
    frame = (tables["products"].drop_duplicates("product_id").set_index("product_id")).reindex(
        list(products.ids)
    )
    events = tables["events"].drop_duplicates("event_id").set_index("event_id")
    own = frame["title"].isna().to_numpy()
    titles = frame["title"].fillna("").astype(str).to_numpy(dtype=object)
    if own.any():
        ids = np.array(products.ids, dtype=object)[own]
        titles[own] = events["title"].reindex(ids).fillna("").astype(str).to_numpy(dtype=object)
    category = frame["category"].astype(object).fillna(NO_CATEGORY).astype(str)
    categories = tuple(sorted(set(category)))
    group = pd.Index(categories).get_indexer(pd.Index(category)).astype(np.intp)
    blocks = [
        _onehot(category, 1),
        _multihot(frame["audience_groups"], 3),
        _multihot(frame["tags"], 3),
        _onehot(frame["supplier_id"].astype(object).fillna("").astype(str), 2),
        _numbers(frame),
        _words(frame, titles, words, seed),
    ]
    matrix = np.hstack([block for block in blocks if block.shape[1]])
    return ProductFeatures(
        matrix=matrix,
        categories=categories,
        group=group,
        audience=np.asarray(
            pd.factorize(frame["audience_groups"].fillna("").astype(str))[0], dtype=np.intp
        ),
        titles=tuple(titles),
        listed_from=_days(frame["listed_from"]),
        listed_until=_days(frame["listed_until"]),
    )


def _days(column: pd.Series) -> NDArray[np.datetime64]:
    return column.to_numpy(dtype="datetime64[us]").astype("datetime64[D]")


def _onehot(column: pd.Series, least: int) -> NDArray[np.float64]:
    counted = column[column != ""].value_counts()
    kept = counted.index[(counted >= least)][:400]
    codes = pd.Index(kept).get_indexer(pd.Index(column))
    matrix = np.zeros((len(column), len(kept)))
    rows = (codes >= 0).nonzero()[0]
    matrix[rows, codes[rows]] = 1.0
    return _centred(matrix)


def _multihot(column: pd.Series, least: int) -> NDArray[np.float64]:
    entries = column.fillna("").astype(str).reset_index(drop=True).str.split(";").explode()
    entries = entries.str.strip()
    entries = entries[entries != ""]
    counted = entries.value_counts()
    kept = counted.index[counted >= least][:300]
    codes = pd.Index(kept).get_indexer(pd.Index(entries))
    matrix = np.zeros((len(column), len(kept)))
    used = codes >= 0
    matrix[entries.index.to_numpy()[used], codes[used]] = 1.0
    return _centred(matrix)


def _numbers(frame: pd.DataFrame) -> NDArray[np.float64]:
    columns = []
    for name in ("price_fen", "duration_min", "audience_max", "min_age"):
        value = frame[name].astype("float64").to_numpy()
        known = ~np.isnan(value)
        if known.sum() > 1:
            log = np.log1p(np.where(known, value, np.nan))
            spread = float(np.nanstd(log))
            if spread > 0:
                columns.append(np.where(known, (log - np.nanmean(log)) / spread, 0.0))
    return np.column_stack(columns) if columns else np.zeros((len(frame), 0))


def _words(
    frame: pd.DataFrame, titles: NDArray[np.object_], size: int, seed: int
) -> NDArray[np.float64]:
    text = titles + " " + frame["description"].fillna("").astype(str).to_numpy(dtype=object)
    try:
        weights = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 3), min_df=3, max_features=20_000, sublinear_tf=True
        ).fit_transform(text)
    except ValueError:  # no n-gram appears often enough
        return np.zeros((len(frame), 0))
    size = min(size, min(weights.shape) - 1)
    # Where all titles are alike no component has any variance.
    if size < 1 or (weights.max(axis=0) - weights.min(axis=0)).nnz == 0:
        return np.zeros((len(frame), 0))
    factors = TruncatedSVD(size, random_state=seed, n_iter=3).fit_transform(weights)
    spread = float(np.sqrt((factors - factors.mean(axis=0)).var(axis=0).mean()))
    return np.asarray((factors - factors.mean(axis=0)) / max(spread, 1e-9) * 0.5)


def _centred(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return matrix - matrix.mean(axis=0) if len(matrix) else matrix
