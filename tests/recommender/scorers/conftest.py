"""Interactions with a planted block structure."""

from datetime import UTC, datetime

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.types import IdMap, Interactions

BLOCKS, RESIDENTS, PRODUCTS = 4, 30, 10
"""Number of blocks, and residents and products in each."""


def interactions_of(confidence: np.ndarray) -> Interactions:
    """Interactions with the given dense confidences."""
    residents, products = confidence.shape
    return Interactions(
        sp.csr_matrix(confidence, dtype=np.float32),
        IdMap(f"r{i}" for i in range(residents)),
        IdMap(f"p{i}" for i in range(products)),
        datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def make_interactions():
    return interactions_of


@pytest.fixture
def planted() -> Interactions:
    """Residents take products of their own block only; the last of each block stays cold."""
    rng = np.random.default_rng(3)
    confidence = np.zeros((BLOCKS * RESIDENTS, BLOCKS * PRODUCTS), dtype=np.float32)
    for block in range(BLOCKS):
        r, p = block * RESIDENTS, block * PRODUCTS
        taken = rng.random((RESIDENTS - 1, PRODUCTS - 1)) < 0.5
        confidence[r : r + RESIDENTS - 1, p : p + PRODUCTS - 1] = taken
    return interactions_of(confidence)


@pytest.fixture
def assert_blocks_found():
    """Check that scores of one resident per block are higher inside the block than outside."""

    def check(scores: np.ndarray) -> None:
        for block in range(BLOCKS):
            row = scores[block * RESIDENTS + 5]
            own = np.arange(block * PRODUCTS, block * PRODUCTS + PRODUCTS - 1)
            block_columns = np.arange(block * PRODUCTS, (block + 1) * PRODUCTS)
            other = np.setdiff1d(np.arange(BLOCKS * PRODUCTS), block_columns)
            # A product's own weight is 0; what a resident took is scored by the others.
            assert row[own].min() > row[other].max()

    return check
