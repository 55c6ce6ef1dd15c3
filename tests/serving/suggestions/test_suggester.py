"""Single lists: asked from another place, the ranking follows as well as the distances."""

from collections.abc import Callable

import numpy as np

from data.dataset import Dataset
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


def test_a_query_asked_from_another_place_is_ranked_from_there(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, plain_world())
    engine, tables = made.engine, made.list_tables
    streets = {area: street for area, street in tables.street_of.items() if street >= 0}
    resident = int(np.flatnonzero(tables.snapshot.resident_profiled)[0])
    home = int(tables.snapshot.resident_street[resident])
    area = next(area for area, street in streets.items() if street != home)
    asked = engine.ask_residents(resident, resident + 1)
    moved = made.asked_from(asked, area)
    columns = np.arange(len(tables.candidates))
    expected = engine.bound.score(
        asked.residents, tables.candidates, engine.inputs.at, streets=np.array([streets[area]])
    ).total
    np.testing.assert_array_equal(engine.scores(moved, columns).total, expected)
    assert moved.facts.home[0] == tables.area_rows[area]
    if home >= 0:
        assert not np.array_equal(expected, engine.scores(asked, columns).total)


def test_without_a_profile_another_places_list_is_that_of_everybody_there(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, plain_world())
    areas = list(made.list_tables.street_of)
    place = made.ask_place(areas[1])
    moved = made.asked_from(made.ask_place(areas[0]), areas[1])
    assert moved.seeds == place.seeds
    np.testing.assert_array_equal(
        made.engine.lists(moved, 5).columns, made.engine.lists(place, 5).columns
    )
