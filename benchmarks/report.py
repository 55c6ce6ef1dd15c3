"""What every benchmark ends with: one line a bar, and the same as JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "implicit", "lightgbm")


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure that an issue asks for.

    Attributes
    ----------
    point
        Part and point, such as ``2.1``.
    name, value
        As the issue names it; a plain number.
    interval
        Lower and upper end, where the figure has one.
    """

    point: str
    name: str
    value: float
    interval: tuple[float, float] | None = None

    def __str__(self) -> str:
        line = f"bar {self.point} {self.name} {self.value:.4g}"
        if self.interval is not None:
            line += f" [{self.interval[0]:.4g}, {self.interval[1]:.4g}]"
        return line


def report(
    name: str,
    bars: Sequence[Bar],
    *,
    seeds: Sequence[int] = (),
    details: Mapping[str, Any] | None = None,
    merge: bool = False,
    home: Path = Path("var"),
) -> None:
    """Print the bar lines and write ``bench/NAME.json`` under ``home``.

    Parameters
    ----------
    name
        The benchmark, as in ``make bench-NAME``.
    bars
        In the order in which they are printed.
    seeds
        Every seed that was used.
    details
        The peers' figures of the same run, and whatever else explains the bars; JSON values.
    merge
        Keep what the file holds of other bars and details, which runs of other parts wrote.
    home
        Where ``bench`` lies.
    """
    document: dict[str, Any] = {
        "benchmark": name,
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        },
        "versions": {package: version(package) for package in PACKAGES},
        "seeds": list(seeds),
        "bars": [
            {"point": b.point, "name": b.name, "value": b.value, "interval": b.interval}
            for b in bars
        ],
        "details": dict(details or {}),
    }
    path = home / "bench" / f"{name}.json"
    if merge and path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        mine = {(one["point"], one["name"]) for one in document["bars"]}
        kept = [one for one in earlier["bars"] if (one["point"], one["name"]) not in mine]
        document["bars"] = sorted([*kept, *document["bars"]], key=lambda one: one["point"])
        document["details"] = earlier["details"] | document["details"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for bar in bars:
        print(bar)
