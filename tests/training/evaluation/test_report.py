"""Measures, means over residents and calibration of known lists."""

from typing import Any

import numpy as np
import pytest

from recommender.types import IdMap
from training.evaluation.report import ENGINE, EvaluationReport, Tally, make_report, measure

NAMES = IdMap(["a", "b"])


def measured() -> Any:
    best = np.array([[0, 1, -1], [2, 0, 1]])
    relevant = np.array([[True, False, False], [False, True, False]])
    new = np.array([False, True, False])
    held = {"categories": np.array([2.0, 4.0]), "diversification": np.array([30.0, np.nan])}
    return measure(best, relevant, new, np.array([0, 1]), NAMES, np.array(["hot", "cold"]), held)


def test_measures_of_each_question() -> None:
    rows = measured().set_index("resident_id")
    assert rows.loc["a", "mrr"] == rows.loc["a", "ndcg@10"] == 1.0
    # Found at the third place: 1 / log2(4).
    assert rows.loc["b", "ndcg@10"] == pytest.approx(0.5)
    assert rows.loc["b", "mrr"] == pytest.approx(1 / 3)
    assert rows["fresh"].tolist() == [False, True]


def report(chances: np.ndarray) -> EvaluationReport:
    tally = Tally(
        [measured(), measured().iloc[:1]], {"x": 3, "y": 0}, surprise=6.0, new=1, places=3
    )
    worse = Tally(
        [one.assign(**{"ndcg@10": one["ndcg@10"] / 2}) for one in tally.rows],
        tally.shown,
        6.0,
        1,
        3,
    )
    return make_report(1, {"worse": worse, ENGINE: tally}, [chances], {}, np.random.default_rng(0))


def test_means_are_over_residents_and_not_over_questions() -> None:
    found = report(np.empty((0, 2))).scorers[ENGINE]
    # The first resident asked twice and counts once.
    assert found["ndcg@10"] == pytest.approx((1.0 + 0.5) / 2)
    assert found["residents"] == 2
    assert found["coverage"] == 0.5
    assert found["novelty"] == pytest.approx(2.0)
    assert found["new_product_share"] == pytest.approx(1 / 3)
    assert found["by_list"]["ndcg@10"] == pytest.approx((1.0 + 0.5 + 1.0) / 3)
    assert found["by_list"]["lists"] == 3
    low, high = found["ci"]["ndcg@10"]
    assert low <= found["ndcg@10"] <= high


def test_what_lists_hold_is_averaged_over_those_it_means_something_for() -> None:
    found = report(np.empty((0, 2))).scorers[ENGINE]
    assert found["categories"] == pytest.approx(3.0)
    assert found["diversification"] == pytest.approx(30.0)


def test_every_scorer_is_compared_with_the_engine_resident_by_resident_in_all_groups() -> None:
    found = report(np.empty((0, 2)))
    assert found.scorers["worse"]["engine_gain"]["ndcg@10"] == pytest.approx(0.375)
    low, high = found.scorers["worse"]["engine_gain"]["ci"]
    assert 0.25 <= low <= 0.375 <= high <= 0.5
    assert found.groups["hot"]["worse"]["engine_gain"]["ndcg@10"] == pytest.approx(0.5)
    assert found.groups["cold"]["worse"]["engine_gain"]["ndcg@10"] == pytest.approx(0.25)
    assert "engine_gain" not in found.scorers[ENGINE]


def test_groups_hold_their_own_residents() -> None:
    groups = report(np.empty((0, 2))).groups
    assert groups["hot"][ENGINE]["residents"] == groups["cold"][ENGINE]["residents"] == 1
    assert groups["new_products"][ENGINE]["ndcg@10"] == pytest.approx(0.5)
    assert groups["without_history"][ENGINE]["ndcg@10"] == pytest.approx(0.5)


def test_calibration_sets_chances_beside_what_came() -> None:
    rng = np.random.default_rng(1)
    chance = rng.beta(1, 20, 20_000)
    pairs = np.column_stack([chance, rng.random(20_000) < chance])
    found = report(pairs).scorers[ENGINE]["calibration"]
    assert found["observed"] == pytest.approx(found["predicted"], rel=0.1)
    assert len(found["bins"]) == 5
    for one in found["bins"]:
        assert one["observed"] == pytest.approx(one["predicted"], rel=0.25)
    expected = [one["pairs"] * one["predicted"] for one in found["bins"]]
    assert max(expected) < 1.1 * min(expected)
