"""Time, memory and growth of the whole fit on the simulated district at three sizes."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.simulate.settings import PRESETS

SHARES = (0.25, 0.5, 1.0)


def measure() -> tuple[list[dict[str, Any]], float]:
    """A process to simulate and one to fit a size, so that its peak is the fit's; growth."""
    rows = []
    for share in SHARES:
        with tempfile.TemporaryDirectory(prefix="gongxu-demand-") as folder:
            _run("make", str(share), folder)
            rows.append(json.loads(_run("fit", str(share), folder).splitlines()[-1]))
    size = np.log([row["bookings"] for row in rows])
    return rows, float(np.polyfit(size, np.log([row["seconds"] for row in rows]), 1)[0])


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.demand.district", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _scaled(share: float) -> dict[str, int]:
    preset = PRESETS["district"]
    return {name: round(preset[name] * share) for name in ("residents", "products", "events")}


def make(share: float, folder: Path) -> None:
    """Simulate, and write the tables and the present."""
    from benchmarks.demand.world import simulate

    dataset, truth, until = simulate(5, "district", truth_people=5_000, **_scaled(share))
    for name in dataset:
        dataset[name].to_parquet(folder / f"{name}.parquet")
    about = {"until": until.isoformat(), "period": str(truth["period"].iloc[0])}
    (folder / "about.json").write_text(json.dumps(about))


def fit(share: float, folder: Path) -> dict[str, Any]:
    """Fit and estimate one quarter; the data are in memory, as retraining has them."""
    from data.dataset import Dataset, canonical
    from data.schema import TABLES
    from serving.demand.frames import demand_frame
    from training.demand.fit import fit_demand

    about = json.loads((folder / "about.json").read_text())
    dataset = Dataset(
        {
            path.stem: canonical(pd.read_parquet(path), TABLES[path.stem])
            for path in sorted(folder.glob("*.parquet"))
        }
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    began = time.perf_counter()
    model = fit_demand(
        dataset, as_of=datetime.fromisoformat(about["until"]), rng=np.random.default_rng(0)
    )
    rows = demand_frame(model, about["period"])
    return {
        **_scaled(share),
        "bookings": len(dataset["bookings"]),
        "streets": len(model.streets),
        "rows": len(rows),
        "seconds": time.perf_counter() - began,
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "memory_before_gb": before,
    }


if __name__ == "__main__":
    part, size, place = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    if part == "make":
        make(size, place)
    else:
        print(json.dumps(fit(size, place)))
