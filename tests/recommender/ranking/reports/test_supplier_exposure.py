"""Exposure of suppliers: known answers, and a Gini index against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.ranking.reports.supplier_exposure import supplier_exposure


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


@given(lists=st.lists(st.lists(st.integers(-1, 5), min_size=3, max_size=3), max_size=8))
@settings(max_examples=60)
def test_gini_is_the_mean_difference_of_any_two_suppliers(lists: list[list[int]]) -> None:
    supplier = np.array([0, 1, 1, 2, 3, -1], dtype=np.int32)
    report = supplier_exposure(np.array(lists, dtype=np.intp).reshape(-1, 3), supplier, 5)
    slots = report.slots[:4]  # the fifth supplier offers nothing
    apart = np.abs(slots[:, None] - slots).sum()
    assert report.gini == pytest.approx(apart / (2 * 4 * max(slots.sum(), 1e-9)))
    assert 0 <= report.gini < 1
    assert report.slots[4] == report.supply_share[4] == 0
    assert report.unseen == np.mean(slots == 0)
    if slots.sum():
        assert report.share.sum() == pytest.approx(1)
        assert report.concentration == pytest.approx((report.share**2).sum())


def test_without_lists_or_events_nothing_is_shared() -> None:
    nothing = supplier_exposure(np.zeros((0, 5), np.intp), np.zeros(0, np.int32), 2)
    assert (nothing.gini, nothing.concentration, nothing.unseen) == (0, 0, 0)
    assert not nothing.share.any()
    assert not nothing.supply_share.any()
