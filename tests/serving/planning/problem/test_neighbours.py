"""Streets within reach of each other, by their points."""

import numpy as np

from features.demand.streets import read_streets
from serving.planning.problem.neighbours import near_streets


def test_near_is_by_distance_symmetric_and_of_others(dataset_of) -> None:
    rows = dataset_of()["areas"].to_dict("records")
    third = {**rows[-1], "area_code": "S3", "name": "S3"}
    places = (31.2, 31.2, 31.21, 31.3)
    areas = [
        {**row, "lat": lat, "lon": 121.4}
        for row, lat in zip([*rows, third], places, strict=True)
    ]  # fmt: skip
    streets = read_streets(dataset_of(areas=areas))
    near = near_streets(streets, ["S1", "S2", "S3"], 3000.0)  # 1.1 km, 11 km
    assert near.tolist() == [[False, True, False], [True, False, False], [False] * 3]
    assert np.array_equal(near_streets(streets, ["S2", "S1"], 100.0), np.zeros((2, 2), bool))


def test_a_street_without_a_point_is_near_none(dataset_of) -> None:
    streets = read_streets(dataset_of())
    assert not near_streets(streets, ["S1", "S2"], 1e9).any()
