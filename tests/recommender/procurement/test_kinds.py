"""The table of shapes: every category of the contract has one."""

from data.schema import CATEGORIES
from recommender.procurement.kinds import SHAPES, USUAL, shape_of


def test_shapes_are_of_categories_and_the_others_are_usual() -> None:
    assert set(SHAPES) <= set(CATEGORIES)
    assert shape_of("performance") is USUAL
    assert shape_of("no such kind") is USUAL


def test_what_an_officer_expects() -> None:
    assert shape_of("exhibition").days > 1
    assert shape_of("exhibition").once
    assert shape_of("course").series > 1
    assert not shape_of("tour").hall
    assert shape_of("online").everywhere
    assert not shape_of("online").hall
