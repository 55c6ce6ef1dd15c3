import numpy as np
import pytest

from recommender.errors import UsageError
from recommender.ranking.boosts import Boosts, boost_matrix
from recommender.ranking.diversity import Likeness, Variety
from recommender.ranking.exploration import RateTable
from recommender.ranking.exposure import supplier_exposure
from recommender.ranking.listing import ListPolicy, Placed, place
from recommender.types import IdMap

PLAIN = ListPolicy(variety=Variety(weight=0.0, category_share=1.0, product_most=0))


def listed(value: np.ndarray, n: int, allowed: np.ndarray | None = None, **rest: object) -> Placed:
    m = len(value)
    nothing = np.full(m, -1, dtype=np.int32)
    options: dict[str, object] = {"policy": PLAIN, "rates": None} | rest
    return place(
        value.astype(np.float32),
        np.ones(m, dtype=bool) if allowed is None else allowed,
        Likeness(nothing, nothing, nothing),
        n,
        rng=np.random.default_rng(0),
        **options,  # type: ignore[arg-type]
    )


def test_the_best_stand_first_with_certainty() -> None:
    found = listed(np.array([0.1, 0.9, 0.5, 0.7]), 3)
    assert found.columns.tolist() == [1, 3, 2]
    assert found.slot == ["ranked"] * 3
    assert found.propensity.tolist() == [1, 1, 1]
    np.testing.assert_allclose(found.score, [0.9, 0.7, 0.5])
    assert not found.variety.any()


def test_only_what_is_allowed_stands_in_a_list() -> None:
    allowed = np.array([True, False, False, True])
    assert listed(np.array([0.1, 0.9, 0.5, 0.7]), 3, allowed).columns.tolist() == [3, 0]
    assert listed(np.zeros(2), 3, np.zeros(2, dtype=bool)).columns.tolist() == []


def test_exploration_takes_the_last_places_only() -> None:
    value = np.linspace(1, 0, 40)
    rates = RateTable.learn(np.zeros(40), np.linspace(900, 1, 40))
    found = listed(value, 10, rates=rates, policy=ListPolicy(PLAIN.variety, explore_slots=2))
    assert found.columns[:8].tolist() == list(range(8))
    assert found.slot == ["ranked"] * 8 + ["explore"] * 2
    assert (found.columns[8:] >= 16).all()  # among the 24 least known
    assert (found.propensity[8:] < 1).all()
    assert (
        listed(value[:10], 10, rates=RateTable.learn(np.zeros(10), np.ones(10))).slot
        == ["ranked"] * 10
    )


def test_what_policy_lifted_into_the_list_is_marked() -> None:
    value = np.array([0.5, 0.4, 0.3, 0.2])
    boost = np.array([0.01, 0, 0, 0.25], dtype=np.float32)
    found = listed(value + boost, 3, boost=boost)
    assert dict(zip(found.columns.tolist(), found.slot, strict=True)) == {
        0: "ranked",  # boosted, but it would be there anyway
        1: "ranked",
        3: "promoted",
    }


def test_boosts_default_to_nothing_and_add_up() -> None:
    described = [
        {"tag": ["舞蹈", "海派"], "category": ["performance"]},
        {"tag": [], "category": ["film"]},
    ]
    streets = IdMap(["310105101", "310105102"])
    assert not Boosts()
    assert not boost_matrix(Boosts(), streets, described).any()
    boosts = Boosts.parse(
        {
            "district": {"tag:舞蹈": 0.3, "category:performance": 0.1},
            "streets": {"310105102": {"category:film": 0.5}, "999": {"tag:舞蹈": 9}},
        }
    )
    assert boosts
    np.testing.assert_allclose(
        boost_matrix(boosts, streets, described), [[0.4, 0], [0.4, 0.5], [0.4, 0]]
    )


@pytest.mark.parametrize("document", [{"舞蹈": 1}, {"colour:red": 1}, {"tag:舞蹈": "much"}])
def test_a_boost_that_cannot_be_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Boosts.parse({"district": document})


def test_exposure_by_supplier() -> None:
    supplier = np.array([0, 0, 1, 2, -1], dtype=np.int32)
    lists = np.array([[0, 2], [1, -1], [4, 0]])
    report = supplier_exposure(lists, supplier, 4)
    second = 1 / np.log2(3)
    np.testing.assert_allclose(report.slots, [2 + second, second, 0, 0])
    np.testing.assert_allclose(report.share.sum(), 1)
    np.testing.assert_allclose(report.supply_share, [0.5, 0.25, 0.25, 0])
    assert report.unseen == pytest.approx(1 / 3)
    assert 0.4 < report.gini < 2 / 3
    even = supplier_exposure(np.array([[0], [2], [3]]), supplier, 3)
    assert even.gini == pytest.approx(0)
    assert even.concentration == pytest.approx(1 / 3)
