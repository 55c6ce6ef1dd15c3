"""Snapshot folders: a serving snapshot as ``.npy`` and Arrow files that all workers map.

A folder holds one file an array (``numpy.save``, no pickle), one Arrow IPC file a table, and
``manifest.json``, which says how they form the objects of a snapshot. The manifest can only name
classes of this program. Arrays are mapped copy-on-write: workers share every page until one of them
applies a change to it.
"""

import dataclasses
import importlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.types import IdMap
from serving.suggestions.sorted_ids import SortedIds

if TYPE_CHECKING:
    from serving.suggestions.serving_snapshot import Loaded, ServingSnapshot

PACKAGES = ("recommender.", "features.", "training.", "serving.", "data.")
"""Only classes of these packages are written and read."""

_MANIFEST = "manifest.json"
_PAGE = 4096
"""Smaller arrays are read, not mapped."""
_LONG = 256
"""From this number of identifiers on, a sorted map is kept as an array."""
_COLLECTIONS = {kind.__name__: kind for kind in (list, tuple, set, frozenset)}


class SnapshotFolder:
    """Numbered snapshots of one run of the service.

    Parameters
    ----------
    root
        Folder of the run.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def newest(self) -> tuple[int, str] | None:
        """Number and model version of the newest snapshot."""
        held = self._held()
        return held[-1] if held else None

    def write(self, snapshot: "ServingSnapshot", loaded: "Loaded") -> None:
        """Add a snapshot, and remove those before the previous one.

        Parameters
        ----------
        snapshot, loaded
            The snapshot, and its model, which stays in its bundle.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        held = self._held()
        draft = self.root / f"draft-{os.getpid()}"
        write_objects(draft, snapshot, _given(loaded))
        number = held[-1][0] + 1 if held else 1
        draft.rename(self._path(number, snapshot.version))
        # Files that are still mapped stay readable until the last worker has let them go.
        for old in held[:-1]:
            shutil.rmtree(self._path(*old), ignore_errors=True)

    def read(self, number: int, loaded: "Loaded") -> "ServingSnapshot":
        """Map a snapshot of the given model.

        Parameters
        ----------
        number, loaded
            From :meth:`newest`, and the model of that version.

        Returns
        -------
        The snapshot.

        Raises
        ------
        OSError
            If it was removed meanwhile.
        """
        path = self._path(number, loaded.version)
        snapshot: ServingSnapshot = read_objects(path, _given(loaded))
        return snapshot

    def _held(self) -> list[tuple[int, str]]:
        found = []
        for path in self.root.glob(f"*/{_MANIFEST}"):
            number, _, version = path.parent.name.partition("-")
            if number.isdigit():
                found.append((int(number), version))
        return sorted(found)

    def _path(self, number: int, version: str) -> Path:
        return self.root / f"{number:08d}-{version}"


def write_objects(folder: Path, value: object, given: Mapping[str, object]) -> None:
    """Write an object with all that it refers to into a new folder.

    Parameters
    ----------
    folder
        Replaced if it exists.
    value
        Made of arrays, tables, plain values and this program's classes.
    given
        Objects that the reader has too, by name: they are left out.

    Raises
    ------
    TypeError
        If there is something else in it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    manifest = json.dumps(_Writer(folder, given).encode(value))
    (folder / _MANIFEST).write_text(manifest, encoding="utf-8")


def read_objects(folder: Path, given: Mapping[str, object]) -> Any:
    """Read what :func:`write_objects` wrote; arrays are mapped.

    Parameters
    ----------
    folder, given
        As they were written.

    Returns
    -------
    The object.
    """
    text = (folder / _MANIFEST).read_text(encoding="utf-8")
    return _Reader(folder, given).decode(json.loads(text))


def _given(loaded: "Loaded") -> dict[str, object]:
    model = loaded.suggestions
    return {"model": model, "latent_factors": model.latent_factors}


class _Writer:
    def __init__(self, folder: Path, given: Mapping[str, object]) -> None:
        self._folder = folder
        self._names: dict[int, str] = {id(value): name for name, value in given.items()}
        self._kept: list[object] = []
        self._files = 0

    def encode(self, value: Any) -> Any:
        if type(value) in (type(None), bool, int, float, str):
            return value
        if id(value) in self._names:
            return {"same": self._names[id(value)]}
        name = self._names[id(value)] = str(len(self._kept))
        self._kept.append(value)
        return {"name": name, **self._encode(value)}

    def _encode(self, value: Any) -> dict[str, Any]:
        match value:
            case np.ndarray() | np.generic():
                return {"array": self._save(np.asarray(value)), "scalar": np.ndim(value) == 0}
            case datetime():
                return {"datetime": value.isoformat()}
            case list() | tuple() | set() | frozenset():
                return {type(value).__name__: [self.encode(item) for item in value]}
            case dict():
                return {"dict": [[self.encode(k), self.encode(v)] for k, v in value.items()]}
            case IdMap():
                ids = np.array(value.ids, dtype=np.str_)
                if len(ids) < _LONG or not (ids[:-1] < ids[1:]).all():
                    return {"ids": ids.tolist()}
                return {"sorted_ids": self._save(ids)}
            case pd.DataFrame():
                return {"table": self._save_table(value)}
            case sp.csr_matrix():
                value.sum_duplicates()
                parts = (value.data, value.indices, value.indptr)
                return {"csr": [self._save(part) for part in parts], "shape": list(value.shape)}
        kind = type(value)
        if not kind.__module__.startswith(PACKAGES):
            raise TypeError(f"a snapshot cannot hold {kind.__module__}.{kind.__qualname__}")
        state = {name: self.encode(held) for name, held in _attributes(value).items()}
        return {"class": [kind.__module__, kind.__qualname__], "state": state}

    def _save(self, array: NDArray[Any]) -> str:
        self._files += 1
        np.save(self._folder / f"{self._files}.npy", array, allow_pickle=False)
        return f"{self._files}.npy"

    def _save_table(self, frame: pd.DataFrame) -> str:
        self._files += 1
        table = pa.Table.from_pandas(frame, preserve_index=False)
        with pa.ipc.new_file(self._folder / f"{self._files}.arrow", table.schema) as writer:
            writer.write_table(table)
        return f"{self._files}.arrow"


class _Reader:
    def __init__(self, folder: Path, given: Mapping[str, object]) -> None:
        self._folder = folder
        self._made: dict[str, Any] = dict(given)

    def decode(self, encoded: Any) -> Any:
        if not isinstance(encoded, dict):
            return encoded
        if "same" in encoded:
            return self._made[encoded["same"]]
        if "class" in encoded:
            return self._object(encoded)
        made = self._made[encoded["name"]] = self._decode(encoded)
        return made

    def _decode(self, encoded: dict[str, Any]) -> Any:
        match encoded:
            case {"array": name, "scalar": scalar}:
                return self._load(name)[()] if scalar else self._load(name)
            case {"datetime": text}:
                return datetime.fromisoformat(text)
            case {"dict": items}:
                return {self.decode(key): self.decode(value) for key, value in items}
            case {"ids": ids}:
                return IdMap(ids)
            case {"sorted_ids": name}:
                return SortedIds(self._load(name))
            case {"table": name}:
                with pa.ipc.open_file(pa.memory_map(str(self._folder / name))) as reader:
                    return reader.read_all().to_pandas()
            case {"csr": names, "shape": shape}:
                data, indices, indptr = (self._load(name) for name in names)
                matrix = sp.csr_matrix(tuple(shape), dtype=data.dtype)
                # Set one by one: the constructor would look through all of them.
                matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
                matrix.has_canonical_format = True
                return matrix
        kind = next(name for name in encoded if name in _COLLECTIONS)
        return _COLLECTIONS[kind](self.decode(item) for item in encoded[kind])

    def _load(self, name: str) -> NDArray[Any]:
        path = self._folder / name
        mode: Literal["c"] | None = "c" if path.stat().st_size > _PAGE else None
        # A plain view: ``memmap`` objects cost time at every indexing.
        return np.asarray(np.load(path, mmap_mode=mode, allow_pickle=False))

    def _object(self, encoded: dict[str, Any]) -> Any:
        module, name = encoded["class"]
        if not module.startswith(PACKAGES):
            raise TypeError(f"a snapshot cannot hold {module}.{name}")
        made = self._made[encoded["name"]] = object.__new__(
            getattr(importlib.import_module(module), name)
        )
        for attribute, value in encoded["state"].items():
            object.__setattr__(made, attribute, self.decode(value))
        return made


def _attributes(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value) and not hasattr(value, "__dict__"):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return dict(vars(value))
