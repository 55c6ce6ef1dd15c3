"""How long and how much memory a simulated district takes: ``make bench-simulate``.

Runs ``gongxu simulate`` as people do, in a process of its own, writing CSV, and measures the wall
clock and the peak of its resident memory.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Bar, report

SEED = 1


def measure(preset: str, out: Path) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of processor and gigabytes of one run, from start to exit."""
    command = [sys.executable, "-m", "serving.cli", "simulate", "--preset", preset]
    command += ["--seed", str(SEED), "--out", str(out)]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - start
    # The only child of this process, so its peak is the children's peak (kibibytes on Linux).
    unit = 1 if sys.platform == "darwin" else 1_024
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e9


def count_rows(path: Path) -> int:
    """Lines of a CSV file below its header."""
    with path.open("rb") as lines:
        return sum(1 for _ in lines) - 1


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="district")
    preset = parser.parse_args().preset
    folder = Path(tempfile.mkdtemp(prefix="gongxu-simulate-"))
    try:
        seconds, processor, gigabytes = measure(preset, folder)
        sizes = {path.stem: path.stat().st_size for path in sorted(folder.glob("*.csv"))}
        rows = {}
        for path in sorted(folder.glob("*.csv")):
            rows[path.stem] = count_rows(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'table':<14}{'rows':>14}{'MB':>10}")
    for name, size in sizes.items():
        print(f"{name:<14}{rows[name]:>14,}{size / 1e6:>10,.1f}")
    print(f"{preset}: {seconds:.1f} s, {processor:.1f} s of processor, {gigabytes:.2f} GB peak")
    bars = [
        Bar("1.4", "simulate_seconds", seconds),
        Bar("1.4", "simulate_memory_gb", gigabytes),
    ]
    details = {"preset": preset, "processor_seconds": processor, "rows": rows}
    report("simulate", bars, seeds=[SEED], details=details)


if __name__ == "__main__":
    main()
