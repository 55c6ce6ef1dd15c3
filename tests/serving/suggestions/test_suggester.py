"""Single lists: asked from another place, the ranking follows as well as the distances."""

from collections.abc import Callable

import numpy as np

from data.dataset import Dataset
from recommender.ranking.model.suggestion_model import SuggestionModel
from recommender.ranking.query import make_query
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


def two_streets(dataset: Dataset) -> Dataset:
    """Venues in another street than everybody's homes."""
    venues = dataset["venues"].assign(area_code="310105102", lat=31.22, lon=121.40)
    return dataset.replace(venues=venues)


def test_a_query_asked_from_another_place_is_ranked_from_there(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, two_streets(plain_world()))
    engine, tables = made.engine, made.list_tables
    streets = {area: street for area, street in tables.street_of.items() if street >= 0}
    resident = int(np.flatnonzero(tables.snapshot.resident_profiled)[0])
    home = int(tables.snapshot.resident_street[resident])
    area = next(area for area, street in streets.items() if street != home)
    asked = engine.ask_residents(resident, resident + 1)
    moved = made.asked_from(asked, area)
    assert moved.facts.home[0] == tables.area_rows[area]
    distance = [
        engine.bound.signals(
            make_query(
                tables.snapshot, one.residents, tables.candidates, engine.inputs.at, one.streets
            )
        )["distance"]
        for one in (asked, moved)
    ]
    # The venues stand in that area: the ranker sees shorter ways from there than from home.
    assert (distance[1] < distance[0]).all()


def test_without_a_profile_another_places_list_is_that_of_everybody_there(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, two_streets(plain_world()))
    areas = list(made.list_tables.street_of)
    place = made.ask_place(areas[1])
    moved = made.asked_from(made.ask_place(areas[0]), areas[1])
    assert moved.seeds == place.seeds
    np.testing.assert_array_equal(
        made.engine.lists(moved, 5).columns, made.engine.lists(place, 5).columns
    )
