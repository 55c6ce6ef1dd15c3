"""Spoiled deliveries and good nights at the gate.

A small simulated district is served as of a moment; then comes a night with one more fortnight,
spoiled in one of ten ways, or a sound one. Limits were chosen on seeds 11 and 12; the seeds here
are others. A spoiled delivery counts as refused when a check of the data fails; only what passes
those is fitted, as refusing needs no more. Sound nights go all the way: data, trial, demand, with
the default limits, each against the model of the night before.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.faults.spoilings import SPOILINGS
from benchmarks.report import Bar
from benchmarks.units import Unit
from data.dataset import Dataset
from data.files.reading import read_dataset
from data.simulate.saving import write_world
from data.simulate.settings import UNTIL, settings_for
from data.simulate.world import create_world
from data.snapshot import as_of
from recommender.interfaces import Arrays
from training.evaluation.backtest import Backtest, run_backtest
from training.evaluation.data_checks import check_data
from training.evaluation.data_profile import DataProfile, past_of, profile_of
from training.evaluation.gate import Check, GateRules
from training.registry.bundle import Manifest

SEEDS = (21, 22, 23)
NIGHTS = (1, 2, 3, 7, 10, 14, 21)
"""Days between the nights that follow one another; three seeds make 21 nights."""

RULES = GateRules()


@contextmanager
def _quiet(_name: str) -> Iterator[Callable[[str], None]]:
    """A step that reports nothing."""
    yield lambda _detail: None


def units(quick: bool) -> list[Unit]:
    """A unit a seed; one seed and three good nights when ``quick``."""
    seeds, nights = (SEEDS[:1], NIGHTS[:3]) if quick else (SEEDS, NIGHTS)
    return [Unit("spoiled_data", str(seed), judge_seed, (seed, nights)) for seed in seeds]


def bars(values: Sequence[dict[str, int]]) -> list[Bar]:
    """Spoilings refused of ten, the fewest over the seeds; good nights refused, per 20."""
    nights, wrong = (sum(value[name] for value in values) for name in ("nights", "wrong"))
    print(f"  good nights: {nights}, refused {wrong}")
    return [
        Bar("7.3", "spoilings_refused", min(value["refused"] for value in values)),
        Bar("7.3", "good_nights_refused", 20 * wrong / nights),
    ]


def judge_seed(seed: int, days: tuple[int, ...]) -> dict[str, int]:
    """Spoil a district in every way, and let good nights follow one another.

    Parameters
    ----------
    seed
        Of the district.
    days
        Before each good night.

    Returns
    -------
    Spoilings ``refused``, good ``nights``, and of these the ``wrong`` ones: refused all the same.
    """
    district = small_district(seed)
    refused = 0
    for spoil in SPOILINGS:
        findings = [check.finding for check in spoiled_night(district, seed, spoil.__name__)]
        refused += bool(findings)
        told = findings[0][:140] if findings else "PASSED"
        print(f"  {seed} {spoil.__name__}: {told}", flush=True)
    nights = good_nights(district, seed, days)
    for gap, findings in nights:
        print(f"  {seed} night of {gap} days: {findings[:2] or 'served'}", flush=True)
    wrong = sum(bool(findings) for _, findings in nights)
    return {"refused": refused, "nights": len(nights), "wrong": wrong}


def small_district(seed: int) -> Dataset:
    """Two years of 900 residents, as validated tables."""
    settings = settings_for("demo", seed, residents=900, products=60, events=250, years=2)
    with tempfile.TemporaryDirectory(prefix="gongxu-bench-") as folder:
        write_world(create_world(settings), Path(folder), "parquet")
        return read_dataset(Path(folder), now=datetime(2100, 1, 1, tzinfo=UTC))[0]


def spoiled_night(district: Dataset, seed: int, name: str) -> list[Check]:
    """Checks of the data that fail when the next fortnight comes spoiled.

    Parameters
    ----------
    district
        Sound tables.
    seed
        Of the spoiling's choices.
    name
        Of the spoiling.

    Returns
    -------
    The failed checks.
    """
    spoil = next(spoil for spoil in SPOILINGS if spoil.__name__ == name)
    served = UNTIL - timedelta(days=60)
    old = profile_of(as_of(district, served), served)
    night = served + timedelta(days=14)
    snapshot = spoil(as_of(district, night), night, np.random.default_rng(seed))
    return _failed(checked(snapshot, night, old))


def checked(snapshot: Dataset, night: datetime, old: DataProfile) -> list[Check]:
    """All checks of a night's data.

    Parameters
    ----------
    snapshot, night
        The night's data and its moment.
    old
        Profile of the served model's snapshot.

    Returns
    -------
    Passed and failed ones.
    """
    past = past_of(snapshot, datetime.fromisoformat(old.as_of))
    return check_data(profile_of(snapshot, night), old, RULES, past=past)


def good_nights(district: Dataset, seed: int, gaps: tuple[int, ...]) -> list[tuple[int, list[str]]]:
    """Sound nights after one another; what is refused is not served.

    Parameters
    ----------
    district
        Sound tables.
    seed
        Of the fits.
    gaps
        Days before each night.

    Returns
    -------
    Days and findings of the checks that failed, one pair a night.
    """
    moment = UNTIL - timedelta(days=sum(gaps) + 30)
    snapshot = as_of(district, moment)
    profile = profile_of(snapshot, moment)
    first = run_backtest(snapshot, as_of=moment, seed=seed, rules=RULES, old=None, step=_quiet)
    served = _kept(first, moment, profile)
    results = []
    for days in gaps:
        moment += timedelta(days=days)
        snapshot = as_of(district, moment)
        old = DataProfile.from_json(served[0].metrics["profile"])
        found = checked(snapshot, moment, old)
        tried = run_backtest(
            snapshot,
            as_of=moment,
            seed=seed,
            rules=RULES,
            old=served,
            step=_quiet,
            is_refresh=not _failed(found),
        )
        findings = [check.finding for check in _failed([*found, *tried.checks])]
        results.append((days, findings))
        if not findings:
            served = _kept(tried, moment, profile_of(snapshot, moment))
    return results


def _kept(
    fitted: Backtest, moment: datetime, profile: DataProfile
) -> tuple[Manifest, dict[str, Arrays]]:
    manifest = Manifest(
        data_hash="",
        as_of=moment,
        created_at=moment,
        seed=0,
        config={},
        metrics={**fitted.metrics, "profile": profile.to_json()},
        versions={},
    )
    return manifest, {part: model.to_arrays() for part, model in fitted.parts.items()}


def _failed(checks: list[Check]) -> list[Check]:
    return [check for check in checks if not check.passed]
