"""Windows and splits in time."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from training.suggestions.time_splits import (
    DAY,
    Queries,
    among,
    sample_queries,
    split_without_overlap,
    windows,
)

START = np.datetime64("2026-01-01", "us")


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_no_window_fitted_on_reaches_into_one_validated_on(n, stride, length):
    periods = [(START + i * stride * DAY, START + (i * stride + length) * DAY) for i in range(n)]
    fitted, validated = split_without_overlap(periods)
    assert validated[-1]
    assert not (fitted & validated).any()
    first = min(periods[i][0] for i in np.flatnonzero(validated))
    assert all(periods[i][1] <= first for i in np.flatnonzero(fitted))
    # Nothing is purged without need.
    assert all(periods[i][1] > first for i in np.flatnonzero(~fitted & ~validated))


def test_without_overlap_the_latest_third_is_validated_on():
    periods = [(START + i * DAY, START + (i + 1) * DAY) for i in range(9)]
    fitted, validated = split_without_overlap(periods)
    assert fitted.tolist() == [True] * 6 + [False] * 3
    assert validated.tolist() == [False] * 6 + [True] * 3


def test_a_window_ends_at_the_next_cutoff_and_long_ones_are_asked_in_steps():
    found = windows([START, START + 30 * DAY], START + 90 * DAY, 14 * DAY)
    assert [window.end for window in found] == [START + 30 * DAY, START + 60 * DAY]
    assert found[0].asks == (START, START + 14 * DAY)
    assert found[0].steps()[-1] == (START + 14 * DAY, START + 30 * DAY)


def test_without_what_was_full_only_those_are_asked_who_took_something_else():
    relevant = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 1]], dtype=bool)
    excluded = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]], dtype=bool)
    asked = Queries(
        START,
        np.array([4, 6, 9]),
        np.array([10, 11, 12, 13]),
        *map(sp.csr_matrix, (relevant, excluded)),
        5,
    )
    found = among(asked, np.array([10, 12, 13, 99]))
    assert found.residents.tolist() == [4, 9]
    assert found.candidates.tolist() == [10, 12, 13]
    assert found.relevant.toarray().tolist() == [[True, True, False], [False, False, True]]
    assert found.excluded.toarray().tolist() == [[False, False, False], [False, True, False]]
    assert found.missed == 7


def test_a_sample_of_questions_takes_those_first_who_were_known():
    n = 12
    asked = Queries(
        at=START,
        residents=np.arange(n),
        candidates=np.arange(2),
        relevant=sp.csr_matrix(np.ones((n, 2), dtype=bool)),
        excluded=sp.csr_matrix((n, 2), dtype=bool),
        missed=0,
    )
    known = np.arange(n) % 3 == 0
    few = sample_queries(asked, 3, np.random.default_rng(0), known)
    assert len(few.residents) == 3
    assert set(few.residents) < set(np.flatnonzero(known))
    more = sample_queries(asked, 7, np.random.default_rng(0), known)
    assert set(more.residents) > set(np.flatnonzero(known))
    assert more.residents.tolist() == sorted(more.residents)
    assert more.relevant.shape == (7, 2)
