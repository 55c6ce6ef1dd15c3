"""Something soon and something near in every list."""

from datetime import UTC, datetime, timedelta

from serving.pages.mixing import NEAR_M, mix
from serving.pages.programme import Entry

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def entry(name: str, days: int, metres: float | None = 5_000.0, *, lasting: bool = False) -> Entry:
    return Entry(
        name, name, NOW + timedelta(days=days), None, "v", "film", 0, True, metres, None, lasting
    )


def names(found: list[Entry]) -> str:
    return "".join(each.event_id for each in found)


def test_the_last_plain_ones_make_room_and_the_order_stays() -> None:
    plain = [entry(name, 30) for name in "abcdefgh"]
    further = [entry("i", 20), entry("s", 3), entry("n", 20, NEAR_M), entry("t", 2)]
    assert names(mix([*plain, *further], 8, NOW)) == "abcdesnt"


def test_a_list_that_has_both_or_has_no_other_is_left_alone() -> None:
    mixed = [entry("a", 2), entry("b", 3, 800), entry("c", 30, 500), *map(_far, "defgh")]
    assert names(mix([*mixed, entry("s", 1, 100)], 8, NOW)) == "abcdefgh"
    far = [*map(_far, "abcdefghij")]
    assert names(mix(far, 8, NOW)) == "abcdefgh"
    assert names(mix(far[:3], 8, NOW)) == "abc"


def test_what_is_on_is_soon_and_what_is_soon_is_not_given_up_for_what_is_near() -> None:
    soon = [entry(name, 1) for name in "abcd"]
    assert names(mix([*soon, entry("n", 30, 100)], 4, NOW)) == "abcd"
    plain = [*map(_far, "abcd")]
    assert names(mix([*plain, entry("x", -20, lasting=True)], 4, NOW)) == "abcx"


def _far(name: str) -> Entry:
    return entry(name, 30, None)
