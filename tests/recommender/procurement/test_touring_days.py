"""Touring pairs get two days in a row, weekends first."""

from datetime import date, timedelta

from recommender.procurement.schedule import Slot
from recommender.procurement.touring_days import tour_days


def slots(pairs: int) -> list[Slot]:
    return [
        Slot(0, side, product=0, venue=0, month=0, sessions=1, placed=True, tour=pair)
        for pair in range(pairs)
        for side in (0, 1)
    ]


def test_pairs_of_a_product_get_weekends_first_and_different_days() -> None:
    days = tour_days(["2027-01"], slots(6))
    firsts = [days[pair][0] for pair in range(6)]
    # January 2027 has five Saturdays with a Sunday in the month; the sixth pair gets a Wednesday.
    assert [day.weekday() for day in firsts] == [5, 5, 5, 5, 5, 2]
    assert len(set(firsts)) == 6
    assert firsts[0] == date(2027, 1, 2)
    for first, second in days.values():
        assert second - first == timedelta(days=1)
        assert first.month == second.month == 1


def test_what_does_not_tour_has_no_days() -> None:
    assert tour_days(["2027-01"], [Slot(0, 0, 0, 0, 0, 1, True)]) == {}
