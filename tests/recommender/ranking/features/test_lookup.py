"""Reading tables at pairs: every way of asking gives what the dense table holds."""

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ranking.features.lookup import product_at, products_of, sparse_at

ROWS, COLUMNS = 7, 11


def sparse_table() -> sp.csr_matrix:
    rng = np.random.default_rng(0)
    return sp.csr_matrix(sp.random_array((ROWS, COLUMNS), density=0.3, rng=rng, dtype=np.float32))


@pytest.mark.parametrize("asked", [1, 5])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("missing", [0.0, np.nan])
def test_a_sparse_table_reads_like_a_dense_one(asked: int, shared: bool, missing: float) -> None:
    rng = np.random.default_rng(asked)
    table = sparse_table()
    for _ in range(20):
        rows = rng.integers(-1, ROWS, asked)
        columns = rng.integers(-1, COLUMNS, (1 if shared else asked, 9))
        dense = np.asarray(table.todense())
        known = (rows >= 0)[:, None] & (columns >= 0)
        wanted = np.where(known, dense[rows[:, None], columns], np.float32(missing))
        found = sparse_at(table, rows, columns, missing=missing)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("asked", [1, 5])
@pytest.mark.parametrize("missing", [0.0, np.nan])
def test_a_product_of_tables_reads_like_a_dense_one(asked: int, missing: float) -> None:
    rng = np.random.default_rng(asked)
    left = sparse_table()
    right = sp.csr_matrix(sp.random_array((COLUMNS, 6), density=0.3, rng=rng, dtype=np.float32))
    for _ in range(20):
        rows, columns = rng.integers(-1, ROWS, asked), rng.integers(-1, 6, (asked, 9))
        dense = np.asarray((left @ right).todense())
        known = (rows >= 0)[:, None] & (columns >= 0)
        wanted = np.where(known, dense[rows[:, None], columns], np.float32(missing))
        found = product_at(left, right, rows, columns, missing=missing)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shared", [True, False])
def test_products_are_missing_where_a_side_is(shared: bool) -> None:
    rng = np.random.default_rng(1)
    left, right = (rng.normal(size=(n, 3)).astype(np.float32) for n in (ROWS, COLUMNS))
    left[2], right[4] = 0, 0
    rows = np.array([-1, 2, 3])
    columns = np.array([[-1, 4, 5]]) if shared else np.array([[1, 2, 3], [1, 2, 3], [-1, 4, 5]])
    found = products_of(left, right, rows, columns)
    assert np.isnan(found[:2]).all()
    assert np.isnan(found[2, :2]).all()
    assert found[2, 2] == pytest.approx(float(left[3] @ right[5]), rel=1e-5)
