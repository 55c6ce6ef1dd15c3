"""The district's zone is Shanghai's until a program chooses another."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from recommender.timezone import DEFAULT, district_zone, set_district_zone


def test_a_program_chooses_the_zone() -> None:
    assert district_zone() == ZoneInfo("Asia/Shanghai")
    try:
        set_district_zone("Europe/Paris")
        assert district_zone() == ZoneInfo("Europe/Paris")
        with pytest.raises(ZoneInfoNotFoundError):
            set_district_zone("Nowhere/Land")
        assert district_zone() == ZoneInfo("Europe/Paris")
    finally:
        set_district_zone(DEFAULT)
