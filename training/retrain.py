"""The batch job: snapshot → fit → evaluate → gate → save → switch → log.

Killed at any moment it leaves the served model as it was, or the new one: the bundle appears
whole by one rename, and what is served changes by one transaction. A run that was killed between
the two is completed by the next ``--if-needed`` one. MLflow comes last and cannot fail the run.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from data.dataset import Dataset
from data.schema import NEEDED_TO_TRAIN
from data.snapshot import as_of as snapshot_as_of
from data.store.store import Store
from recommender.errors import GateRefusedError, GongxuError
from training.evaluation.backtest import Backtest, run_backtest
from training.evaluation.data_checks import check_data
from training.evaluation.data_profile import (
    DataProfile,
    fingerprint,
    newest_moment,
    past_of,
    profile_of,
)
from training.evaluation.gate import Check, GateRules, Verdict
from training.lock import RunLock, hold_lock
from training.registry.bundle import Manifest, make_ready, save_bundle
from training.registry.registry import Entry, Registry
from training.registry.runs import record_run
from training.registry.version_names import package_versions, version_name


@dataclass(frozen=True, slots=True)
class Request:
    """Options of a run.

    Attributes
    ----------
    as_of
        Learn from what was known then; ``None`` takes the latest time in the data.
    seed
        Seed of every random choice.
    if_needed
        Do nothing when neither data nor settings changed since the newest model.
    rules
        Limits of the gate.
    keep
        How many of the newest bundles stay on disk.
    accept
        Why the model is to serve whatever the gate finds; empty when the gate decides. Kept in
        the audit trail.
    actor
        Who accepts, for the audit trail.
    """

    as_of: datetime | None = None
    seed: int = 0
    if_needed: bool = False
    rules: GateRules = field(default_factory=GateRules)
    keep: int = 10
    accept: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a run.

    Attributes
    ----------
    version
        The new model; the newest one when the run was not needed.
    status
        ``promoted``, ``accepted`` (against the gate), ``refused`` or ``unchanged``. A run that
        only switches on what an interrupted one had saved is ``promoted`` too, without a verdict.
    as_of
        The moment up to which data was used.
    verdict
        The gate's; ``None`` when nothing was fitted.
    metrics
        Figures of the backtest.
    rows
        Rows by table of the snapshot.
    seconds
        Time by step.
    removed
        Old versions deleted.
    is_first
        Whether nothing was served before.
    mlflow_error
        Why MLflow could not log the version; empty when it did. The next run logs it.
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
    mlflow_error: str = ""


class _Steps:
    """Reports each step as it begins and keeps how long it took."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[Callable[[str], None]]:
        self.progress(name)
        start = time.perf_counter()
        yield lambda detail: self.progress(f"{name}: {detail}")
        self.seconds[name] = round(time.perf_counter() - start, 2)


def retrain(
    store: Store,
    registry: Registry,
    request: Request,
    *,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Fit a new model, evaluate it and, if it passes the gate, serve it.

    Parameters
    ----------
    store
        The database that is learnt from.
    registry
        Where the bundle goes.
    request
        Options of the run.
    now
        The clock's time, with zone: later rows are ignored, and it names the version.
    progress
        Called with the name of each step.

    Returns
    -------
    Result of the run.

    Raises
    ------
    LockHeldError
        If another run works on this database.
    GateRefusedError
        If there is nothing to train on.
    GongxuError
        If the disk or the database fails; the served model goes on serving.
    """
    with hold_lock(store.engine) as lock, record_run(store.engine, now=now) as record:
        outcome = _run(store, registry, request, lock, _Steps(progress), now)
        reason = "" if outcome.verdict is None else outcome.verdict.reason
        record.fill(outcome.status, outcome.version, outcome.as_of, reason)
        return outcome


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
        old = _served_entry(registry)
        as_of = request.as_of or _moment(dataset, now, old)
        snapshot = snapshot_as_of(dataset, as_of)
        _require_rows(snapshot)
        del dataset
        data_hash = fingerprint(snapshot)
        profile = profile_of(snapshot, as_of)
    config = {"engine": "local", "seed": request.seed, "gongxu": package_versions()["gongxu"]}
    if request.if_needed and (newest := _unchanged(registry, data_hash, config)):
        if not newest.is_released and request.accept:
            return _complete(registry, newest, lock, steps, now, request)
        if not newest.is_released and not registry.was_served(newest.version):
            raise GateRefusedError(
                f"nothing changed since the gate refused {newest.version}: {newest.refusal}.",
                "Correct the data, or train without --if-needed.",
            )
        if not registry.was_served(newest.version):
            return _complete(registry, newest, lock, steps, now, request)
        return Outcome(newest.version, "unchanged", newest.manifest.as_of)
    found = _check_data(snapshot, profile, _profile(old, as_of), request.rules)
    backtest = run_backtest(
        snapshot,
        as_of=as_of,
        seed=request.seed,
        rules=request.rules,
        old=None if old is None else (old.manifest, registry.load(old.version).parts),
        step=steps,
        is_refresh=old is not None
        and (old.manifest.config, old.manifest.versions) == (config, package_versions())
        and all(check.passed for check in found),
    )
    verdict = Verdict((*found, *backtest.checks))
    with steps("saving"):
        name = version_name(now, data_hash, config)
        save_bundle(
            registry.folder / name,
            {part: fitted.to_arrays() for part, fitted in backtest.parts.items()},
            _manifest(data_hash, as_of, now, config, backtest, verdict, profile),
        )
    if verdict.passed or request.accept:
        with steps("switching"):
            lock.verify()
            _promote(registry, name, now, request, "retrain")
    with steps("removing old models"):
        removed = registry.remove_old(keep=request.keep)
    mlflow_error = _log_to_mlflow(registry, steps)
    return Outcome(
        name,
        "promoted" if verdict.passed else "accepted" if request.accept else "refused",
        as_of,
        verdict,
        backtest.metrics,
        {table: count for table, count in profile.rows.items() if count},
        steps.seconds,
        tuple(removed),
        old is None,
        mlflow_error,
    )


def _complete(
    registry: Registry,
    entry: Entry,
    lock: RunLock,
    steps: _Steps,
    now: datetime,
    request: Request,
) -> Outcome:
    """Serve what a run saved that was killed before it switched, or that is accepted now."""
    is_first = registry.served() is None
    with steps("switching"):
        lock.verify()
        _promote(registry, entry.version, now, request, "retrain, completed")
    return Outcome(
        entry.version,
        "promoted" if entry.is_released else "accepted",
        entry.manifest.as_of,
        seconds=steps.seconds,
        is_first=is_first,
        mlflow_error=_log_to_mlflow(registry, steps),
    )


def _promote(
    registry: Registry, version: str, now: datetime, request: Request, reason: str
) -> None:
    """Serve a version; one that the gate refused only with the reason why it is accepted."""
    registry.promote(
        version,
        now=now,
        reason=request.accept or reason,
        force=bool(request.accept),
        actor=request.actor,
    )


def _moment(dataset: Dataset, now: datetime, old: Entry | None) -> datetime:
    """The newest moment of the data, or the served model's where the data ends before it.

    Data that lost its end, or whose times moved back, must not pass for an older, sound one.
    """
    newest = newest_moment(dataset, now)
    return newest if old is None else max(newest, old.manifest.as_of)


def _check_data(
    snapshot: Dataset, profile: DataProfile, old: DataProfile | None, rules: GateRules
) -> list[Check]:
    past = None
    if old is not None and old.as_of:
        past = past_of(snapshot, datetime.fromisoformat(old.as_of))
    return check_data(profile, old, rules, past=past)


def _log_to_mlflow(registry: Registry, steps: _Steps) -> str:
    """Log in MLflow; why it failed, or nothing: what is served does not depend on it."""
    with steps("logging to MLflow"):
        try:
            registry.log_to_mlflow()
        except GongxuError as error:
            return str(error)
    return ""


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
        if manifest.data_hash == data_hash and manifest.config == config:
            return entry
    return None


def _served_entry(registry: Registry) -> Entry | None:
    return next((entry for entry in registry.entries() if "served" in entry.roles), None)


def _profile(old: Entry | None, as_of: datetime) -> DataProfile | None:
    """Profile of the served model's snapshot; none when it was of a later moment."""
    if old is None or old.manifest.as_of > as_of:
        return None
    return DataProfile.from_json(old.manifest.metrics["profile"])


def _manifest(
    data_hash: str,
    as_of: datetime,
    now: datetime,
    config: Mapping[str, Any],
    backtest: Backtest,
    verdict: Verdict,
    profile: DataProfile,
) -> Manifest:
    return Manifest(
        data_hash=data_hash,
        as_of=as_of,
        created_at=now,
        seed=config["seed"],
        config=config,
        metrics={**backtest.metrics, "gate": verdict.to_json(), "profile": profile.to_json()},
        versions=package_versions(),
    )
