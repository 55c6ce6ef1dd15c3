"""Shape of the code and length of the tests: ``make bench-house``.

Counts modules per folder and lines per module of the five packages, and runs ``make test`` in a
fresh clone of what is committed. ``--quick`` leaves the tests out.
"""

import argparse
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.report import Bar, report

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("recommender", "features", "training", "serving", "data")
TEST_HOURS = 1.5
"""Longest run of the tests that is waited for."""


def modules() -> list[Path]:
    """All modules of the packages, without the ``__init__.py`` that only name a folder."""
    return [
        path
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "__init__.py"
    ]


def lines(path: Path) -> int:
    """Physical lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


def test_minutes() -> float:
    """Minutes that ``make test`` takes in a fresh clone, once its environment is installed.

    Raises
    ------
    subprocess.CalledProcessError
        If a step or a test fails.
    """
    with tempfile.TemporaryDirectory(prefix="gongxu-house-") as folder:
        clone = Path(folder) / "gongxu"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run(["make", ".venv/.dev"], cwd=clone, check=True, timeout=TEST_HOURS * 3600)
        start = time.monotonic()
        subprocess.run(["make", "test"], cwd=clone, check=True, timeout=TEST_HOURS * 3600)
        return (time.monotonic() - start) / 60


def main() -> None:
    """Print the largest folders, the longest modules and the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without running the tests")
    options = parser.parse_args()
    folders = Counter(path.parent.relative_to(ROOT).as_posix() for path in modules())
    lengths = Counter({path.relative_to(ROOT).as_posix(): lines(path) for path in modules()})
    for title, counts in (("modules", folders), ("lines", lengths)):
        print(f"{title:>8}")
        for name, count in counts.most_common(5):
            print(f"{count:>8}  {name}")
    bars = [
        Bar("6.1", "largest_folder", max(folders.values())),
        Bar("6.1", "longest_module", max(lengths.values())),
    ]
    if not options.quick:
        bars.append(Bar("6.2", "test_minutes", test_minutes()))
    report("house", bars, details={"folders": dict(folders), "modules": len(lengths)})


if __name__ == "__main__":
    main()
