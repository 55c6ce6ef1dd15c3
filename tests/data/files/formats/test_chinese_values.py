"""Values of Chinese tables: choices, units, parts of the day."""

import re
from datetime import datetime

import pyarrow as pa
import pytest

from data.files.formats.chinese_values import CODES, UNITS, plain_clock, without_unit
from data.files.parsing import parse
from data.files.times import RANGE_HINT, read_range, read_time
from data.schema import TABLES

at = datetime.fromisoformat


def column(table: str, name: str):
    return next(each for each in TABLES[table].columns if each.name == name)


def parsed(table: str, name: str, *cells: str | None) -> list[object]:
    found = parse(pa.chunked_array([pa.array(cells, pa.string())]), column(table, name))
    return found.to_pylist()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-10-05 上午9点", at("2026-10-05 09:00")),
        ("2026年10月7日下午2:30", at("2026-10-07 14:30")),
        ("2026/10/8 晚上7点半", at("2026-10-08 19:30")),
        ("2026-10-08 中午12:00", at("2026-10-08 12:00")),
        ("2026-10-08 中午1点", at("2026-10-08 13:00")),
        ("2026-10-08 下午14:00", at("2026-10-08 14:00")),
        ("2026-10-08 19点05分", at("2026-10-08 19:05")),
        ("2026年10月6日（周二）9点", at("2026-10-06 09:00")),
    ],
)
def test_parts_of_the_day_are_read(text: str, told: datetime) -> None:
    assert read_time(text) == told


@pytest.mark.parametrize(
    "clock",
    ["上午15:00", "晚上12点", "晚上3点", "下午0:30", "下午25点", "中午9点", "凌晨12点"],
)
def test_what_contradicts_itself_is_no_time(clock: str) -> None:
    assert read_time(f"2026-10-08 {clock}") is None


def test_a_range_keeps_its_part_of_the_day() -> None:
    afternoon = (at("2026-10-05 14:00"), at("2026-10-05 16:30"))
    assert read_range("2026-10-05 下午2:00-4:30") == afternoon
    assert read_range("2026年10月5日 上午10点至下午3点") == (
        at("2026-10-05 10:00"), at("2026-10-05 15:00"),
    )  # fmt: skip
    # Noon ends a morning.
    assert read_range("2026-10-05 上午9:00-12:00") == (
        at("2026-10-05 09:00"), at("2026-10-05 12:00"),
    )  # fmt: skip
    # Eleven in the morning to two in the morning is no range, nor is eight in the evening to one.
    assert read_range("2026-10-05 晚上8:00-1:00") is None
    assert read_range("2026-10-05 上午11:00-2:00") is None


def test_a_range_of_whole_hours_fills_both_columns() -> None:
    assert re.search(RANGE_HINT, "2026-10-05 下午2点-4点")
    assert read_range("2026-10-05 下午2点-4点") == (at("2026-10-05 14:00"), at("2026-10-05 16:00"))


def test_other_times_are_left_as_they_are() -> None:
    for text in ("2026-10-05T14:00:00+08:00", "46300.5", "2026-10-05 14:00-16:00", "20261005"):
        assert plain_clock(text) == text


def test_choices_in_chinese_are_those_of_the_column_alone() -> None:
    assert parsed("products", "category", "演出", " 讲座 ", "Film", "舞会", None) == [
        *parsed("products", "category", "performance", "lecture", "film"), None, None,
    ]  # fmt: skip
    assert parsed("residents", "sex", "女") == parsed("residents", "sex", "f")
    # 活动 is a category and no kind of booking.
    assert parsed("bookings", "status", "活动") == [None]
    assert parsed("products", "audience_groups", "老年人、亲子", "全年龄", "senior; family") == [
        "senior;family", "all", "senior;family",
    ]  # fmt: skip


def test_a_whole_number_may_have_its_unit_and_no_other() -> None:
    assert parsed("venues", "seats", "200座", "200 人", "１２０", "200+", "约300", "90分钟") == [
        200, 200, 120, None, None, None,
    ]  # fmt: skip
    assert parsed("products", "duration_min", "90分钟", "90钟分", "2小时") == [90, None, None]
    assert parsed("ratings", "stars", "5星", "5分") == [5, None]
    assert parsed("products", "price_fen", "3000元", "1.2万元") == [None, None]
    assert without_unit("18岁", "min_age") == "18"


def test_every_word_stands_for_a_code_that_some_column_has() -> None:
    columns = [each for table in TABLES.values() for each in table.columns]
    codes = {code for each in columns for code in each.choices or ()}
    assert set(CODES.values()) <= codes
    assert set(UNITS) <= {each.name for each in columns}
