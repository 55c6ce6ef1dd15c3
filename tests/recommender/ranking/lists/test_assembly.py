import numpy as np
import pytest

from recommender.ranking.lists.assembly import (
    EXPLORE,
    PROMOTED,
    RANKED,
    ListPolicy,
    Lists,
    fill_lists,
)
from recommender.ranking.lists.exploration import RateTable
from recommender.ranking.lists.reranking import DiversityPolicy, SimilarityKeys

PLAIN = ListPolicy(diversity=DiversityPolicy(weight=0.0, category_share=1.0, product_most=0))


def listed(value: np.ndarray, n: int, allowed: np.ndarray | None = None, **rest: object) -> Lists:
    m = len(value)
    nothing = np.full(m, -1, dtype=np.int32)
    open_ = np.ones(m, dtype=bool) if allowed is None else allowed
    options: dict[str, object] = {"policy": PLAIN} | rest
    return fill_lists(
        np.arange(m)[None, :],
        np.where(open_, value, -np.inf).astype(np.float32)[None, :],
        open_[None, :],
        SimilarityKeys(nothing, nothing, nothing),
        n,
        **options,  # type: ignore[arg-type]
    ).row(0)


def test_the_best_stand_first_with_certainty() -> None:
    found = listed(np.array([0.1, 0.9, 0.5, 0.7]), 3)
    assert found.columns[0].tolist() == [1, 3, 2]
    assert found.slot[0].tolist() == [RANKED] * 3
    assert found.propensity[0].tolist() == [1, 1, 1]
    np.testing.assert_allclose(found.score[0], [0.9, 0.7, 0.5])
    assert not found.diversity.any()


def test_only_what_is_allowed_stands_in_a_list() -> None:
    allowed = np.array([True, False, False, True])
    assert listed(np.array([0.1, 0.9, 0.5, 0.7]), 3, allowed).columns[0].tolist() == [3, 0]
    assert listed(np.zeros(2), 3, np.zeros(2, dtype=bool)).columns[0].tolist() == []


@pytest.mark.parametrize(
    ("price", "listed_columns", "scores"), [(0.25, [1, 2], [0.8, 0.7]), (0.15, [0, 1], [0.9, 0.8])]
)
def test_a_price_decides_what_is_listed_and_leaves_its_order_alone(
    price: float, listed_columns: list[int], scores: list[float]
) -> None:
    prices = np.array([[price, 0, 0, 0]], dtype=np.float32)
    found = listed(np.array([0.9, 0.8, 0.7, 0.1]), 2, price=prices)
    assert found.columns[0].tolist() == listed_columns
    np.testing.assert_allclose(found.score[0], scores, rtol=1e-6)
    np.testing.assert_allclose(found.diversity, 0, atol=1e-7)


def explored(value: np.ndarray, n: int, chance: float, slots: int = 2) -> Lists:
    m = len(value)
    return listed(
        value,
        n,
        rates=RateTable.learn(np.zeros(m), np.linspace(900, 1, m)),
        policy=ListPolicy(PLAIN.diversity, explore_slots=slots),
        chance=np.full((1, slots), chance),
    )


@pytest.mark.parametrize("chance", [0.0, 0.4, 0.99])
def test_exploration_takes_the_last_places_only(chance: float) -> None:
    found = explored(np.linspace(1, 0, 40), 10, chance)
    assert found.columns[0, :8].tolist() == list(range(8))
    assert found.slot[0].tolist() == [RANKED] * 8 + [EXPLORE] * 2
    assert (found.columns[0, 8:] >= 16).all()  # among the 24 least known
    assert found.columns[0, 8] != found.columns[0, 9]
    assert (found.propensity[0, 8:] < 1).all()


def test_nothing_is_drawn_where_all_fits_in_or_the_list_is_short() -> None:
    assert EXPLORE not in explored(np.linspace(1, 0, 10), 10, 0.5).slot
    assert EXPLORE not in explored(np.linspace(1, 0, 40), 4, 0.5).slot


def test_a_block_gives_each_row_its_own_list() -> None:
    rng = np.random.default_rng(3)
    value = rng.normal(size=(7, 30)).astype(np.float32)
    allowed = rng.random((7, 30)) < 0.6
    allowed[3, 4:] = False
    codes = rng.integers(-1, 4, (3, 30)).astype(np.int32)
    alike = SimilarityKeys(codes[0], codes[1], codes[2])
    rates = RateTable.learn(rng.integers(0, 9, 30).astype(float), np.full(30, 90.0))
    chance = rng.random((7, 1))

    def filled(rows: slice) -> Lists:
        return fill_lists(
            np.broadcast_to(np.arange(30), value.shape)[rows],
            np.where(allowed, value, -np.inf).astype(np.float32)[rows],
            allowed[rows],
            alike,
            8,
            policy=ListPolicy(),
            rates=rates,
            chance=chance[rows],
        )

    whole = filled(slice(None))
    for row in range(7):
        alone, together = filled(slice(row, row + 1)).row(0), whole.row(row)
        np.testing.assert_array_equal(alone.columns, together.columns)
        np.testing.assert_array_equal(alone.slot, together.slot)
        np.testing.assert_allclose(alone.propensity, together.propensity)
        assert allowed[row, together.columns[0]].all()
        assert len(set(together.columns[0].tolist())) == min(8, allowed[row].sum())


def test_what_policy_lifted_into_the_list_is_marked() -> None:
    value = np.array([0.5, 0.4, 0.3, 0.2])
    boost = np.array([[0.01, 0, 0, 0.25]], dtype=np.float32)
    found = listed(value + boost[0], 3, boost=boost)
    assert dict(zip(found.columns[0].tolist(), found.slot[0].tolist(), strict=True)) == {
        0: RANKED,  # boosted, but it would be there anyway
        1: RANKED,
        3: PROMOTED,
    }
