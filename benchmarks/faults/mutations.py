"""Ways in which files are spoilt on their way: bytes, quotation marks, encodings, columns."""

import io
import random
import re
import zipfile
from collections.abc import Callable

import pandas as pd

Spoil = Callable[[bytes, random.Random], bytes]

ENCODINGS = ("utf-8-sig", "utf-16", "gb18030", "big5", "cp949", "shift_jis", "cp1252")


def flipped(content: bytes, rng: random.Random) -> bytes:
    """One to eight bytes are others."""
    spoilt = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
    return bytes(spoilt)


def cut(content: bytes, rng: random.Random) -> bytes:
    """The end is missing."""
    return content[: rng.randrange(1, len(content))]


def doubled(content: bytes, rng: random.Random) -> bytes:
    """A part stands twice."""
    start = rng.randrange(len(content))
    part = content[start : start + rng.randint(1, 60)]
    return content[:start] + part + content[start:]


def filled(content: bytes, rng: random.Random) -> bytes:
    """A block of zeros, as a full disk leaves it."""
    start = rng.randrange(len(content))
    length = min(rng.randint(1, 64), len(content) - start)
    return content[:start] + bytes(length) + content[start + length :]


BYTES: dict[str, Spoil] = {
    "flipped": flipped, "cut": cut, "doubled": doubled, "filled": filled, "whole": lambda c, _: c,
}  # fmt: skip


def mutate(frame: pd.DataFrame, rng: random.Random) -> tuple[str, bytes]:
    """A table as a spoilt CSV file.

    Parameters
    ----------
    frame
        Sound text.
    rng
        Chooses.

    Returns
    -------
    What was done (after a colon the encoding, where it is not UTF-8), and the file.
    """
    kind = rng.choice(("bytes", "quotes", "encoding", "columns", "lines", "delimiter"))
    text = frame.to_csv(index=False)
    match kind:
        case "bytes":
            name = rng.choice(list(BYTES))
            return name, BYTES[name](text.encode(), rng)
        case "quotes":
            places = sorted(rng.sample(range(len(text)), rng.randint(1, 3)), reverse=True)
            for place in places:
                text = text[:place] + '"' * rng.randint(1, 2) + text[place:]
        case "encoding":
            encoding = rng.choice(ENCODINGS)
            return f"encoding:{encoding}", text.encode(encoding, errors="replace")
        case "columns":
            columns = list(frame.columns)
            rng.shuffle(columns)
            text = frame[columns].to_csv(index=False)
        case "lines":
            lines = text.splitlines()
            for _ in range(rng.randint(1, 3)):
                extra = rng.choice(("", ",,,,", "  ", rng.choice(lines), "合计,1", "sep=,"))
                lines.insert(rng.randint(1, len(lines)), extra)
            text = rng.choice(("\n", "\r\n")).join(lines) + rng.choice(("", "\n", "\n\n"))
        case _:
            text = frame.to_csv(index=False, sep=rng.choice("\t;|"))
    return kind, text.encode()


def spoil_sheet(content: bytes, rng: random.Random) -> bytes:
    """A workbook that opens, with cells that are missing, doubled, or others.

    Parameters
    ----------
    content
        The workbook.
    rng
        Chooses.

    Returns
    -------
    The spoilt workbook.
    """
    spoilt = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(spoilt, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            part = source.read(name).decode("utf-8", "replace")
            if name.startswith("xl/worksheets/"):
                part = _other_cell(part, rng)
            target.writestr(name, part)
    return spoilt.getvalue()


def _other_cell(sheet: str, rng: random.Random) -> str:
    cells = list(re.finditer(r"<c [^>]*?(?:/>|>.*?</c>)", sheet))
    found = rng.choice(cells)
    match rng.choice(("gone", "error", "number", "formula", "text")):
        case "gone":
            new = ""
        case "error":
            new = re.sub(r"<c (r=\"\w+\").*", r'<c \1 t="e"><v>#N/A</v></c>', found[0])
        case "number":
            new = re.sub(r"<c (r=\"\w+\").*", r"<c \1><v>3.10105E+11</v></c>", found[0])
        case "formula":
            new = re.sub(r"<c (r=\"\w+\").*", r"<c \1><f>A1+1</f></c>", found[0])
        case _:
            new = re.sub(
                r"<c (r=\"\w+\").*", r'<c \1 t="inlineStr"><is><t>=1+1</t></is></c>', found[0]
            )
    return sheet[: found.start()] + new + sheet[found.end() :]
