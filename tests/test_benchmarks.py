"""Every benchmark can be imported, and says how it is called."""

import importlib
import pkgutil
import sys

import pytest

import benchmarks

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


def test_packages_of_benchmarks_can_be_called() -> None:
    assert {
        "benchmarks.demand.__main__", "benchmarks.faults.__main__", "benchmarks.plans.__main__",
        "benchmarks.serving.__main__", "benchmarks.suggestions.__main__",
    } <= set(CALLED)  # fmt: skip
