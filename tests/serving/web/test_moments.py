"""Days as people say them."""

from datetime import datetime, timedelta

from data.district_time import district_zone
from serving.web.moments import day_words, moment_words, weekend_of

THURSDAY = datetime(2026, 10, 1, 9, tzinfo=district_zone())


def test_near_days_have_their_own_words() -> None:
    def words(days: int, lang) -> str:
        return day_words(THURSDAY + timedelta(days=days), now=THURSDAY, lang=lang)

    assert [words(days, "zh") for days in (0, 1, 2, 3)] == [
        "今天 10月1日 周四",
        "明天 10月2日 周五",
        "后天 10月3日 周六",
        "10月4日 周日",
    ]
    assert words(1, "en") == "tomorrow Fri 2 Oct"
    assert words(100, "en") == "Sat 9 Jan 2027"
    assert words(100, "zh") == "2027年1月9日 周六"


def test_the_part_of_the_day_is_the_districts() -> None:
    late = datetime(2026, 10, 3, 14, 30, tzinfo=district_zone()).astimezone()
    assert moment_words(late, now=THURSDAY, lang="zh") == "后天 10月3日 周六 下午 14:30"
    assert moment_words(late, now=THURSDAY, lang="en") == "Sat 3 Oct afternoon 14:30"


def test_a_weekend_is_what_is_left_of_it() -> None:
    saturday = THURSDAY.date() + timedelta(days=2)
    sunday = saturday + timedelta(days=1)
    assert weekend_of(THURSDAY) == (saturday, sunday)
    assert weekend_of(THURSDAY + timedelta(days=3)) == (sunday, sunday)
