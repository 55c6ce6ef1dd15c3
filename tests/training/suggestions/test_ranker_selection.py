"""What is chosen to rank with, and on which windows."""

from dataclasses import replace

import numpy as np

from recommender.ranking.features.registry import NAMES
from recommender.ranking.model.ranker import Rows
from training.suggestions import ranker_selection
from training.suggestions.ranker_selection import FEW_QUESTIONS, MIX, fit_ranker

START = np.datetime64("2026-01-01", "us")
WEEK = np.timedelta64(7, "D")


def periods(n, *, stride=WEEK):
    """Windows of a week each, one every ``stride``."""
    return [(START + i * stride, START + i * stride + WEEK) for i in range(n)]


def fitted(windows, *, frugal=False):
    return fit_ranker(windows, periods(len(windows)), seed=1, frugal=frugal)


def questions(told, *, windows=6, each=40, seed=0):
    """Ten candidates a question, one booked; ``told`` names the signal that tells which."""
    rng = np.random.default_rng(seed)
    rows = []
    for window in range(windows):
        x = rng.normal(size=(each * 10, len(NAMES))).astype(np.float32)
        booked = np.zeros((each, 10), dtype=bool)
        booked[np.arange(each), rng.integers(0, 10, each)] = True
        for name in told:
            x[:, NAMES.index(name)] += 3.0 * booked.ravel()
        rows.append(
            Rows(x, booked.ravel(), np.full(each, 10), np.full(each, window, dtype=np.int64))
        )
    return rows


def first_hits(ranker, windows):
    rows = Rows.join(windows)
    best = ranker.predict(rows.x).reshape(-1, 10).argmax(axis=1)
    return rows.booked.reshape(-1, 10)[np.arange(len(best)), best].mean()


def test_what_tells_is_learnt():
    ranker = fitted(questions(["distance", "content"]))
    assert first_hits(ranker, questions(["distance", "content"], seed=5)) > 0.9


def test_where_nights_are_long_trees_rank_only_if_they_are_worth_it():
    usual = fitted(questions(["distance", "content"]))
    frugal = fitted(questions(["distance", "content"]), frugal=True)
    assert (set(usual.mix), set(frugal.mix)) == ({"linear", "lambdarank", "binary"}, {"linear"})
    # What is told by neither signal alone no weighted sum can find.
    crossed = [
        replace(rows, booked=np.sign(rows.x[:, 0]) * np.sign(rows.x[:, 1]) > 0)
        for rows in questions([], each=100)
    ]
    assert fitted(crossed, frugal=True).trees


def test_plain_popularity_ranks_where_nothing_else_tells_and_little_is_known():
    ranker = fitted(questions(["popularity"], windows=3, each=20))
    assert first_hits(ranker, questions(["popularity"], seed=5)) > 0.8  # by chance .1
    few = questions(["popularity"], windows=1, each=FEW_QUESTIONS - 1)
    # Three standard deviations above nine others: .87 are found by the signal itself.
    assert first_hits(fitted(few), questions(["popularity"], seed=5)) > 0.8


def test_windows_that_reach_into_the_validation_are_not_fitted_on(monkeypatch):
    seen = []
    fit_all = ranker_selection._fit_all

    def record(rows, seed, only=None):
        seen.append(set(rows.window.tolist()))
        return fit_all(rows, seed, only)

    monkeypatch.setattr(ranker_selection, "_fit_all", record)
    half = np.timedelta64(84, "h")
    fit_ranker(questions(["distance"], windows=9), periods(9, stride=half), seed=1)
    # Windows 6-8 are validated on; 5 ends after 6 has started.
    assert seen == [{0, 1, 2, 3, 4}, set(range(9))]


def test_nothing_is_compared_where_every_window_overlaps_the_last():
    day = np.timedelta64(1, "D")
    ranker = fit_ranker(questions(["popularity"], windows=6), periods(6, stride=day), seed=1)
    assert ranker.mix == MIX
