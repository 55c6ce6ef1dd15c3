"""The layers and promises of docs/architecture.md, read from the imports themselves."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("recommender", "features", "training", "serving", "data")


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


def importers(graph, package):
    return graph.find_modules_that_directly_import(package) if package in graph.modules else set()


def test_the_contracts_of_import_linter_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_mlflow_is_imported_in_one_place(graph):
    assert importers(graph, "mlflow") == {"training.registry.mlflow_log"}
    assert importers(graph, "training.registry.mlflow_log") == {"training.registry.registry"}


def test_implicit_is_imported_by_scorers_only(graph):
    found = importers(graph, "implicit")
    assert found
    assert all(module.startswith("recommender.scorers.") for module in found)


@pytest.mark.parametrize(
    "package", ["sqlalchemy", "psycopg", "pyarrow", "fastapi", "typer", "mlflow", "httpx"]
)
def test_the_core_reaches_no_input_or_output(graph, package):
    found = {m for m in importers(graph, package) if m.split(".")[0] == "recommender"}
    assert found == set()


@pytest.mark.parametrize("module", ["os", "pathlib", "time", "socket", "subprocess", "random"])
def test_the_core_asks_neither_clock_nor_files_nor_environment(graph, module):
    found = {m for m in importers(graph, module) if m.split(".")[0] == "recommender"}
    if module == "time":  # a stopwatch, which the solver's time limit cannot do without
        found = {m for m in found if not m.startswith("recommender.procurement.")}
    assert found == set()


def test_a_stopwatch_is_all_the_core_takes_from_time():
    uses = [
        use
        for path in (ROOT / "recommender").rglob("*.py")
        for use in re.findall(r"\btime\.(\w+)\(", path.read_text(encoding="utf-8"))
    ]
    assert set(uses) <= {"monotonic", "perf_counter"}


def run_and_list_modules(code):
    """Names of the modules that are loaded once ``code`` has run, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_web_process_loads_neither_mlflow_nor_spark_nor_the_batch_job():
    loaded = run_and_list_modules("import serving.api.app, serving.composition")
    assert "fastapi" in loaded
    assert not loaded & {"mlflow", "pyspark", "training.retrain", "training.evaluation.backtest"}


def test_the_command_line_starts_without_anything_heavy():
    loaded = run_and_list_modules("import serving.cli.app")
    heavy = {
        "pandas", "numpy", "scipy", "sklearn", "sqlalchemy", "fastapi", "mlflow", "pyarrow",
        "implicit", "lightgbm", "matplotlib", "pydantic_settings",
    }  # fmt: skip
    assert loaded & heavy == set()


def test_no_test_folder_shadows_a_room():
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def modules_of_the_rooms():
    return [
        path.relative_to(ROOT)
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if path.name != "__init__.py"
    ]


def test_no_folder_is_crowded_and_no_module_long():
    paths = modules_of_the_rooms()
    crowded = {f for f, n in Counter(p.parent.as_posix() for p in paths).items() if n > 15}
    long = {
        p.as_posix()
        for p in paths
        if len((ROOT / p).read_text(encoding="utf-8").splitlines()) > 350
    }
    assert (crowded, long) == (set(), set())


def test_nothing_of_a_room_is_imported_by_a_text():
    """Imports that import-linter cannot see: by ``import_module`` or ``__import__``."""
    hidden = {
        p.as_posix()
        for p in modules_of_the_rooms()
        if re.search(r"import_module\(|__import__\(", (ROOT / p).read_text(encoding="utf-8"))
    }
    # The command line loads its own commands late; snapshots name classes of this program.
    assert hidden <= {"serving/cli/app.py", "serving/api/online/snapshot_folder.py"}


WITHOUT_NUMBERS = {
    "recommender/errors.py",
    "recommender/interfaces.py",
    "recommender/procurement/rules/rule.py",
    "recommender/procurement/rules/values.py",
    "recommender/ranking/lists/inputs.py",
    "recommender/ranking/query.py",
}
"""Modules that only declare shapes and names."""


def test_every_module_of_the_core_has_its_own_test():
    untested = {
        p.as_posix()
        for p in modules_of_the_rooms()
        if p.parts[0] in ("recommender", "features")
        and not (ROOT / "tests" / p.parent / f"test_{p.name}").exists()
    }
    assert untested <= WITHOUT_NUMBERS
