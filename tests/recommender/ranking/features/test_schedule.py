"""Times of events and habits: known answers."""

import numpy as np
import pytest

from recommender.ranking.features.schedule import Schedule
from recommender.ranking.query import make_query


def test_weekday_and_hour_are_local_and_lead_counts_days(snapshot, position):
    found = Schedule(snapshot).signals(np.arange(4), snapshot.as_of)
    next1, next2 = position["next1"], position["next2"]
    assert (found["weekday"][next1], found["hour"][next1]) == (5, 10)
    assert (found["weekday"][next2], found["hour"][next2]) == (0, 19)
    assert found["lead"][next1] == pytest.approx(np.log1p(5 + 2 / 24), rel=1e-5)
    assert found["lead"][position["past1"]] == 0
    assert found["age"][next1] == pytest.approx(np.log1p(4), rel=1e-5)
    assert np.isnan(found["queue_supplier"][position["past1"]])
    assert found["queue_supplier"][next1] == 0


def test_who_books_at_weekends_leans_to_them_and_nobody_has_no_habit(snapshot, position):
    r1 = snapshot.residents.position("r1")
    query = make_query(snapshot, np.array([r1, -1]), np.arange(4), snapshot.as_of)
    found = Schedule(snapshot).habits(query)
    assert found[0, position["next1"]] > 0 > found[0, position["next2"]]
    assert np.isnan(found[1]).all()
