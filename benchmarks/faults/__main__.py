"""`make bench-faults`: accidents, attackers and other people's files, counted.

``python -m benchmarks.faults PART…`` runs the named parts only; ``--quick`` takes under five
minutes.
"""

import argparse
import time
from importlib import import_module

from benchmarks.report import report

PARTS = (
    "spoiled_data",
    "fuzz_files",
    "erased_back",
    "cells_recovered",
    "memory_under_attack",
)
"""Modules of this package with a ``run(quick)`` that gives bars."""


def main() -> None:
    """Run everything, or the parts that are named, and print the bars."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="fewer seeds, nights and files")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    bars = []
    for part in options.parts or PARTS:
        started = time.monotonic()
        bars += import_module(f"benchmarks.faults.{part}").run(quick=options.quick)
        print(f"{part}: {time.monotonic() - started:.0f} s", flush=True)
    report("faults", bars)


if __name__ == "__main__":
    main()
