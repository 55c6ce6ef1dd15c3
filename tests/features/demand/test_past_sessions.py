"""What past sessions say of a product: its price, its place, and who was there."""

from unittest.mock import MagicMock

import numpy as np

from features.demand.past_sessions import count_contributors, mostly_free, take_place_nowhere


def features(group: list[int], categories: tuple[str, ...]) -> MagicMock:
    made = MagicMock()
    made.group, made.categories = np.array(group), categories
    return made


def test_a_product_is_free_if_most_of_its_sessions_are_or_none_was_held() -> None:
    sessions = MagicMock()
    sessions.product = np.array([0, 0, 0, 1, 1])
    sessions.free = np.array([True, True, False, False, False])
    assert mostly_free(sessions, 3).tolist() == [True, False, True]


def test_what_is_online_or_was_never_in_a_street_takes_place_nowhere() -> None:
    sessions = MagicMock()
    sessions.product, sessions.street = np.array([0, 0, 1, 2]), np.array([-1, -1, 3, -1])
    found = take_place_nowhere(sessions, features([0, 0, 0, 1, 0], ("film", "online")), 5)
    # Held nowhere; held in a street; held nowhere and online; online by category; never held.
    assert found.tolist() == [True, False, True, True, False]


def test_contributors_are_distinct_residents_of_the_street_by_category() -> None:
    residents, sessions, active = MagicMock(), MagicMock(), MagicMock()
    residents.street = np.array([0, 0, 1, -1])
    sessions.product, sessions.past = np.array([0, 1, 2]), np.array([True, True, False])
    # 0 books both products of category 0, 1 one of them, 2 a session to come; 3 has no street.
    active.resident, active.session = np.array([0, 0, 1, 2, 3]), np.array([0, 1, 1, 2, 0])
    found = count_contributors(residents, sessions, active, features([0, 0, 1], ("a", "b")), 2)
    assert found.tolist() == [[2, 2, 0], [0, 0, 0]]
