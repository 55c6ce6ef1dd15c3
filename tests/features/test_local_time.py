"""Hours and weekdays are those of the district's clock, in summer and in winter."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.local_time import local_times


@pytest.mark.parametrize(
    ("zone", "moment", "local"),
    [
        ("Asia/Shanghai", "2027-01-10T23:30", "2027-01-11T07:30"),
        ("Europe/Paris", "2027-01-10T23:30", "2027-01-11T00:30"),
        ("Europe/Paris", "2027-07-10T22:30", "2027-07-11T00:30"),
        ("Europe/Paris", "2027-03-28T00:59:59", "2027-03-28T01:59:59"),
        ("Europe/Paris", "2027-03-28T01:00", "2027-03-28T03:00"),
        ("America/St_Johns", "2027-07-10T01:00", "2027-07-09T22:30"),
    ],
)
def test_the_clock_of_the_zone(zone: str, moment: str, local: str) -> None:
    found = local_times(np.array([moment], "datetime64[us]"), ZoneInfo(zone))
    assert found.dtype == np.dtype("datetime64[us]")
    assert found[0] == np.datetime64(local, "us")


def test_what_has_no_time_stays_without() -> None:
    assert np.isnat(
        local_times(np.array(["NaT"], "datetime64[us]"), ZoneInfo("Europe/Paris"))
    ).all()
    assert len(local_times(np.zeros(0, "datetime64[us]"), ZoneInfo("Europe/Paris"))) == 0
