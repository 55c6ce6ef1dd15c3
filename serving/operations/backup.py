"""Backup and restore: database, models and settings without secrets, in one file.

A backup is a tar file: ``backup.json`` (when, by which release, the settings, and the SHA-256 of
every other member), ``database.dump`` of pg_dump, and the bundles under ``models/``. Passwords,
keys and the address of the database are not in it; the key of erasures has to be copied apart.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.store.dumps import dump_database, restore_database
from data.store.erasures import Erasures
from data.store.store import Store
from recommender.errors import GongxuError
from serving.outcomes.erasure import reapply_erasures
from training.lock import hold_lock
from training.registry.bundle import load_bundle
from training.registry.served import MODELS, read_served

FORMAT = 1
CONTENTS, DATABASE = "backup.json", "database.dump"


def write_backup(
    store: Store, home: Path, path: Path, *, settings: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Write a backup; the file appears whole or not at all, readable by its owner alone.

    Parameters
    ----------
    store
        The database; no retrain may run meanwhile.
    home
        ``GONGXU_HOME``, whose models are taken.
    path
        The new file; an older one of that name is replaced.
    settings
        JSON values, without secrets.
    now
        The clock, with zone.

    Returns
    -------
    The contents as in ``backup.json``.

    Raises
    ------
    LockHeldError
        If a retrain runs.
    GongxuError
        If the database cannot be dumped or the file not be written.
    """
    try:
        with (
            hold_lock(store.engine),
            tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder,
        ):
            work = Path(folder)
            dump_database(store.url, work / DATABASE)
            members = {DATABASE: work / DATABASE}
            models = home / MODELS
            for file in sorted(models.rglob("*")):
                inside = file.relative_to(models)
                if file.is_file() and not inside.parts[0].startswith("."):
                    members[f"{MODELS}/{inside.as_posix()}"] = file
            contents = {
                "format": FORMAT,
                "created_at": now.isoformat(),
                "gongxu": version("gongxu"),
                "settings": dict(settings),
                "files": {name: _digest(file) for name, file in members.items()},
            }
            (work / CONTENTS).write_text(json.dumps(contents, indent=2), encoding="utf-8")
            draft = work / "backup.tar"
            with tarfile.open(draft, "w") as out:
                out.add(work / CONTENTS, CONTENTS)
                for name, file in members.items():
                    out.add(file, name)
            draft.chmod(0o600)
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            draft.replace(path)
    except OSError as error:
        raise GongxuError(
            f"cannot write the backup {path}: {error.strerror or error}.",
            "Give a path in a folder that can be written and has room.",
        ) from error
    return contents


def restore_backup(
    store: Store, home: Path, path: Path, *, replace: bool = False, now: datetime
) -> dict[str, Any]:
    """Put a backup's database and models in place, after checking every file of it.

    The database changes in one transaction. Whoever this installation erased after the backup
    was made is erased again.

    Parameters
    ----------
    store
        The database to fill.
    home
        ``GONGXU_HOME``, which gets the models.
    path
        A file of :func:`write_backup`.
    replace
        Overwrite a database that has tables already.
    now
        The clock, with zone.

    Returns
    -------
    The contents as in ``backup.json``, with ``erased_again``: how many residents.

    Raises
    ------
    GongxuError
        If the file is no backup or damaged, the database is in use, or the restore fails; the
        database is then as it was.
    """
    if store.is_initialised() and not replace:
        raise GongxuError(
            "the database is not empty.", "Stop the service, and give --replace to overwrite it."
        )
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=home) as folder:
            contents = _unpacked(path, Path(folder))
            added = _place_models(Path(folder) / MODELS, home / MODELS)
            try:
                with hold_lock(store.engine):
                    restore_database(store.url, Path(folder) / DATABASE)
            except BaseException:
                for version_folder in added:
                    shutil.rmtree(version_folder, ignore_errors=True)
                raise
    except OSError as error:
        raise GongxuError(
            f"cannot restore {path}: {error.strerror or error}.", "Check the file and the folder."
        ) from error
    store.engine.dispose()
    store.migrate()
    erased = reapply_erasures(store.engine, Erasures(home), now=now)
    served = read_served(store.engine)
    if served is not None:
        load_bundle(served.folder(home))
    return contents | {"erased_again": erased}


def _unpacked(path: Path, folder: Path) -> dict[str, Any]:
    """Unpack into an empty folder and compare every file with its digest."""
    damaged = GongxuError(
        f"{path} is damaged or no backup of gongxu.", "Take another copy of it, or an older backup."
    )
    try:
        with tarfile.open(path, "r:") as backup:
            backup.extractall(folder, filter="data")
        contents: dict[str, Any] = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        files = contents["files"]
        if contents["format"] != FORMAT or DATABASE not in files:
            raise damaged
        if any(_digest(folder / name) != digest for name, digest in files.items()):
            raise damaged
    except (tarfile.TarError, ValueError, KeyError, TypeError, FileNotFoundError) as error:
        if not path.exists():
            raise GongxuError(f"there is no file {path}.", "Give the path of a backup.") from None
        raise damaged from error
    return contents


def _place_models(source: Path, target: Path) -> list[Path]:
    """Move bundles that are not there yet; those that were added."""
    target.mkdir(parents=True, exist_ok=True)
    added = []
    for bundle in sorted(source.iterdir()) if source.is_dir() else []:
        if not (target / bundle.name).exists():
            bundle.rename(target / bundle.name)
            added.append(target / bundle.name)
    return added


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
