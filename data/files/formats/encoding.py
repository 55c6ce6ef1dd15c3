"""How a text file is encoded: found out from its bytes, with doubt where they leave one."""

import codecs
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from recommender.errors import UsageError

CANDIDATES = ("gb18030", "big5", "cp949", "shift_jis", "cp1252", "cp1251")
"""What a file that is not UTF-8 is compared with."""

_CHUNK = 1 << 24
_FOREIGN = re.compile(rb'[^,;\t"\r\n]*[\x80-\xff][^,;\t"\r\n]*')
_SAMPLE_BYTES = 20_000
_DOUBT, _SURE = 0.005, 0.1  # by how much less disorder another encoding has than GB18030
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to read a text file.

    Attributes
    ----------
    codec
        A Python codec.
    clean
        Whether the bytes are valid UTF-8, so that they need no recoding.
    note
        What a user should know of a guess; empty where there was none.
    """

    codec: str
    clean: bool
    note: str = ""


def find_encoding(file: Path, named: str | None = None) -> Encoding:
    """Find out by reading the file once.

    UTF-8, with or without a byte-order mark, when every byte fits; UTF-16 and UTF-32 by their
    mark or zeros. What is left is a guess, and said to be one: GB18030, what a Chinese Excel
    writes, unless another encoding leaves clearly less disorder (charset-normalizer), or the file
    is plainly UTF-8 with a few broken bytes.

    Parameters
    ----------
    file
        The file.
    named
        The encoding that the caller knows it has.

    Returns
    -------
    The encoding's name, and what to tell about how sure it is.

    Raises
    ------
    UsageError
        If ``named`` is no encoding.
    """
    with file.open("rb") as stream:
        head = stream.read(4096)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, clean=False)
    utf8_broken = _broken_share(file, "utf-8")
    if named is not None:
        codec = check_encoding(named)
        if codec in ("utf-8", "ascii"):
            return Encoding("utf-8-sig", clean=utf8_broken == 0)
        return Encoding(codec, clean=False)
    if wide := _wide(head):
        return Encoding(wide, clean=False, note=_note(file, wide))
    if utf8_broken == 0:
        return Encoding("utf-8-sig", clean=True)
    if utf8_broken <= _broken_share(file, "gb18030"):
        return Encoding("utf-8-sig", clean=False, note=f"{file.name} has bytes that are not UTF-8")
    guessed, rival = _guess(_sample(file))
    if guessed is None:
        return Encoding("utf-8-sig", clean=False, note=f"{file.name} has bytes that are not UTF-8")
    return Encoding(guessed, clean=False, note=_note(file, guessed, rival))


def check_encoding(name: str) -> str:
    """The standard name of an encoding.

    Raises
    ------
    UsageError
        If Python knows none of that name that makes text of bytes.
    """
    try:
        info = codecs.lookup(name)
        b"".decode(name)
    except (LookupError, ValueError):
        raise UsageError(
            f"{name!r} is no encoding.", f"Name one such as utf-8, {', '.join(CANDIDATES)}."
        ) from None
    return info.name


def _note(file: Path, codec: str, rival: str | None = None) -> str:
    doubt = f", though it may be {rival}" if rival else ""
    return (
        f"{file.name} is not UTF-8; read as {codec} (a guess{doubt}): look at its names, and "
        "name the encoding with --encoding if they are wrong"
    )


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark, by the zeros of its ASCII characters."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) * 0.2 or min(even, odd) > len(head) * 0.02:
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _sample(file: Path) -> bytes:
    """The first cells that hold more than ASCII."""
    found: list[bytes] = []
    size = 0
    with file.open("rb") as stream:
        while size < _SAMPLE_BYTES and (line := stream.readline(_SAMPLE_BYTES)):
            for words in _FOREIGN.findall(line):
                found.append(words)
                size += len(words)
    return b"\n".join(found)


def _guess(sample: bytes) -> tuple[str | None, str | None]:
    """The likeliest encoding of a sample, and another one that it may be in."""
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=list(CANDIDATES), threshold=0.5, enable_fallback=False)
    disorder = {match.encoding: match.chaos for match in found}
    if not disorder:
        return None, None
    best = min(disorder, key=lambda codec: (disorder[codec], CANDIDATES.index(codec)))
    gap = disorder.get("gb18030", 1.0) - disorder[best]
    if gap >= _SURE:
        return best, None
    rivals = [c for c in disorder if c != "gb18030" and disorder[c] <= disorder["gb18030"]]
    likely = best if gap >= _DOUBT else rivals[0] if rivals else None
    return "gb18030", likely


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
    A text stream with line ends as they are; the caller closes it.
    """
    return file.open("r", encoding=encoding, errors="replace", newline="")


def open_utf8(file: Path, encoding: Encoding) -> IO[bytes]:
    """The file as UTF-8 bytes without a mark.

    Parameters
    ----------
    file
        The file.
    encoding
        As :func:`find_encoding` found it.

    Returns
    -------
    A binary stream of UTF-8; the caller closes it.
    """
    raw = file.open("rb")
    if encoding.clean:
        if raw.read(3) != codecs.BOM_UTF8:
            raw.seek(0)
        return raw
    return cast(IO[bytes], io.BufferedReader(_Recoder(raw, encoding.codec), _CHUNK))


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
            # Some codecs let lone surrogates through, which UTF-8 cannot hold.
            self._ready = re.sub(
                "[\ud800-\udfff]", "\ufffd", self._decode(chunk, not chunk)
            ).encode()
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
