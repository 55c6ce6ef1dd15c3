"""A street's usual venue: its street's mean, and a part of its own departure from it."""

from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from training.demand.sessions import VENUE_SHARE, SessionDemand


def demand(venues: list[float]) -> SessionDemand:
    one = np.ones(1)
    return SessionDemand(one, one, one, one, [np.array(venues)], one, one, one, one, 0.0)


def held(venue: list[int], street: list[int]) -> Any:
    sessions = MagicMock()
    sessions.venue, sessions.street = np.array(venue), np.array(street)
    sessions.past = np.ones(len(venue), dtype=bool)
    return sessions


def test_the_usual_venue_is_between_its_own_effect_and_its_streets() -> None:
    found = demand([1.0, 4.0]).place_effect(held([0, 1], [0, 0]), np.array([1]))
    assert found == pytest.approx([2.0 * 2.0**VENUE_SHARE])


def test_a_street_with_one_venue_has_its_effect_and_one_without_any_has_none() -> None:
    found = demand([0.5, 3.0]).place_effect(held([0, 0, 1], [0, 0, 1]), np.array([0, 1, -1]))
    assert found == pytest.approx([0.5, 3.0, 1.0])
