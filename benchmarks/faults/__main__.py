"""`make bench-faults`: accidents, attackers and other people's files, counted.

``--only PART,PART`` (or the parts' names alone) runs these parts only; ``--quick`` takes under five
minutes. Units of work run two side by side and are kept until a source changes: a run that was
stopped goes on. Bars of parts that were run before stay in ``var/bench/faults.json``.
"""

import argparse
import time
from importlib import import_module
from typing import Any

from benchmarks.report import Bar, report
from benchmarks.units import compute

PARTS = (
    "spoiled_data",
    "fuzz_files",
    "erased_back",
    "cells_recovered",
    "memory_under_attack",
)
"""Modules of this package with ``units(quick)`` and ``bars(values)``."""
ALONE = ("memory_under_attack",)
"""Parts that measure, so that nothing may run beside them."""
SOURCES = ("benchmarks", "data", "features", "recommender", "serving", "training")


def main() -> None:
    """Run everything, or the parts that are named, and print the bars."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="the same as --only")
    parser.add_argument("--only", default="", metavar="PARTS", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="fewer seeds, nights, files, cells")
    options = parser.parse_args()
    named = [*options.parts, *filter(None, options.only.split(","))] or list(PARTS)
    if unknown := set(named) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    name = "faults-quick" if options.quick else "faults"
    bars: list[Bar] = []
    details: dict[str, Any] = {}
    for part in named:
        module = import_module(f"benchmarks.faults.{part}")
        began = time.monotonic()
        found = compute(
            module.units(options.quick),
            name=name,
            sources=SOURCES,
            workers=1 if part in ALONE else 2,
        )
        values = [value for _, value in sorted(found.items())]
        bars += module.bars(values)
        details[part] = values
        print(f"{part}: {time.monotonic() - began:.0f} s", flush=True)
    report(name, bars, details=details, merge=True)


if __name__ == "__main__":
    main()
