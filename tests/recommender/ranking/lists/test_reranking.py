import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ranking.lists.reranking import DiversityPolicy, SimilarityKeys, mmr_rerank


def similarity(product: list[int], supplier: list[int], category: list[int]) -> SimilarityKeys:
    return SimilarityKeys(
        *(np.array(codes, dtype=np.int32) for codes in (product, supplier, category))
    )


def listed(value: list[float], alike: SimilarityKeys, n: int, **diversity: float) -> list[int]:
    events = np.arange(len(value))[None, :]
    row = np.array([value], dtype=np.float32)
    columns, scores = mmr_rerank(events, row, alike, n, DiversityPolicy(**diversity))  # type: ignore[arg-type]
    finite = scores[0][columns[0] >= 0]
    assert (np.diff(finite) <= 0).all()
    return columns[0].tolist()


UNLIKE = similarity([-1] * 4, [-1] * 4, [-1] * 4)


def test_without_weight_or_likeness_the_order_stays() -> None:
    assert listed([1, 4, 2, 3], UNLIKE, 4) == [1, 3, 2, 0]
    alike = similarity([0, 0, 0, 1], [0] * 4, [0] * 4)
    plain = {"weight": 0.0, "product_most": 0, "category_share": 1.0}
    assert listed([1, 4, 2, 3], alike, 4, **plain) == [1, 3, 2, 0]


def test_the_second_sitting_of_a_product_gives_way_to_something_else_as_good() -> None:
    alike = similarity([0, 0, 1, 2], [0, 0, 1, 2], [0, 0, 0, 1])
    assert listed([4.0, 3.9, 3.8, 1.0], alike, 4, weight=0.5, product_most=2) == [0, 2, 1, 3]


def test_by_default_a_list_holds_a_product_once_while_there_is_something_else() -> None:
    alike = similarity([0, 0, 1, 2], [-1] * 4, [0, 0, 0, 1])
    assert listed([4.0, 3.9, 3.8, 1.0], alike, 4, weight=0.0, category_share=1.0) == [0, 2, 3, 1]


def test_quotas_hold_while_there_is_something_else_and_never_shorten() -> None:
    alike = similarity([0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 1])
    half = {"weight": 0.0, "category_share": 0.5}
    assert listed([9, 8, 7, -50], alike, 4, **half) == [0, 1, 3, 2]
    same = similarity([0, 0, 0, 1], [-1] * 4, [-1] * 4)
    assert listed([9, 8, 7, 1], same, 4, weight=0.0, product_most=1) == [0, 3, 1, 2]


def test_what_may_not_be_shown_is_not() -> None:
    assert listed([1, -np.inf, 2, -np.inf], UNLIKE, 3) == [2, 0, -1]


@given(
    st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=12),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_every_list_is_full_and_without_repeats(value: list[float], n: int, random) -> None:
    codes = [[random.randint(-1, 2) for _ in value] for _ in range(3)]
    columns = listed(value, similarity(*codes), n, weight=1.0, category_share=0.3, product_most=1)
    assert len(columns) == min(n, len(value)) == len(set(columns))
    assert columns[0] == int(np.argmax(np.float32(value)))


def test_a_block_is_picked_like_its_rows_one_by_one() -> None:
    rng = np.random.default_rng(0)
    for weight, share, most in ((0.25, 0.6, 2), (1.0, 0.3, 1), (0.0, 1.0, 0)):
        codes = [rng.integers(-1, 4, 60).astype(np.int32) for _ in range(3)]
        events = np.stack([rng.permutation(60)[:30] for _ in range(8)])
        value = rng.normal(size=events.shape).astype(np.float32)
        value[rng.random(events.shape) < 0.1] = -np.inf
        diversity = DiversityPolicy(weight, share, most)
        columns, scores = mmr_rerank(events, value, SimilarityKeys(*codes), 20, diversity)
        for row in range(len(events)):
            here = slice(row, row + 1)
            alone = mmr_rerank(events[here], value[here], SimilarityKeys(*codes), 20, diversity)
            np.testing.assert_array_equal(alone[0][0], columns[row])
            np.testing.assert_array_equal(alone[1][0], scores[row])


@pytest.mark.parametrize("n", [130, 214, 260])
def test_long_lists_are_the_same_in_a_block_and_alone(n):
    rng = np.random.default_rng(n)
    width = 300
    category = np.where(np.arange(width) < 220, 0, 1).astype(np.int32)
    keys = SimilarityKeys(np.arange(width, dtype=np.int32), np.full(width, -1, np.int32), category)
    events = np.tile(np.arange(width), (3, 1))
    value = (rng.normal(size=(3, width)) + 3.0 * (category == 0)).astype(np.float32)
    value[1] *= 1000  # another row's scale must not matter
    policy = DiversityPolicy(weight=0.25, category_share=0.6, product_most=2)
    columns, scores = mmr_rerank(events, value, keys, n, policy)
    for row in range(3):
        alone = mmr_rerank(events[[row]], value[[row]], keys, n, policy)
        np.testing.assert_array_equal(columns[[row]], alone[0])
        np.testing.assert_allclose(scores[[row]], alone[1], rtol=1e-6)
    # The quota holds as long as the other category has something left: 80 events.
    head = (category[columns[0, :n]] == 0).sum()
    assert head == max(math.ceil(0.6 * n), n - 80)
