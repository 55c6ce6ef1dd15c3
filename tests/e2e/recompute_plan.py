"""Recompute a plan's totals from its CSV with the standard library alone: no code of the product.

``python recompute_plan.py plan.csv [FILE.pdf]`` prints JSON: totals by buyer and street, and of the
PDF all texts.
"""

import base64
import csv
import json
import re
import sys
import zlib
from decimal import Decimal


def totals(path: str) -> dict[str, dict[str, dict[str, float]]]:
    """Sums by buyer and by street; money in yuan, exact."""
    found: dict[str, dict[str, dict[str, Decimal]]] = {"buyer": {}, "street": {}}
    with open(path, encoding="utf-8-sig", newline="") as lines:  # noqa: PTH123  # standard library
        for row in csv.DictReader(lines):
            for by, known in found.items():
                sums = known.setdefault(row[by], dict.fromkeys(("lines", "sessions"), Decimal(0)))
                sums["lines"] += 1
                sums["sessions"] += int(row["sessions"])
                sums["yuan"] = sums.get("yuan", Decimal(0)) + Decimal(row["amount_fen"]) / 100
                sums["people"] = sums.get("people", Decimal(0)) + Decimal(row["expected"])
    return {
        by: {
            name: {key: float(value) for key, value in sums.items()} for name, sums in known.items()
        }
        for by, known in found.items()
    }


def texts(path: str) -> str:
    """Every text of a PDF whose fonts are encoded in two bytes a character."""
    with open(path, "rb") as file:  # noqa: PTH123
        content = file.read()
    words = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            plain = zlib.decompress(base64.a85decode(stream.strip(), adobe=False))
        except (ValueError, zlib.error):
            plain = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))
        found = re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj", plain, re.DOTALL)
        words += [unescaped(shown).decode("utf-16-be", errors="replace") for shown in found]
    return "\n".join(words)


def unescaped(shown: bytes) -> bytes:
    """A PDF string without its escapes."""
    plain = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

    def one(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else plain.get(code, code)

    return re.sub(rb"\\([0-7]{1,3}|.)", one, shown, flags=re.DOTALL)


if __name__ == "__main__":
    answer = {"totals": totals(sys.argv[1])}
    if len(sys.argv) > 2:
        answer["pdf"] = texts(sys.argv[2])
    sys.stdout.write(json.dumps(answer))
