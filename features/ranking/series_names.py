"""What recurs under one name: a series is known by its title, whichever instalment it is."""

import re

import pandas as pd

_NUMERAL = "[一二三四五六七八九十百零〇两]"
_INSTALMENT = re.compile(
    rf"第(?:{_NUMERAL}+|\s*\d+\s*)[期场届季讲回集次辑课站弹]|(?:{_NUMERAL}{{4}}|\d+)[年月日号]"
    r"|[上下]午场|[日夜晚早]场|加场|\b(?:vol|no|part|episode|season)\b[\s.]*\d+"
)
_NOISE = re.compile(r"[\d\W_]+")
"""Which instalment it is, and everything that is no letter."""


def series_keys(products: pd.DataFrame, events: pd.DataFrame) -> pd.Series:
    """What recurs under one name by one supplier, whichever instalment: also without a product.

    Digits, punctuation and words for an instalment (第三期, 下午场, vol. 2) do not count.

    Parameters
    ----------
    products, events
        The tables of these names.

    Returns
    -------
    One key per event, with the index of ``events``; events of one series have equal keys.
    """
    by_id = products.set_index("product_id")
    title = events["title"].where(
        events["title"].fillna("").str.strip() != "", events["product_id"].map(by_id["title"])
    )
    supplier = events["product_id"].map(by_id["supplier_id"]).fillna("")
    plain = title.fillna("").map(_without_instalment)
    key = supplier + "\n" + plain
    # Without a name there is no series; the product stands in.
    return key.where(plain != "", "product\n" + events["product_id"].fillna(""))


def _without_instalment(title: str) -> str:
    return _NOISE.sub(" ", _INSTALMENT.sub(" ", title.lower())).strip()
