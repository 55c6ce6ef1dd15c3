import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.dataset import Dataset, canonical
from data.schema import TABLES
from training.evaluation.data_profile import DataProfile, fingerprint, newest_moment, profile_of
from training.evaluation.gate import (
    SERVED,
    GateRules,
    Verdict,
    check_level,
    check_quality,
    check_record,
)
from training.evaluation.gate import paired_difference as difference

RULES = GateRules(tolerance=0.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def failed(checks):
    return [check.name for check in checks if not check.passed]


def test_a_paired_difference_of_known_size():
    new, old = np.full(200, 0.5), np.full(200, 0.3)
    assert difference(new, old, rng=rng()).low == pytest.approx(0.2)
    noise = rng(1).normal(0, 1, 4000)
    found = difference(noise, np.zeros(4000), rng=rng())
    # The normal interval of a mean is the known answer for many residents.
    half = 1.96 * noise.std() / np.sqrt(4000)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)
    assert found.mean == pytest.approx(noise.mean())


def test_pairing_what_does_not_pair_is_refused():
    for left, right in ((3, 4), (0, 0)):
        with pytest.raises(ValueError, match="cannot pair"):
            difference(np.zeros(left), np.zeros(right), rng=rng())


def test_a_model_worse_beyond_noise_is_refused_and_a_slightly_different_one_is_not():
    base = rng(2).beta(2, 5, 800)
    worse = {"new": base - 0.05, "recent popularity": base - 0.1, "served": base}
    assert failed(check_quality(worse, RULES, rng=rng())[0]) == ["not worse than served"]
    same = {"new": base + rng(3).normal(0, 0.05, 800), "served": base}
    assert failed(check_quality(same, GateRules(), rng=rng())[0]) == []
    below = {"new": base - 0.05, "recent popularity": base}
    assert failed(check_quality(below, RULES, rng=rng())[0]) == ["not worse than recent popularity"]


def test_a_loss_within_the_margin_passes():
    base = np.full(500, 0.5)
    lists = {"new": base - 0.004, "served": base}
    assert failed(check_quality(lists, GateRules(tolerance=0.01), rng=rng())[0]) == []
    assert failed(check_quality(lists, GateRules(tolerance=0.001), rng=rng())[0]) != []
    nothing = {"new": np.zeros(500), "served": rng(1).beta(2, 5, 500)}
    assert failed(check_quality(nothing, GateRules(tolerance=1), rng=rng())[0]) == []


def draws(loss, residents, seed):
    """NDCG of two models on the same residents; the new one's true mean is lower by a share."""
    old = rng(seed).beta(0.5, 2, residents)
    noise = rng(seed + 10_000).normal(0, 0.15, residents)
    return {"new": old - loss * 0.2 + noise, "served": old}


def test_a_true_loss_of_15_percent_on_60_residents_rarely_passes_and_says_it_cannot_tell():
    rules = GateRules(resamples=200)
    checks = [check_quality(draws(0.15, 60, seed), rules, rng=rng())[0] for seed in range(200)]
    passed = sum(not failed(found) for found in checks)
    assert passed <= 10  # it was four in five
    told = [found[1].finding for found in checks if "too few questions to tell" in found[1].finding]
    assert len(told) > 100
    assert "60 residents, about" in told[0]


def test_an_equal_model_passes_once_there_are_as_many_residents_as_the_finding_asks_for():
    rules = GateRules(resamples=200)
    finding = check_quality(draws(0.0, 60, 0), rules, rng=rng())[0][1].finding
    needed = int(finding.split("about ")[1].split(" would")[0].replace(",", ""))
    assert 500 < needed < 2000  # (1.96 * 0.15 / (0.05 * 0.2)) ** 2 = 864
    many = [check_quality(draws(0.0, 4 * needed, seed), rules, rng=rng())[0] for seed in range(20)]
    assert sum(not failed(found) for found in many) >= 17


def test_a_first_model_passes_without_enough_residents_unless_it_is_surely_worse():
    lists = draws(0.0, 60, 0)
    assert failed(check_quality(lists, GateRules(), rng=rng())[0]) == ["not worse than served"]
    assert failed(check_quality(lists, GateRules(), rng=rng(), is_first=True)[0]) == []
    worse = {"new": lists["served"] - 0.1, "served": lists["served"]}
    assert failed(check_quality(worse, GateRules(), rng=rng(), is_first=True)[0]) != []


def test_an_undecided_refresh_passes_while_the_difference_seen_lies_within_the_margin():
    rules = GateRules(resamples=200)
    equal = [draws(0.0, 120, seed) for seed in range(40)]
    worse = [draws(0.4, 120, seed) for seed in range(40)]

    def released(lists, **options):
        named = {"new": lists["new"], SERVED: lists["served"]}
        return not failed(check_quality(named, rules, rng=rng(), **options)[0])

    refreshed = sum(released(lists, is_refresh=True) for lists in equal)
    assert refreshed >= 25 > 10 > sum(released(lists) for lists in equal)
    assert sum(released(lists, is_refresh=True) for lists in worse) == 0
    # Against popularity a refresh is shown like any other.
    assert failed(check_quality(draws(0.0, 60, 0), rules, rng=rng(), is_refresh=True)[0])


def test_a_score_or_a_number_of_residents_unlike_those_recorded_is_refused():
    record = [{"ndcg": score, "residents": 400} for score in (0.40, 0.42, 0.38)]
    found = check_record(np.full(380, 0.41), record, GateRules())
    assert failed(found) == []
    assert "0.4000 in 3 served models" in found[0].finding
    assert failed(check_record(np.full(380, 0.1), record, GateRules())) == [found[0].name]
    assert failed(check_record(np.full(380, 0.9), record, GateRules())) == [found[0].name]
    assert failed(check_record(np.full(60, 0.41), record, GateRules())) == [found[1].name]
    assert check_record(np.full(60, 0.1), [], GateRules()) == []


def test_nan_is_refused_and_an_empty_window_is_told():
    lists = {"new": np.array([0.5, np.nan]), "served": np.array([0.5, 0.5])}
    assert "scores are numbers" in failed(check_quality(lists, RULES, rng=rng())[0])
    (check,), _ = check_quality({"new": np.array([])}, RULES, rng=rng())
    assert check.passed
    assert "not compared" in check.finding


@pytest.mark.parametrize(
    ("new", "old", "passes"),
    [(10, 9, True), (31, 10, False), (3, 10, False), (5, None, True), (np.nan, 1, False),
     (np.inf, None, False), (5, 0, True)],
)  # fmt: skip
def test_a_level_may_not_jump(new, old, passes):
    assert check_level("demand", new, old, low=1 / 3, high=3).passed is passes


def test_a_verdict_tells_every_reason():
    checks = (check_level("a", np.nan, None, low=0), check_level("b", 9, 1, low=0, high=2))
    verdict = Verdict(checks)
    assert not verdict.passed
    assert verdict.reason == "a: nan; b: 9, 1 for the served model"
    assert verdict.to_json()["checks"][0] == {
        "name": "a", "passed": False, "finding": "a: nan", "warning": False,
    }  # fmt: skip


def bookings(n=6):
    frame = pd.DataFrame(
        {
            "booking_id": [f"b{i}" for i in range(n)],
            "resident_id": [f"r{i % 3}" for i in range(n)],
            "event_id": "e1",
            "booked_at": pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(range(n), "D"),
            "status": "booked",
            "seats": [1, None, 2, 1, 1, 3][:n],
        }
    )
    return canonical(frame, TABLES["bookings"])


def test_the_fingerprint_ignores_row_order_and_nothing_else():
    frame = bookings()
    base = fingerprint(Dataset({"bookings": frame}))
    assert fingerprint(Dataset({"bookings": frame.iloc[::-1].reset_index(drop=True)})) == base
    assert fingerprint(Dataset({"bookings": frame.iloc[:-1]})) != base
    for column, value in (("seats", 0), ("status", "attended"), ("event_id", "e2")):
        changed = frame.copy()
        changed.loc[1, column] = value
        assert fingerprint(Dataset({"bookings": changed})) != base, column
    assert fingerprint(Dataset({"bookings": frame, "ratings": Dataset({})["ratings"]})) == base


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(8)))
def test_the_fingerprint_of_a_table_with_a_key_of_two_columns_ignores_row_order(order):
    frame = canonical(
        pd.DataFrame(
            {
                "resident_id": ["r1", "r1", "r2", "r2", "r3", "r3", "r4", "r4"],
                "event_id": ["e1", "e2"] * 4,
                "stars": [1, 2, 3, 4, 5, 1, 2, 3],
                "rated_at": pd.Timestamp("2026-03-01", tz="UTC"),
                "comment": [None, "好"] * 4,
            }
        ),
        TABLES["ratings"],
    )
    shuffled = frame.iloc[list(order)].reset_index(drop=True)
    assert fingerprint(Dataset({"ratings": shuffled})) == fingerprint(Dataset({"ratings": frame}))


def test_a_profile_counts_the_latest_fortnight_and_what_is_filled():
    frame = bookings()
    found = profile_of(Dataset({"bookings": frame}), pd.Timestamp("2026-03-17", tz="UTC"))
    assert found.rows["bookings"] == 6
    assert found.recent_bookings == 3  # the 4th, 5th and 6th of March
    assert found.filled["bookings.seats"] == pytest.approx(5 / 6, abs=1e-4)
    assert DataProfile.from_json(found.to_json()) == found


def test_the_newest_moment_is_the_last_thing_anybody_did_before_now():
    data = Dataset({"bookings": bookings()})
    at = pd.Timestamp
    assert newest_moment(data, at("2030-01-01", tz="UTC")) == at("2026-03-06", tz="UTC")
    assert newest_moment(data, at("2026-03-03T12", tz="UTC")) == at("2026-03-03", tz="UTC")
