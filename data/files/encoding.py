"""How a text file is written: its encoding and its delimiter."""

import codecs
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

_CHUNK = 1 << 24


@dataclass(frozen=True, slots=True)
class Style:
    """How to read a delimited file.

    Attributes
    ----------
    encoding
        A Python codec.
    delimiter
        One character.
    clean
        Whether the bytes are valid UTF-8, so that they need no recoding.
    """

    encoding: str
    delimiter: str
    clean: bool


def sniff(file: Path) -> Style:
    """Find out by reading the file once.

    UTF-8, with or without a byte-order mark, when every byte fits; UTF-16 by its mark; else
    GB18030, what a Chinese Excel writes, unless the file is plainly UTF-8 with a few broken bytes.
    """
    with file.open("rb") as stream:
        head = stream.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, clean = "utf-16", False
    else:
        broken = _broken_share(file, "utf-8")
        encoding, clean = "utf-8-sig", broken == 0
        if broken > 0 and _broken_share(file, "gb18030") < broken:
            encoding = "gb18030"
    with open_text(file, encoding) as text:
        header = text.readline()
    delimiter = max(",\t;|", key=header.count) if "," not in header else ","
    return Style(encoding, delimiter, clean)


def open_text(file: Path, encoding: str) -> IO[str]:
    """The file as text; bytes that do not fit become U+FFFD, which is bad input later on.

    Parameters
    ----------
    file
        The file.
    encoding
        Name of a codec of Python.

    Returns
    -------
    A text stream; the caller closes it.
    """
    return file.open("r", encoding=encoding, errors="replace", newline="")


def open_utf8(file: Path, style: Style) -> IO[bytes]:
    """The file as UTF-8 bytes without a mark.

    Parameters
    ----------
    file
        The file.
    style
        Its encoding, as detected.

    Returns
    -------
    A binary stream of UTF-8; the caller closes it.
    """
    raw = file.open("rb")
    if style.clean:
        if raw.read(3) != codecs.BOM_UTF8:
            raw.seek(0)
        return raw
    return cast(IO[bytes], io.BufferedReader(_Recoder(raw, style.encoding), _CHUNK))


class _Recoder(io.RawIOBase):
    """Bytes of one encoding as bytes of UTF-8, piece by piece."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self._raw = raw
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: "memoryview[int]") -> int:  # type: ignore[override]
        while not self._ready:
            chunk = self._raw.read(1 << 20)
            self._ready = self._decode(chunk, not chunk).encode()
            if not chunk:
                break
        size = min(len(target), len(self._ready))
        target[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


def _broken_share(file: Path, encoding: str) -> float:
    """Share of a file's non-ASCII characters that do not decode."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    broken = other = 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            text = decoder.decode(chunk, len(chunk) < _CHUNK)
            if not text.isascii():
                lost = text.count("\ufffd")
                broken += lost
                other += len(text.encode()) - len(text) if lost < len(text) else 0
    return broken / max(1, broken + other)
