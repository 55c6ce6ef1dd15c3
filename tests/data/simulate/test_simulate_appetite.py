"""Evenings run out, and nobody goes to one kind of thing only."""

import numpy as np
import pytest

from data.simulate.behaviour.appetite import MOST_EVENINGS, SATIATION, Appetite, draw_evenings


def test_active_people_have_more_evenings():
    rng = np.random.default_rng(1)
    idle, busy = (draw_evenings(np.full(4_000, a, np.float32), rng) for a in (0.1, 3.0))
    assert idle.min() == busy.min() == 1
    assert idle.mean() == pytest.approx(1.1, abs=0.05)
    assert busy.mean() == pytest.approx(4.0, abs=0.1)
    assert busy.max() <= MOST_EVENINGS


def test_an_evening_is_spent_once_and_satiation_multiplies():
    appetite = Appetite(np.array([1, 3], np.uint8), whole=True)
    persons, lecture = np.array([0, 1]), np.array([1, 1])
    assert appetite.wish(persons, lecture).tolist() == [1, 1]
    appetite.go(persons, lecture)
    assert appetite.wish(persons, lecture) == pytest.approx([0, SATIATION])
    assert appetite.wish(persons, np.array([0, 0])) == pytest.approx([0, 1])
    appetite.go(np.array([1]), np.array([1]))
    assert appetite.wish(persons, lecture) == pytest.approx([0, SATIATION**2])
    appetite.new_quarter()
    assert appetite.wish(persons, lecture).tolist() == [1, 1]


def test_several_wishes_of_one_day_do_not_outrun_the_evenings():
    appetite = Appetite(np.array([2, 1], np.uint8), whole=True)
    wishes = appetite.wish(np.array([0, 1, 0, 0, 1]), np.array([0, 0, 1, 2, 3]))
    assert wishes.tolist() == [1, 1, 1, 0, 0]


def test_a_crowd_chooses_in_expectation():
    appetite = Appetite(np.array([1, 2], np.uint8))
    appetite.all_go(4, np.array([0.25, 0.25], np.float32))
    assert appetite.free() == pytest.approx([0.75, 1])
    assert appetite.eager(4) == pytest.approx(SATIATION**0.25)
    assert appetite.eager(3) == pytest.approx(1)
