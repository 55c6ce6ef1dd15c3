"""Codes, whole names and unambiguous parts are taken; all else is refused with the nearest."""

import pytest

from recommender.errors import UnknownIdError, UsageError
from serving.names import audience_names, category_names, resolve

STREETS = {
    "310105102": ("仙霞新村街道",),
    "310105006": ("新华路街道",),
    "310105002": ("江苏路街道",),
    "310105003": (),
}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("310105102", "310105102"),
        ("仙霞新村街道", "310105102"),
        ("仙霞新村", "310105102"),
        (" 仙霞 新村街道 ", "310105102"),
        ("３１０１０５００３", "310105003"),
    ],
)
def test_codes_and_names_lead_to_the_code(wanted: str, code: str) -> None:
    assert resolve(wanted, STREETS, what="street") == code


@pytest.mark.parametrize("wanted", ["路街道", "街道", "新"])
def test_what_several_have_is_refused_with_all_of_them(wanted: str) -> None:
    with pytest.raises(UsageError, match=r"may mean several: .*310105006 新华路街道") as refused:
        resolve(wanted, STREETS, what="street")
    assert not isinstance(refused.value, UnknownIdError)


def test_what_nothing_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownIdError, match="Nearest: 310105006 新华路街道"):
        resolve("新花路街道", STREETS, what="street")
    with pytest.raises(UnknownIdError, match="no street has the code or name '3101051'"):
        resolve("3101051", STREETS, what="street")  # a part of a code is no name
    with pytest.raises(UnknownIdError, match="Known: a, b"):
        resolve("zzz", {"a": (), "b": ()}, what="letter")
    with pytest.raises(UnknownIdError):
        resolve("", {"a": ("x",)}, what="letter")


def test_two_things_of_one_name_are_told_apart_by_code() -> None:
    with pytest.raises(UsageError, match="P1 琴, P2 琴"):
        resolve("琴", {"P1": ("琴",), "P2": ("琴",), "P3": ("钢琴",)}, what="product")
    assert resolve("钢琴", {"P1": ("琴",), "P3": ("钢琴",)}, what="product") == "P3"
    assert resolve("琴", {"P1": ("琴",), "P3": ("钢琴",)}, what="product") == "P1"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [("演出", "performance"), ("Performances", "performance"), ("导赏", "tour"),
     ("guided tour", "tour"), ("线上", "online"), ("线上活动", "online"), ("活动", "activity")],
)  # fmt: skip
def test_categories_have_chinese_and_english_names(wanted: str, code: str) -> None:
    assert resolve(wanted, category_names(), what="category") == code


def test_audience_groups_have_names() -> None:
    assert resolve("老年", audience_names(), what="audience") == "senior"
    assert resolve("Seniors", audience_names(), what="audience") == "senior"
