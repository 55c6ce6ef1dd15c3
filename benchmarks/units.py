"""Units of work of a benchmark: each kept once it is computed, two computed side by side."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Unit:
    """One call that gives a JSON value.

    Attributes
    ----------
    part, key
        The part of the benchmark, and which of its units.
    function
        Importable; called with ``arguments``.
    """

    part: str
    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@cache
def fingerprint(sources: tuple[str, ...]) -> str:
    """Of folders of sources."""
    found = hashlib.sha256()
    for folder in sources:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


def compute(
    units: Sequence[Unit], *, name: str, sources: tuple[str, ...], workers: int = 2
) -> Mapping[tuple[str, str], Any]:
    """Values of all units; those computed before with the same sources are read.

    Parameters
    ----------
    units
        In the order in which they are begun.
    name
        The benchmark.
    sources
        Folders that figures depend on: with any of it changed, all is computed anew.
    workers
        Processes side by side.

    Returns
    -------
    By part and key.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    home = Path("var") / "bench" / f"{name}-{fingerprint(sources)}"
    home.mkdir(parents=True, exist_ok=True)
    paths = {unit: home / f"{unit.part}-{unit.key}.json" for unit in units}
    found = {u: json.loads(p.read_text()) for u, p in paths.items() if p.exists()}
    if found:
        print(f"({len(found)} of {len(units)} were computed before: {home})", flush=True)
    began = time.perf_counter()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(u.function, *u.arguments): u for u in units if u not in found}
        for done in as_completed(waiting):
            unit = waiting[done]
            found[unit] = done.result()
            whole = paths[unit].with_suffix(".part")
            whole.write_text(json.dumps(found[unit]))
            whole.rename(paths[unit])
            spent = time.perf_counter() - began
            print(f"({unit.part} {unit.key}: {len(found)}/{len(units)}, {spent:.0f} s)", flush=True)
    return {(unit.part, unit.key): found[unit] for unit in units}
