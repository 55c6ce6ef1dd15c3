"""Which past windows are replayed, and what is chosen to rank with."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from recommender.ranking.features.registry import NAMES
from recommender.ranking.model.ranker import Rows
from training.suggestions.ranker_selection import FEW_QUESTIONS, fit_ranker
from training.suggestions.time_splits import DAY
from training.suggestions.training_windows import past_windows


@dataclass
class Log:
    """As much of a snapshot as windows are cut from."""

    log_time: np.ndarray
    as_of: np.datetime64


def log_of(days, bookings):
    start = np.datetime64("2026-01-01", "us")
    times = start + (np.arange(bookings) * (days * DAY / bookings)).astype("timedelta64[us]")
    return Log(times, start + days * DAY)


@pytest.mark.parametrize(
    ("days", "bookings", "step", "count", "stride"),
    [
        (1000, 50_000, 14, 28, 14.0),  # enough of both: windows stand side by side
        (1000, 5_000, 14, 94, 7.0),  # few bookings: they overlap by half
        (150, 80_000, 33, 13, 5.6),  # little time: as many as asked for, overlapping
        (40, 80_000, 14, 13, 1.0),  # never closer than a day
    ],
)
def test_windows_overlap_where_bookings_or_time_are_short(days, bookings, step, count, stride):
    log = log_of(days, bookings)
    found = past_windows(log, step * DAY, bookings=20_000, least=12, most=120)
    starts = np.array([start for start, _ in found])
    assert found[-1][1] == log.as_of
    assert all(end - start == step * DAY for start, end in found)
    assert starts[0] >= log.log_time[bookings // 3]
    assert len(found) == count
    assert np.diff(starts).astype(np.int64) / DAY.astype(np.int64) == pytest.approx(stride, abs=0.1)


def questions(told, *, windows=6, each=40, seed=0):
    """Ten candidates a question, one booked; ``told`` names the signal that tells which."""
    rng = np.random.default_rng(seed)
    training_windows = []
    for window in range(windows):
        x = rng.normal(size=(each * 10, len(NAMES))).astype(np.float32)
        booked = np.zeros((each, 10), dtype=bool)
        booked[np.arange(each), rng.integers(0, 10, each)] = True
        for name in told:
            x[:, NAMES.index(name)] += 3.0 * booked.ravel()
        training_windows.append(
            Rows(x, booked.ravel(), np.full(each, 10), np.full(each, window, dtype=np.int64))
        )
    return training_windows


def first_hits(ranker, training_windows):
    rows = Rows.join(training_windows)
    best = ranker.predict(rows.x).reshape(-1, 10).argmax(axis=1)
    return rows.booked.reshape(-1, 10)[np.arange(len(best)), best].mean()


def test_what_tells_is_learnt():
    ranker = fit_ranker(questions(["distance", "words"]), seed=1)
    assert first_hits(ranker, questions(["distance", "words"], seed=5)) > 0.9


def test_where_nights_are_long_trees_rank_only_if_they_are_worth_it():
    usual = fit_ranker(questions(["distance", "words"]), seed=1)
    frugal = fit_ranker(questions(["distance", "words"]), seed=1, frugal=True)
    assert (set(usual.mix), set(frugal.mix)) == ({"linear", "lambdarank", "binary"}, {"linear"})
    # What is told by neither signal alone no weighted sum can find.
    crossed = [
        replace(rows, booked=np.sign(rows.x[:, 0]) * np.sign(rows.x[:, 1]) > 0)
        for rows in questions([], each=100)
    ]
    assert fit_ranker(crossed, seed=1, frugal=True).trees


def test_plain_popularity_ranks_where_nothing_else_tells_and_little_is_known():
    ranker = fit_ranker(questions(["popularity"], windows=3, each=20), seed=1)
    assert first_hits(ranker, questions(["popularity"], seed=5)) > 0.8  # by chance .1
    few = questions(["popularity"], windows=1, each=FEW_QUESTIONS - 1)
    assert first_hits(fit_ranker(few, seed=1), questions(["popularity"], seed=5)) > 0.9
