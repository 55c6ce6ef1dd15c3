"""Products as sparse rows: words, category, tags, supplier, audience."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize

WORD_COLUMNS = 1 << 15
FIELD_COLUMNS = 1 << 12
FEATURE_COLUMNS = WORD_COLUMNS + FIELD_COLUMNS
"""Columns of every feature matrix; hashing keeps them the same for all catalogues."""
FIELDS = ("category", "supplier_id", "tags", "audience_groups")


def product_features(products: pd.DataFrame) -> sp.csr_matrix:
    """One row of unit length a product.

    Words are character n-grams (2-4, inside words): Chinese needs no tokeniser then, and they are
    hashed, so that a product listed tomorrow has a row without fitting anything again.

    Returns
    -------
    CSR, shape (n_products, FEATURE_COLUMNS), float32.
    """
    if products.empty:
        return sp.csr_matrix(np.zeros((0, FEATURE_COLUMNS), dtype=np.float32))
    title = products["title"].fillna("").astype(str)
    text = title + " " + title + " " + products["description"].fillna("").astype(str)
    words = _weighted(text.to_numpy(dtype=object), WORD_COLUMNS, grams=True)
    fields = _weighted(_fields(products, FIELDS), FIELD_COLUMNS, grams=False)
    # Words and fields weigh alike; a product without either loses nothing on the other.
    return sp.csr_matrix(normalize(sp.hstack([words, fields], format="csr"))).astype(np.float32)


def product_traits(products: pd.DataFrame) -> sp.csr_matrix:
    """Which tags, category and audience groups a product has, as 0/1 rows.

    Returns
    -------
    CSR, shape (n_products, number of traits that occur), float32.
    """
    rows, names = [], []
    for position, entries in enumerate(_fields(products, ("category", "tags", "audience_groups"))):
        found = sorted(set(_entries(entries)) - {""})
        rows += [position] * len(found)
        names += found
    columns, known = pd.factorize(np.array(names, dtype=object), sort=True)
    ones = np.ones(len(rows), dtype=np.float32)
    return sp.csr_matrix((ones, (rows, columns)), shape=(len(products), max(len(known), 1)))


def _weighted(texts: NDArray[np.object_], columns: int, *, grams: bool) -> sp.csr_matrix:
    options = (
        {"analyzer": "char_wb", "ngram_range": (2, 4)}
        if grams
        else {"analyzer": _entries, "lowercase": False}
    )
    hashed = HashingVectorizer(
        n_features=columns, alternate_sign=False, norm=None, dtype=np.float32, **options
    ).transform(texts)
    return sp.csr_matrix(TfidfTransformer(sublinear_tf=True).fit_transform(hashed))


def _entries(text: str) -> list[str]:
    return text.split("\n")


def _fields(products: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.object_]:
    rows = []
    for values in zip(*(products[name].astype(object) for name in columns), strict=True):
        entries = [
            f"{name}={entry.strip()}"
            for name, value in zip(columns, values, strict=True)
            if isinstance(value, str)
            for entry in value.split(";")
        ]
        rows.append("\n".join(entries))
    return np.array(rows, dtype=object)
