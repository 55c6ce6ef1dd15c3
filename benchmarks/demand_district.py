"""Time, memory and growth of the whole fit on the simulated district at three sizes."""

import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

SHARES = (0.25, 0.5, 1.0)


def measure() -> tuple[list[dict[str, Any]], float]:
    """One process a size, so that its peak memory is its own; growth over bookings."""
    rows = []
    for share in SHARES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.demand_district", str(share)],
            check=True,
            capture_output=True,
            text=True,
        )
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    size = np.log([row["bookings"] for row in rows])
    return rows, float(np.polyfit(size, np.log([row["seconds"] for row in rows]), 1)[0])


def one(share: float) -> dict[str, Any]:
    """Fit and estimate one quarter; the data are in memory, as retraining has them."""
    from benchmarks.demand_world import simulate
    from data.simulate.settings import PRESETS
    from serving.demand import demand_frame
    from training.demand import fit_demand

    preset = PRESETS["district"]
    scaled = {name: round(preset[name] * share) for name in ("residents", "products", "events")}
    dataset, truth, until = simulate(5, "district", truth_people=5_000, **scaled)
    period = str(truth["period"].iloc[0])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    began = time.perf_counter()
    model = fit_demand(dataset, as_of=until, rng=np.random.default_rng(0))
    rows = demand_frame(model, period)
    seconds = time.perf_counter() - began
    return {
        **scaled,
        "bookings": len(dataset["bookings"]),
        "streets": len(model.streets),
        "rows": len(rows),
        "seconds": seconds,
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "memory_before_gb": before,
    }


if __name__ == "__main__":
    print(json.dumps(one(float(sys.argv[1]))))
