"""Tables of a known report."""

import numpy as np
import pandas as pd
import pytest

from training.evaluation.report import ENGINE, SERVED, EvaluationReport
from training.evaluation.tables import (
    accuracy,
    by_group,
    by_publication,
    calibration,
    content,
    everything,
)


def values(ndcg, **more):
    measures = dict.fromkeys(
        ("recall@20", "mrr", "coverage", "gini", "novelty", "new_product_share", "categories"), 0.5
    )
    return {
        "ndcg@10": ndcg,
        "residents": 1234,
        "diversification": 12.5,
        "ci": {"ndcg@10": [ndcg - 0.1, ndcg + 0.1]},
        "by_list": {"ndcg@10": ndcg / 2, "lists": 5000},
        **measures,
        **more,
    }


@pytest.fixture
def report():
    gain = {"engine_gain": {"ndcg@10": 0.2, "ci": [-0.05, 0.45]}}
    chances = {"pairs": 10, "predicted": 0.1, "observed": 0.2, "bins": [{"pairs": 10}]}
    scorers = {
        "recent_popularity": values(0.3, **gain),
        SERVED: values(0.4, **gain),
        ENGINE: values(0.5, calibration=chances),
    }
    notes = {
        "bookings": 200,
        "unreachable_bookings": 110,
        "unreachable_undated": 100,
        "questions": 5000,
        "assumed_lead_days": 14.0,
    }
    return EvaluationReport(1, scorers, {"cold": scorers}, pd.DataFrame(), notes)


def test_accuracy_shows_both_means_and_paired_gains(report):
    table = accuracy(report).set_index("scorer")
    assert table.loc[ENGINE, "ndcg@10"] == 0.5
    assert table.loc[ENGINE, "ndcg@10 by list"] == 0.25
    assert table.loc[ENGINE, "ndcg@10 95 %"] == "0.400-0.600"
    assert table.loc["recent_popularity", "engine's gain"] == 0.2
    assert table.loc["recent_popularity", "engine's gain 95 %"] == "-0.050 to 0.450"
    assert np.isnan(table.loc[ENGINE, "engine's gain"])
    pd.testing.assert_frame_equal(accuracy(report, "cold").set_index("scorer"), table)


def test_content_and_accuracy_are_one_table_in_a_file(report):
    assert content(report)["diversification"].tolist() == [12.5] * 3
    whole = everything(report)
    assert len(whole) == 3
    assert {"ndcg@10", "gini", "diversification"} <= set(whole.columns)


def test_groups_stand_side_by_side_with_their_sizes(report):
    assert by_group(report)["cold (1,234)"].tolist()[-1] == "0.500 [0.400-0.600]"


def test_assumptions_of_publication_stand_below_each_other(report):
    table = by_publication([report, report])
    assert len(table) == 2
    assert table["unreachable"][0] == pytest.approx(0.55)
    assert table["by assumption"][0] == pytest.approx(0.5)
    assert table["known days before the start"][0] == 14


def test_calibration_has_all_pairs_first(report):
    assert calibration(report)["chances"].tolist() == ["all", "fifth 1"]
