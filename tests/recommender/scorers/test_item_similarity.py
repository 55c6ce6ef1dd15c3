"""Which products are included, which entries are kept, what confidences count."""

import numpy as np
import pytest

from recommender.scorers import item_similarity
from recommender.scorers.item_similarity import NeighbourScorer


class Counts(NeighbourScorer):
    """Weights are the numbers of residents who took both products."""

    def __init__(self, products_max: int = 3000) -> None:
        self.products_max = products_max

    def _learn(self, taken):
        return np.asarray((taken.T @ taken).todense(), dtype=np.float32)


X = np.array([[2, 0, 5, 1, 0], [1, 0, 3, 0, 0], [0, 0, 1, 1, 4]])
TAKEN = (X > 0).astype(int)


def test_confidences_count_as_one(make_interactions):
    scorer = Counts().fit(make_interactions(X))
    np.testing.assert_array_equal(scorer.weights_.toarray(), TAKEN.T @ TAKEN)


def test_products_without_interactions_are_left_out(make_interactions):
    scorer = Counts().fit(make_interactions(X))
    assert scorer.part_.tolist() == [True, False, True, True, True]


def test_the_products_with_most_residents_are_included_ties_in_order(make_interactions):
    # Residents per product: 2, 0, 3, 2, 1.
    scorer = Counts(products_max=2).fit(make_interactions(X))
    assert scorer.part_.tolist() == [True, False, True, False, False]
    assert scorer.weights_.toarray()[[1, 3, 4]].sum() == 0
    assert scorer.weights_[0, 2] == 2


@pytest.mark.parametrize("kept", [1, 2])
def test_the_strongest_entries_of_each_column_are_kept(make_interactions, monkeypatch, kept):
    monkeypatch.setattr(item_similarity, "KEPT", kept)
    found = Counts().fit(make_interactions(X)).weights_.toarray()
    full = TAKEN.T @ TAKEN
    for column in (0, 2, 3, 4):
        assert np.count_nonzero(found[:, column]) == kept
        assert sorted(found[:, column])[-kept:] == sorted(full[:, column])[-kept:]


def test_no_interactions_give_an_empty_matrix(make_interactions):
    scorer = Counts().fit(make_interactions(np.zeros((2, 3))))
    assert scorer.weights_.shape == (3, 3)
    assert scorer.weights_.nnz == 0
    assert not scorer.part_.any()
