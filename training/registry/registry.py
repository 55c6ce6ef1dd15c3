"""The model registry: bundles on disk, the served row, and their log in MLflow.

MLflow keeps each version with its metrics and the aliases ``champion`` (served) and
``challenger`` (the newest that is not). Nothing is decided by it: what is served is the row of
:mod:`training.registry.served`, and every run logs what an earlier one could not.
"""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from data.store.audit import append_audit
from recommender.errors import GateRefusedError, UnknownIdError
from training.registry.bundle import (
    Bundle,
    BundleError,
    Manifest,
    list_bundles,
    load_bundle,
    read_manifest,
    remove_leftovers,
)
from training.registry.loading import require_fitting
from training.registry.served import MODELS, Served, read_served, switch, switch_back, was_served


@dataclass(frozen=True, slots=True)
class Entry:
    """One version in the registry.

    Attributes
    ----------
    version
        The bundle's name.
    manifest
        What the bundle says about itself.
    roles
        Any of ``served``, ``previous`` (where a roll back goes) and ``challenger``.
    """

    version: str
    manifest: Manifest
    roles: tuple[str, ...]

    @property
    def is_released(self) -> bool:
        """Whether the gate let it pass."""
        return bool(self.manifest.metrics.get("gate", {}).get("passed", True))

    @property
    def refusal(self) -> str:
        """What the gate found wrong; empty when it let the model pass."""
        checks = self.manifest.metrics.get("gate", {}).get("checks", [])
        return "; ".join(check["finding"] for check in checks if not check["passed"])


class Registry:
    """All versions of the model of one database.

    Parameters
    ----------
    engine
        The database.
    home
        ``GONGXU_HOME``; bundles lie under ``home/models``.
    """

    def __init__(self, engine: sa.Engine, home: Path) -> None:
        self.engine = engine
        self.home = home

    @property
    def folder(self) -> Path:
        """Where the bundles are."""
        return self.home / MODELS

    def entries(self) -> list[Entry]:
        """Every version on disk, newest first."""
        served = read_served(self.engine)
        found = sorted(
            list_bundles(self.folder), key=lambda item: (item[1].created_at, item[0]), reverse=True
        )
        challenger = _challenger(found, served)
        names = {version for version, _ in found}
        earlier = () if served is None else served.previous
        previous = next((version for version in earlier if version in names), None)
        entries = []
        for version, manifest in found:
            roles = []
            if served is not None and version == served.version:
                roles.append("served")
            if version == previous:
                roles.append("previous")
            if version == challenger:
                roles.append("challenger")
            entries.append(Entry(version, manifest, tuple(roles)))
        return entries

    def entry(self, version: str) -> Entry:
        """One version.

        Raises
        ------
        UnknownIdError
            If there is no such version.
        """
        for entry in self.entries():
            if entry.version == version:
                return entry
        raise UnknownIdError(f"there is no model {version!r}.", "See `gongxu models list`.")

    def served(self) -> Served | None:
        """What is served; ``None`` before the first model."""
        return read_served(self.engine)

    def was_served(self, version: str) -> bool:
        """Whether a version is served, or ever was."""
        return was_served(self.engine, version)

    def fault(self, served: Served) -> str:
        """Why the served bundle's manifest cannot be read; empty if it can."""
        try:
            read_manifest(served.folder(self.home))
        except BundleError as error:
            return str(error)
        return ""

    def load(self, version: str, *, parts: Collection[str] | None = None) -> Bundle:
        """A version's arrays, mapped into memory.

        Parameters
        ----------
        version
            The bundle's name.
        parts
            Open only these; all of them by default.

        Returns
        -------
        Manifest and read-only arrays.

        Raises
        ------
        UnknownIdError
            If there is no such version.
        BundleError
            If it is damaged.
        """
        if not (self.folder / version).is_dir():
            raise UnknownIdError(f"there is no model {version!r}.", "See `gongxu models list`.")
        return load_bundle(self.folder / version, parts=parts)

    def promote(
        self,
        version: str,
        *,
        now: datetime,
        reason: str = "",
        force: bool = False,
        actor: str = "",
    ) -> Served:
        """Serve a version from now on, after checking all its files.

        Parameters
        ----------
        version
            The bundle's name.
        now
            The moment of the switch, with zone.
        reason
            Kept in the log of switches.
        force
            Serve it although the gate refused it; the audit trail keeps who did, why, and what
            the gate had found.
        actor
            Who, for the audit trail.

        Returns
        -------
        What is served now.

        Raises
        ------
        UnknownIdError
            If there is no such version.
        GateRefusedError
            If the gate refused it and ``force`` is not given.
        BundleError
            If it is damaged, or made by a release whose models this one cannot use.
        """
        entry = self.entry(version)
        if not entry.is_released and not force:
            raise GateRefusedError(
                f"the gate refused {version}.", "Use --force to serve it all the same."
            )
        require_fitting(self.load(version))
        overruled = partial(
            append_audit,
            actor=actor or "unknown",
            action="gate overruled",
            subject=version,
            payload={"reason": reason, "findings": entry.refusal},
            now=now,
        )
        return switch(
            self.engine,
            version,
            now=now,
            reason=reason,
            beside=None if entry.is_released else overruled,
        )

    def roll_back(self, *, now: datetime, reason: str = "") -> Served:
        """Serve what was served before.

        Parameters
        ----------
        now
            The moment of the switch, with zone.
        reason
            Kept in the log of switches.

        Returns
        -------
        What is served now.

        Raises
        ------
        NotTrainedError
            If nothing is served.
        GongxuError
            If nothing that was served before can be served now.
        """
        return switch_back(self.engine, usable=self._is_usable, now=now, reason=reason)

    def remove_old(self, *, keep: int) -> list[str]:
        """Delete half-written folders and old bundles; the caller holds the run lock.

        Parameters
        ----------
        keep
            How many of the newest stay; whatever has a role stays too.

        Returns
        -------
        The versions that were deleted.
        """
        remove_leftovers(self.folder)
        old = [entry.version for entry in self.entries()[keep:] if not entry.roles]
        for version in old:
            # Renamed first: a killed deletion leaves a temporary folder, not half a bundle.
            doomed = self.folder / f".tmp-{version}"
            (self.folder / version).rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
        return old

    def log_to_mlflow(self) -> None:
        """Log the bundles and the served row in MLflow.

        Raises
        ------
        MlflowLogError
            If MLflow fails.
        """
        # Imported here since MLflow takes seconds to import, and serving never needs it.
        from training.registry.mlflow_log import log_versions

        entries = self.entries()
        roles = {role: entry.version for entry in entries for role in entry.roles}
        log_versions(
            self.engine,
            [(self.folder.absolute() / e.version, e.manifest) for e in reversed(entries)],
            champion=roles.get("served"),
            challenger=roles.get("challenger"),
            scratch=self.home / "tmp",
        )

    def _is_usable(self, version: str) -> bool:
        try:
            require_fitting(load_bundle(self.folder / version))
        except BundleError:
            return False
        return True


def _challenger(found: list[tuple[str, Manifest]], served: Served | None) -> str | None:
    """The newest version, unless it is served or was before."""
    known = () if served is None else (served.version, *served.previous)
    return found[0][0] if found and found[0][0] not in known else None
