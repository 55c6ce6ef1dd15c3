"""Arrays in an ``.npz`` file that can be mapped into memory.

The files are ordinary ones (``numpy.load`` reads them). Members are stored, not compressed, and
start at multiples of 64 bytes: a member's data is then a plain, aligned array inside the file.
"""

import mmap
import os
import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = "biufcmMU"
"""Array kinds that are written: numbers, booleans, times and text, never objects."""

_ALIGNMENT = 64
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same arrays give the same bytes
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ZIP64_EXTRA_BYTES = 20  # zipfile adds it to the local header when told to allow large members
_PADDING_ID = 0xD935  # the identifier that zip-aligning tools use for padding


class DamagedArraysError(ValueError):
    """Arrays that cannot be stored, or a file that does not hold what was stored."""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a new file and flush it to disk.

    Parameters
    ----------
    arrays
        Of the dtype kinds in :data:`KINDS`, in any shape.

    Raises
    ------
    DamagedArraysError
        If an array is of another kind.
    OSError
        If the disk refuses.
    """
    with open(path, "xb", opener=_private) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, array in sorted(arrays.items()):
                if array.dtype.kind not in KINDS or array.dtype.fields is not None:
                    raise DamagedArraysError(
                        f"array {name!r} has dtype {array.dtype}, which a bundle does not keep."
                    )
                member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
                start = file.tell() + _LOCAL_HEADER.size + len(member.filename.encode())
                member.extra = _padding(start + _ZIP64_EXTRA_BYTES)
                with archive.open(member, "w", force_zip64=True) as out:
                    np.lib.format.write_array(out, np.asanyarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _padding(start: int) -> bytes:
    """An extra field that moves what follows ``start`` to the next multiple of 64."""
    size = -(start + 4) % _ALIGNMENT
    return struct.pack("<HH", _PADDING_ID, size) + bytes(size)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of a file into memory, read-only.

    Raises
    ------
    DamagedArraysError
        If the file is not whole.
    """
    try:
        # Opened here, since numpy.load leaves the file open when it is no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedArraysError(str(error)) from None
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def map_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Map all arrays of a file into memory, read-only; pages are read when touched.

    Raises
    ------
    DamagedArraysError
        If the file is not whole, or not written by :func:`write_arrays`.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            # The mapping lives on as the base of the arrays after the file is closed.
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return {
            member.filename.removesuffix(".npy"): _map_member(content, member) for member in members
        }
    except (OSError, ValueError, TypeError, struct.error, zipfile.BadZipFile) as error:
        raise DamagedArraysError(str(error)) from None


def _map_member(content: mmap.mmap, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise DamagedArraysError(f"{member.filename} is compressed")
    at = member.header_offset
    header = _LOCAL_HEADER.unpack_from(content, at)
    if header[0] != b"PK\x03\x04":
        raise DamagedArraysError(f"{member.filename} is not where the directory says")
    at += _LOCAL_HEADER.size + header[-2] + header[-1]
    if at + member.file_size > len(content):
        raise DamagedArraysError(f"{member.filename} is cut off")
    head = BytesIO(content[at : at + min(member.file_size, 65536)])
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(np.lib.format.read_magic(head))
    if read_header is None:
        raise DamagedArraysError(f"{member.filename} has an unknown format")
    shape, fortran_order, dtype = read_header(head)
    if dtype.kind not in KINDS:
        raise DamagedArraysError(f"{member.filename} has dtype {dtype}")
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if head.tell() + size != member.file_size:
        raise DamagedArraysError(f"{member.filename} has the wrong size")
    offset = at + head.tell()
    return np.ndarray(shape, dtype, content, offset, order="F" if fortran_order else "C")
