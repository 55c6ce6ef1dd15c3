"""Prices of scarce seats, and how long they hold."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from data.dataset import Dataset
from recommender.ranking.lists.sampled_prices import price_seats
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


def test_scarce_seats_get_a_price(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    dataset = plain_world()
    seats = pd.array([None] * 60, dtype="Int64")
    favourite = suggester(model, dataset).for_resident("r05", 1)[0].event_id
    events = dataset["events"].assign(seats=seats)
    events.loc[events["event_id"] == favourite, "seats"] = 1
    made = suggester(model, dataset.replace(events=events))
    prices = price_seats(made.engine, 5, rng=np.random.default_rng(0))
    assert prices.shape == (60,)
    assert (prices >= 0).all()
    priced = dict(zip(made.list_tables.text.event_id, prices.tolist(), strict=True))
    assert all(price == 0 for event, price in priced.items() if event != favourite)
