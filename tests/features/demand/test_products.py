"""Features of products: centred columns, categories, texts of events without a product."""

import numpy as np
import pandas as pd

from data.dataset import Dataset, canonical
from data.schema import TABLES
from features.demand.counts import product_ids
from features.demand.products import NO_CATEGORY, read_products


def test_an_event_without_product_has_its_title_and_no_category(tables: Dataset) -> None:
    products = product_ids(tables)
    found = read_products(tables, products)
    assert found.titles == ("昆曲", "讲座", "only once")
    assert found.categories == ("lecture", NO_CATEGORY, "performance")
    assert [found.categories[g] for g in found.group] == ["performance", "lecture", NO_CATEGORY]
    np.testing.assert_allclose(found.matrix.mean(axis=0), 0.0, atol=1e-9)


def test_products_of_one_kind_are_alike_and_the_seed_decides_everything() -> None:
    rows = [
        {
            "product_id": f"p{i}",
            "title": ("昆曲折子戏专场" if i % 2 else "急救知识讲座") + str(i),
            "category": "performance" if i % 2 else "lecture",
            "supplier_id": f"s{i % 2}",
            "price_fen": 1000 if i % 2 else 100,
        }
        for i in range(20)
    ]
    tables = Dataset({"products": canonical(pd.DataFrame(rows), TABLES["products"])})
    products = product_ids(tables)
    found, again = (read_products(tables, products, seed=1).matrix for _ in range(2))
    np.testing.assert_array_equal(found, again)
    cosine = found @ found.T / np.outer(*[np.linalg.norm(found, axis=1)] * 2)
    assert cosine[0, 2::2].min() > cosine[0, 1::2].max()
