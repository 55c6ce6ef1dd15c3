"""The batch job: snapshot → fit → evaluate → gate → register → promote.

Killed at any moment it leaves the served model as it was, or the new one: the bundle appears
whole by one rename, and what is served changes by one transaction.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from data.dataset import Dataset
from data.schema import NEEDED_TO_TRAIN
from data.snapshot import as_of as snapshot_as_of
from data.store.store import Store
from recommender.errors import GateRefusedError
from training.evaluation.backtest import Backtest, run_backtest
from training.evaluation.data_profile import DataProfile, fingerprint, newest_moment, profile_of
from training.evaluation.gate import GateRules, Verdict, check_data
from training.lock import RunLock, hold_lock
from training.registry.bundle import Manifest, make_ready, save_bundle
from training.registry.registry import Entry, Registry

PACKAGES = ("gongxu", "numpy", "scipy", "pandas", "scikit-learn", "implicit", "lightgbm")


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do.

    Attributes
    ----------
    as_of
        Learn from what was known then; ``None`` takes the latest time in the data.
    seed
        Seed of every random choice.
    if_needed
        Do nothing when neither data nor settings changed since the newest model.
    rules
        The gate's.
    keep
        How many of the newest bundles stay on disk.
    """

    as_of: datetime | None = None
    seed: int = 0
    if_needed: bool = False
    rules: GateRules = field(default_factory=GateRules)
    keep: int = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes
    ----------
    version
        The new model; the newest one when the run was not needed.
    status
        ``promoted``, ``refused`` or ``unchanged``.
    as_of
        The moment the model speaks for.
    verdict
        The gate's; ``None`` when the run was not needed.
    metrics
        What the trial measured.
    rows
        Rows by table that were learnt from.
    seconds
        Time by step.
    removed
        Old versions deleted.
    is_first
        Whether nothing was served before.
    """

    version: str
    status: str
    as_of: datetime
    verdict: Verdict | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    is_first: bool = False


class _Steps:
    """Tells each step to whoever watches, and how long it took to whoever asks."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[Callable[[str], None]]:
        self.tell(name)
        start = time.perf_counter()
        yield lambda detail: self.tell(f"{name}: {detail}")
        self.seconds[name] = round(time.perf_counter() - start, 2)


def retrain(
    store: Store,
    registry: Registry,
    request: Request,
    *,
    now: datetime,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Train, judge and, if it passes, serve a new model.

    Parameters
    ----------
    now
        The clock's time, with zone: nothing later is believed, and it names the version.
    tell
        Told what is being done.

    Raises
    ------
    LockHeldError
        If another run works on this database.
    GateRefusedError
        If there is nothing to train on.
    GongxuError
        If the disk or the database fails; the served model goes on serving.
    """
    with hold_lock(store.engine) as lock:
        return _run(store, registry, request, lock, _Steps(tell), now)


def _run(
    store: Store,
    registry: Registry,
    request: Request,
    lock: RunLock,
    steps: _Steps,
    now: datetime,
) -> Outcome:
    make_ready(registry.folder)
    with steps("reading data"):
        dataset = store.load()
        _require_rows(dataset)
        as_of = request.as_of or newest_moment(dataset, now)
        snapshot = snapshot_as_of(dataset, as_of)
        _require_rows(snapshot)
        del dataset
        data_hash = fingerprint(snapshot)
        profile = profile_of(snapshot, as_of)
    config = {"engine": "local", "seed": request.seed, "gongxu": _package_versions()["gongxu"]}
    if request.if_needed and (newest := _unchanged(registry, data_hash, config)):
        if not newest.is_released:
            raise GateRefusedError(
                f"nothing changed since the gate refused {newest.version}: {newest.refusal}.",
                "Correct the data, or train without --if-needed.",
            )
        return Outcome(newest.version, "unchanged", newest.manifest.as_of)
    old = _served_entry(registry)
    trial = run_backtest(
        snapshot,
        as_of=as_of,
        seed=request.seed,
        rules=request.rules,
        old=None if old is None else (old.manifest, registry.load(old.version).parts),
        step=steps,
    )
    verdict = Verdict((*check_data(profile, _profile(old, as_of), request.rules), *trial.checks))
    with steps("saving"):
        name = _name(now, data_hash, config)
        save_bundle(
            registry.folder / name,
            {part: fitted.to_arrays() for part, fitted in trial.parts.items()},
            _manifest(data_hash, as_of, now, config, trial, verdict, profile),
        )
    with steps("registering"):
        registry.record()
    if verdict.passed:
        with steps("switching"):
            lock.verify()
            registry.promote(name, now=now, reason="retrain")
    with steps("tidying"):
        registry.record()
        removed = registry.tidy(keep=request.keep)
    return Outcome(
        name,
        "promoted" if verdict.passed else "refused",
        as_of,
        verdict,
        trial.metrics,
        {table: count for table, count in profile.rows.items() if count},
        steps.seconds,
        tuple(removed),
        old is None,
    )


def _require_rows(dataset: Dataset) -> None:
    empty = [table for table in NEEDED_TO_TRAIN if dataset[table].empty]
    if empty:
        raise GateRefusedError(
            f"there is nothing to train on: no rows in {', '.join(empty)}.",
            "Import data first (`gongxu import DIR`), or train for a later moment.",
        )


def _unchanged(registry: Registry, data_hash: str, config: Mapping[str, Any]) -> Entry | None:
    """The newest model, if it was made from the same data and settings."""
    for entry in registry.entries()[:1]:
        manifest = entry.manifest
        if registry.served() and manifest.data_hash == data_hash and manifest.config == config:
            return entry
    return None


def _served_entry(registry: Registry) -> Entry | None:
    for entry in registry.entries():
        if "served" in entry.roles:
            return entry
    return None


def _profile(old: Entry | None, as_of: datetime) -> DataProfile | None:
    """What the served model learnt from; nothing to compare with when it knew later data."""
    if old is None or old.manifest.as_of > as_of:
        return None
    return DataProfile.from_json(old.manifest.metrics["profile"])


def _manifest(
    data_hash: str,
    as_of: datetime,
    now: datetime,
    config: Mapping[str, Any],
    trial: Backtest,
    verdict: Verdict,
    profile: DataProfile,
) -> Manifest:
    return Manifest(
        data_hash=data_hash,
        as_of=as_of,
        created_at=now,
        seed=config["seed"],
        config=config,
        metrics={**trial.metrics, "gate": verdict.to_json(), "profile": profile.to_json()},
        versions=_package_versions(),
    )


def _package_versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _name(now: datetime, data_hash: str, config: Mapping[str, Any]) -> str:
    """A version's name: when it was made, and a mark of what from."""
    mark = hashlib.sha256(f"{data_hash}{json.dumps(config, sort_keys=True)}".encode()).hexdigest()
    return f"{now:%Y%m%dT%H%M%S}-{mark[:6]}"
