"""Bundles: everything fitted, as a folder of plain arrays and one manifest, never a pickle.

A bundle is written to a temporary folder beside its place, flushed to disk and renamed, so that
it is there whole or not at all. Arrays lie uncompressed and aligned in their ``.npz`` files: a
server maps them into memory instead of reading them, and its workers share the pages.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from recommender.errors import GongxuError
from recommender.interfaces import Arrays
from training.registry.arrays import DamagedArraysError, map_arrays, read_arrays, write_arrays

FORMAT = "gongxu-bundle"
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_TEMPORARY = ".tmp-"


class BundleError(GongxuError):
    """A bundle that cannot be written, or is not whole, or is not one at all."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What one file of a bundle must be."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says about itself.

    Attributes
    ----------
    data_hash
        Fingerprint of the snapshot that the parts were fitted on.
    as_of
        The moment the snapshot speaks for, with zone.
    created_at
        When the bundle was made, with zone.
    seed
        Seed of every random choice in the fit.
    config
        Settings of the run, JSON values.
    metrics
        What the gate's evaluation measured, JSON values.
    versions
        Package versions, by name.
    parts
        Array names, dtypes and shapes by part; filled when saved.
    files
        Digest and size by file name; filled when saved.
    """

    data_hash: str
    as_of: datetime
    created_at: datetime
    seed: int
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, StoredFile] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of ``manifest.json``; the same manifest gives the same bytes."""
        document = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        document["as_of"] = self.as_of.isoformat()
        document["created_at"] = self.created_at.isoformat()
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of :meth:`to_json`.

        Raises
        ------
        BundleError
            If the text is no manifest of this format.
        """
        try:
            document = json.loads(text)
        except ValueError as error:
            raise BundleError(f"{MANIFEST} is not JSON ({error}).", _RESTORE) from None
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise BundleError(f"{MANIFEST} is not one of a gongxu bundle.", _RESTORE)
        version = document.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise BundleError(
                f"the bundle has format version {version} and this program reads {FORMAT_VERSION}: "
                "run `gongxu retrain` to make a new one."
            )
        try:
            document["as_of"] = datetime.fromisoformat(document["as_of"])
            document["created_at"] = datetime.fromisoformat(document["created_at"])
            document["files"] = {
                name: StoredFile(str(entry["sha256"]), int(entry["size_bytes"]))
                for name, entry in document["files"].items()
            }
            return cls(**document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError(f"{MANIFEST} lacks or garbles {error}.", _RESTORE) from None


_RESTORE = "Restore the folder from a backup, roll back (`gongxu models rollback`) or retrain."


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in memory.

    Attributes
    ----------
    manifest
        What it says about itself.
    parts
        Read-only arrays by part and name.
    """

    manifest: Manifest
    parts: Mapping[str, Arrays]


def save_bundle(
    path: Path, parts: Mapping[str, Mapping[str, NDArray[Any]]], manifest: Manifest
) -> Manifest:
    """Write a bundle, whole or not at all.

    Parameters
    ----------
    path
        The folder to make; must not exist.
    parts
        Numeric, boolean, datetime64 or unicode arrays by part and name.
    manifest
        ``parts`` and ``files`` in it are filled in here.

    Returns
    -------
    The manifest as written.

    Raises
    ------
    BundleError
        If the folder exists, a name or array does not fit, or the disk refuses.
    """
    for part in parts:
        if not _NAME.match(part):
            raise BundleError(f"{part!r} is no name for a part.", "Use a-z, 0-9 and _.")
    if path.exists():
        raise BundleError(f"{path} exists already.", "A bundle is never overwritten.")
    temporary = path.parent / f"{_TEMPORARY}{uuid.uuid4().hex}"
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(mode=0o700)
        files = {}
        for part, arrays in sorted(parts.items()):
            target = temporary / f"{part}.npz"
            write_arrays(target, arrays)
            files[target.name] = _describe(target)
        written = replace(
            manifest,
            files=files,
            parts={
                part: {name: f"{a.dtype.str} {a.shape}" for name, a in sorted(arrays.items())}
                for part, arrays in parts.items()
            },
        )
        text = written.to_json()
        descriptor = os.open(temporary / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        _sync_folder(temporary)
        temporary.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise BundleError(
            f"cannot write the bundle {path}: {error.strerror or error}.",
            "Free some space there, or make the folder writable, and retrain.",
        ) from error
    except DamagedArraysError as error:
        raise BundleError(str(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Manifest.from_json(text)


def load_bundle(
    path: Path,
    *,
    mmap: bool = True,
    verify: bool = True,
    parts: Collection[str] | None = None,
) -> Bundle:
    """Open a bundle.

    Parameters
    ----------
    path
        The bundle's folder.
    mmap
        Map the arrays instead of reading them; they are read-only either way.
    verify
        Compare every file that is opened with its digest; ``False`` still checks sizes.
    parts
        Open only these; all of them by default.

    Returns
    -------
    The manifest and the arrays of each part.

    Raises
    ------
    BundleError
        If the folder is no bundle, of another format, damaged, or lacks a part.
    """
    manifest = read_manifest(path)
    wanted = list(manifest.parts) if parts is None else list(parts)
    loaded = {}
    for part in wanted:
        if part not in manifest.parts:
            raise BundleError(f"the bundle {path} has no part {part!r}.", "Retrain.")
        target = path / f"{part}.npz"
        _check(target, manifest.files.get(target.name), verify=verify)
        try:
            loaded[part] = map_arrays(target) if mmap else read_arrays(target)
        except DamagedArraysError as error:
            raise BundleError(f"{target} is damaged: {error}", _RESTORE) from None
    return Bundle(manifest, loaded)


def read_manifest(path: Path) -> Manifest:
    """Only the manifest of a bundle.

    Raises
    ------
    BundleError
        If there is none or it is not readable.
    """
    try:
        text = (path / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BundleError(f"there is no bundle in {path}.", _RESTORE) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"cannot read {path / MANIFEST}: {error}.", _RESTORE) from None
    return Manifest.from_json(text)


def list_bundles(folder: Path) -> Iterator[tuple[str, Manifest]]:
    """Name and manifest of every readable bundle in a folder, by name."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(".") and path.is_dir():
                with contextlib.suppress(BundleError):
                    yield path.name, read_manifest(path)


def make_ready(folder: Path) -> int:
    """Make sure that bundles can be written, and delete what killed runs left half-written.

    The caller holds the lock on the folder.

    Returns
    -------
    How many temporary folders were removed.

    Raises
    ------
    BundleError
        If the folder cannot be made or written, which is better known before hours of fitting.
    """
    attempt = folder / f"{_TEMPORARY}{uuid.uuid4().hex}"
    try:
        attempt.mkdir(parents=True)
        attempt.rmdir()
    except OSError as error:
        raise BundleError(
            f"cannot write to {folder}: {error.strerror or error}.",
            "Free some space there, or make the folder writable, and retrain.",
        ) from error
    return remove_leftovers(folder)


def remove_leftovers(folder: Path) -> int:
    """Delete what killed runs left half-written; returns how many temporary folders it was.

    The caller holds the lock on the folder.
    """
    leftovers = list(folder.glob(f"{_TEMPORARY}*")) if folder.is_dir() else []
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)
    return len(leftovers)


def _describe(path: Path) -> StoredFile:
    with path.open("rb") as file:
        return StoredFile(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _check(path: Path, expected: StoredFile | None, *, verify: bool) -> None:
    try:
        if expected is None:
            raise BundleError(f"{MANIFEST} does not list {path.name}.", _RESTORE)
        size = path.stat().st_size
        if size != expected.size_bytes or (verify and _describe(path) != expected):
            raise BundleError(f"{path} is damaged: it is not what {MANIFEST} says.", _RESTORE)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror or error}.", _RESTORE) from None


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
