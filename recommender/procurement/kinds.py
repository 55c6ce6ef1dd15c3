"""The shapes in which kinds of products are bought and held: one small table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KindShape:
    """How a kind of products is bought and held.

    Attributes
    ----------
    days
        One session lasts so many days in a row (an exhibition's run); seats are a day's.
    series
        Sessions are bought in series of so many, with one enrolment, in one room.
    hall
        Whether it takes up a hall: what is out of doors or online does not.
    once
        Whether a place has it once, whatever the rules allow.
    everywhere
        Whether one purchase serves all streets: it is bought once for the district.
    """

    days: int = 1
    series: int = 1
    hall: bool = True
    once: bool = False
    everywhere: bool = False


USUAL = KindShape()
"""A session is one sitting in a hall."""

SHAPES = {
    "exhibition": KindShape(days=14, once=True),
    "course": KindShape(series=8),
    "tour": KindShape(hall=False),
    "online": KindShape(hall=False, once=True, everywhere=True),
}
"""Shapes that are not the usual one; days and lessons are *assumed* where nothing was held yet."""


def shape_of(category: str) -> KindShape:
    """The shape of a category's products."""
    return SHAPES.get(category, USUAL)
