"""Every benchmark can be imported, and says how it is called."""

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import pytest

import benchmarks
from benchmarks.report import Bar, report

MODULES = sorted(
    found.name for found in pkgutil.walk_packages(benchmarks.__path__, prefix="benchmarks.")
)
CALLED = sorted(
    {name for name in MODULES if name.endswith(".__main__")}
    | {f"benchmarks.{name}" for name in ("house", "import", "simulate")}
    | {f"benchmarks.suggestions.{name}" for name in ("capacity", "new_products", "speed")}
)


@pytest.mark.parametrize("name", MODULES)
def test_it_can_be_imported(name: str) -> None:
    importlib.import_module(name)


@pytest.mark.parametrize("name", CALLED)
def test_it_says_how_it_is_called(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


def test_bars_of_parts_that_were_not_run_stay_in_the_file(tmp_path: Path) -> None:
    report("x", [Bar("1.1", "a", 1.0), Bar("1.2", "b", 2.0)], details={"p": 1}, home=tmp_path)
    report("x", [Bar("1.2", "b", 3.0)], details={"q": 2}, merge=True, home=tmp_path)
    found = json.loads((tmp_path / "bench" / "x.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["value"]) for one in found["bars"]] == [("a", 1.0), ("b", 3.0)]
    assert found["details"] == {"p": 1, "q": 2}
    report("x", [Bar("1.2", "b", 4.0)], home=tmp_path)
    found = json.loads((tmp_path / "bench" / "x.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in found["bars"]] == ["b"]


def test_packages_of_benchmarks_can_be_called() -> None:
    assert {
        "benchmarks.demand.__main__", "benchmarks.faults.__main__", "benchmarks.plans.__main__",
        "benchmarks.serving.__main__", "benchmarks.suggestions.__main__",
    } <= set(CALLED)  # fmt: skip
