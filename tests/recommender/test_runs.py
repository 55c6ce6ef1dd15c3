"""Days of runs, and who has come after so many of them."""

import numpy as np
import pytest

from recommender.runs import run_days, share_reached


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2027-01-01T09:00", "2027-01-14T17:00", 14),
        ("2027-01-01T19:00", "2027-01-01T21:00", 1),
        ("2027-01-01T22:00", "2027-01-02T01:00", 1),
        ("2027-01-01T09:00", "2027-01-02T17:00", 2),
        ("2027-01-01T09:00", "2027-01-02T09:00", 1),
        ("2027-01-01T09:00", "NaT", 1),
        ("NaT", "2027-01-01T09:00", 1),
    ],
)
def test_days_of_a_run(start: str, end: str, days: int) -> None:
    one = np.array([start], dtype="datetime64[us]"), np.array([end], dtype="datetime64[us]")
    assert run_days(*one).tolist() == [days]


def test_people_come_mostly_in_the_first_days() -> None:
    found = share_reached(np.array([0.0, 7.0, 14.0, 1000.0]))
    assert found[0] == 0
    assert found[1] == pytest.approx(0.632, abs=0.001)
    assert found[2] == pytest.approx(0.865, abs=0.001)
    assert found[3] == pytest.approx(1.0)
    assert (np.diff(found) > 0).all()
