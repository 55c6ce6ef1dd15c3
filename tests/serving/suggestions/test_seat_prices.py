"""Prices of scarce seats, and how long they hold."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from data.dataset import Dataset
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.suggestions.kept_prices import load_prices, save_prices
from serving.suggestions.list_tables import ListTables
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


def test_seat_prices_of_the_batch_serve_single_lists_for_two_days(
    model: SuggestionModel,
    tmp_path: Path,
    plain_world: Worlds,
    suggester: Makes,
    now: datetime,
) -> None:
    made = suggester(model, plain_world())
    prices = np.linspace(0, 2, 60)
    assert load_prices(tmp_path, made.list_tables, "m1") is None
    save_prices(tmp_path, made.list_tables, prices, "m1")
    found = load_prices(tmp_path, made.list_tables, "m1")
    assert found is not None
    np.testing.assert_array_equal(found, prices)
    assert load_prices(tmp_path, made.list_tables, "m2") is None
    later = ListTables(plain_world(), now + timedelta(hours=49))
    assert load_prices(tmp_path, later, "m1") is None
