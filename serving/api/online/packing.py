"""Objects of this program ↔ one file that several processes map into memory.

Arrays, the columns of frames and long identifier maps lie in the file as they lie in state, so
that a process that maps it reads nothing and shares every page with the others until it writes to
one. What holds them together is a JSON skeleton beside it. It is no pickle: only arrays, plain
values and this program's own classes go in, and nothing is called when they come out.
"""

import dataclasses
import importlib
import json
import mmap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.types import IdMap
from serving.suggestions.mapped_ids import MappedIds

ROOMS = ("recommender.", "features.", "training.", "serving.", "data.")
"""Only classes of these packages are made again."""

_ALIGNMENT = 64
_LONG = 256
"""From so many identifiers on a map is kept as an array."""


class PackingError(TypeError):
    """An object that holds something this module does not keep."""


class Packer:
    """Takes an object apart.

    Parameters
    ----------
    given
        Objects that the one who unpacks has too, by name: they are left out.
    """

    def __init__(self, given: Mapping[str, object] | None = None) -> None:
        self.arrays: list[NDArray[Any]] = []
        self._known: dict[int, int] = {}
        self._kept: list[object] = []
        self._given = {id(value): name for name, value in (given or {}).items()}

    def pack(self, value: Any) -> Any:
        """The skeleton of a value, as JSON values; its arrays are put aside.

        Raises
        ------
        PackingError
            If there is something in it that cannot be kept.
        """
        if type(value) in (type(None), bool, int, float, str):
            return value
        if id(value) in self._given:
            return {"given": self._given[id(value)]}
        if id(value) in self._known:
            return {"again": self._known[id(value)]}
        number = len(self._kept)
        self._known[id(value)] = number
        self._kept.append(value)
        return {"n": number, **self._pack(value)}

    def write(self, folder: Path, name: str, value: Any) -> None:
        """Write ``NAME.arrays`` and then, as the last thing, ``NAME.json``.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        skeleton = self.pack(value)
        places = []
        with (folder / f"{name}.arrays").open("wb") as file:
            for array in self.arrays:
                file.write(bytes(-file.tell() % _ALIGNMENT))
                places.append([array.dtype.str, list(array.shape), file.tell()])
                np.ascontiguousarray(array).tofile(file)
            file.write(b"\0")  # an empty file cannot be mapped
        draft = folder / f".{name}.json"
        draft.write_text(json.dumps({"arrays": places, "value": skeleton}), encoding="utf-8")
        draft.rename(folder / f"{name}.json")

    def _array(self, array: NDArray[Any]) -> int:
        if array.dtype.kind not in "biufMmUS":
            raise PackingError(f"an array of {array.dtype}")
        self.arrays.append(array)
        return len(self.arrays) - 1

    def _pack(self, value: Any) -> dict[str, Any]:
        match value:
            case np.ndarray():
                return {"array": self._array(value)}
            case np.generic():
                return {"scalar": self._array(np.asarray(value))}
            case datetime():
                return {"time": value.isoformat()}
            case list() | tuple() | set() | frozenset():
                return {type(value).__name__: [self.pack(item) for item in value]}
            case dict():
                return {"dict": [[self.pack(k), self.pack(v)] for k, v in value.items()]}
            case IdMap():
                if len(value) < _LONG:
                    return {"ids": list(value.ids)}
                names, order = MappedIds.arrays_of(value)
                return {"map": [self._array(names), self._array(order)]}
            case pd.DataFrame():
                return {"frame": self._array(_arrow_bytes(value))}
            case pd.Series():
                return {"series": self._array(_arrow_bytes(value.to_frame("value")))}
            case sp.csr_matrix():
                value.sum_duplicates()  # else the first who asks would have to, each for himself
                parts = [self._array(part) for part in (value.data, value.indices, value.indptr)]
                return {"csr": parts, "shape": list(value.shape)}
        kind = type(value)
        if not kind.__module__.startswith(ROOMS):
            raise PackingError(f"{kind.__module__}.{kind.__qualname__}")
        return {
            "class": [kind.__module__, kind.__qualname__],
            "has": {name: self.pack(item) for name, item in _attributes(value).items()},
        }


class Unpacker:
    """Puts an object together again, on the mapped file.

    Parameters
    ----------
    given
        What the packer left out, by name.
    """

    def __init__(self, given: Mapping[str, object] | None = None) -> None:
        self._given = dict(given or {})
        self._made: dict[int, Any] = {}
        self._arrays: list[NDArray[Any]] = []

    def read(self, folder: Path, name: str) -> Any:
        """The inverse of :meth:`Packer.write`.

        What is changed in the arrays stays in this process.

        Raises
        ------
        OSError
            If the files are gone.
        """
        document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        with (folder / f"{name}.arrays").open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self._arrays = [
            np.ndarray(tuple(shape), np.dtype(kind), content, at)
            for kind, shape, at in document["arrays"]
        ]
        return self.unpack(document["value"])

    def unpack(self, skeleton: Any) -> Any:
        """The value of a skeleton."""
        if not isinstance(skeleton, dict):
            return skeleton
        if "given" in skeleton:
            return self._given[skeleton["given"]]
        if "again" in skeleton:
            return self._made[skeleton["again"]]
        if "class" in skeleton:
            return self._object(skeleton)
        made = self._value(skeleton)
        self._made[skeleton["n"]] = made
        return made

    def _value(self, skeleton: dict[str, Any]) -> Any:
        match skeleton:
            case {"array": at}:
                return self._arrays[at]
            case {"scalar": at}:
                return self._arrays[at][()]
            case {"time": text}:
                return datetime.fromisoformat(text)
            case {"list": items}:
                return [self.unpack(item) for item in items]
            case {"tuple": items}:
                return tuple(self.unpack(item) for item in items)
            case {"set": items}:
                return {self.unpack(item) for item in items}
            case {"frozenset": items}:
                return frozenset(self.unpack(item) for item in items)
            case {"dict": items}:
                return {self.unpack(key): self.unpack(value) for key, value in items}
            case {"ids": names}:
                return IdMap(names)
            case {"map": [names, order]}:
                return MappedIds(self._arrays[names], self._arrays[order])
            case {"frame": at}:
                return _frame_of(self._arrays[at])
            case {"series": at}:
                return _frame_of(self._arrays[at])["value"].rename(None)
            case {"csr": parts, "shape": shape}:
                data, indices, indptr = (self._arrays[part] for part in parts)
                matrix = sp.csr_matrix((data, indices, indptr), shape=tuple(shape), copy=False)
                matrix.has_canonical_format = True
                return matrix
        raise PackingError(f"a skeleton of {sorted(skeleton)}")

    def _object(self, skeleton: dict[str, Any]) -> Any:
        module, name = skeleton["class"]
        if not module.startswith(ROOMS):
            raise PackingError(f"{module}.{name}")
        kind: Any = importlib.import_module(module)
        for part in name.split("."):
            kind = getattr(kind, part)
        made = object.__new__(kind)
        self._made[skeleton["n"]] = made
        for attribute, value in skeleton["has"].items():
            object.__setattr__(made, attribute, self.unpack(value))
        return made


def _attributes(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value) and not hasattr(value, "__dict__"):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return dict(vars(value))


def _arrow_bytes(frame: pd.DataFrame) -> NDArray[np.uint8]:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), dtype=np.uint8)


def _frame_of(content: NDArray[np.uint8]) -> pd.DataFrame:
    with pa.ipc.open_stream(pa.py_buffer(content)) as reader:
        frame: pd.DataFrame = reader.read_all().to_pandas()
    return frame
