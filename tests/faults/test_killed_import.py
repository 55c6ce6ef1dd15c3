"""kill -9 in the middle of an import leaves every table as it was or as it should be."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from data.store.store import Store

N = 30_000
COMMAND = "from serving.cli.app import main; main()"


def write(folder, version):
    """Version 2 changes every row of version 1 and adds as many."""
    folder.mkdir()
    n = N * version
    residents = pd.DataFrame(
        {
            "resident_id": [f"r{i:06d}" for i in range(n)],
            "age_band": "18-34" if version == 1 else "35-59",
        }
    )
    events = pd.DataFrame(
        {
            "event_id": [f"e{i:06d}" for i in range(n)],
            "title": f"version {version}",
            "starts_at": "2025-05-01T10:00:00+08:00",
        }
    )
    bookings = pd.DataFrame(
        {
            "booking_id": [f"b{i:06d}" for i in range(n)],
            "resident_id": residents["resident_id"],
            "event_id": events["event_id"],
            "booked_at": "2025-04-01T10:00:00+08:00",
            "seats": version,
            "status": "booked",
            "updated_at": f"2025-04-0{version}T12:00:00+08:00",
        }
    )
    for name, frame in (("residents", residents), ("events", events), ("bookings", bookings)):
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def start(url, folder):
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "import", str(folder)],
        env={**os.environ, "GONGXU_DATABASE_URL": url, "GONGXU_HOME": str(folder / "var")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def versions(url):
    """Which version each table holds; fails on a mixture."""
    store = Store.connect(url)
    dataset = store.load(["residents", "events", "bookings"])
    store.close()
    found = []
    for name, column, values in (
        ("residents", "age_band", {"18-34": 1, "35-59": 2}),
        ("events", "title", {"version 1": 1, "version 2": 2}),
        ("bookings", "seats", {1: 1, 2: 2}),
    ):
        frame = dataset[name]
        held = {values[value] for value in frame[column].unique()}
        assert len(held) <= 1, f"{name} is a mixture"
        version = held.pop() if held else 0
        assert len(frame) == N * version
        found.append(version)
    return tuple(found)


@pytest.mark.slow
def test_every_table_is_old_or_new_wherever_the_import_is_killed(database_url, tmp_path):
    one, two = write(tmp_path / "one", 1), write(tmp_path / "two", 2)
    began = time.monotonic()
    assert start(database_url, one).wait(timeout=120) == 0
    duration = time.monotonic() - began
    assert versions(database_url) == (1, 1, 1)
    rng = np.random.default_rng(7)
    seen = set()
    for share in np.linspace(0.3, 1.2, 5) + rng.uniform(-0.05, 0.05, 5):
        process = start(database_url, two)
        time.sleep(share * duration)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen.add(versions(database_url))
    # Referenced tables go first, each in its own transaction: events, residents, bookings.
    assert seen <= {(1, 1, 1), (1, 2, 1), (2, 2, 1), (2, 2, 2)}
    assert start(database_url, two).wait(timeout=120) == 0
    assert versions(database_url) == (2, 2, 2)
