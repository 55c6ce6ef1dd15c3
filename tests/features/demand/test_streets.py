"""Streets, people and residents of a hand-made district."""

import numpy as np
import pytest

from data.dataset import Dataset
from features.demand.streets import AGE_BANDS, members, read_residents, read_streets

YOUNG, OLD = AGE_BANDS.index("18-34"), AGE_BANDS.index("60-69")


def test_neighbourhoods_belong_to_their_street(tables: Dataset) -> None:
    streets = read_streets(tables)
    assert list(streets.streets.ids) == ["s1", "s2"]
    assert streets.area_street == {"s1": 0, "s2": 1, "n1": 0, "n2": 1}
    assert streets.names == ("one", "two")
    assert streets.workers[0] == 500
    assert np.isnan(streets.workers[1])


def test_a_street_without_an_age_table_takes_the_mix_of_those_with_one(tables: Dataset) -> None:
    streets = read_streets(tables)
    assert streets.population[0, [YOUNG, OLD]].tolist() == [100, 300]
    # 3,000 people by the areas table, in the proportions of the first street.
    assert streets.population[1, [YOUNG, OLD]] == pytest.approx([750, 2250])
    assert streets.population_known.all()


def test_own_rows_of_a_street_win_over_those_of_its_neighbourhoods(tables: Dataset) -> None:
    population = tables["population"].assign(area_code=["n1", "s1"])
    streets = read_streets({**tables, "population": population})
    assert streets.population[0, [YOUNG, OLD]].tolist() == [0, 300]


def test_residents_by_street_and_joining_time(tables: Dataset) -> None:
    streets = read_streets(tables)
    residents = read_residents(tables, streets)
    assert residents.street.tolist() == [0, 1, -1]
    counted = members(residents, 2)
    assert counted.sum() == 2
    assert counted[0, YOUNG] == counted[1, OLD] == 1
    early = members(residents, 2, np.datetime64("2026-05-01", "us"))
    assert early.sum(axis=1).tolist() == [1, 0]


def test_without_streets_the_areas_where_residents_live_stand_for_them(tables: Dataset) -> None:
    areas = tables["areas"].assign(level="neighbourhood", parent_code=None)
    found = read_streets({**tables, "areas": areas})
    assert set(found.streets.ids) == {"n1", "s2"}
