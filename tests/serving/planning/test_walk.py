"""The walk of `plan`, from the command to the mathematics: a chain of files, none visited twice."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WALK = (
    "serving/cli/officers/plans.py",
    "serving/planning/document.py",
    "serving/planning/sources.py",
    "serving/planning/solution.py",
    "serving/planning/problem/building.py",
    "recommender/procurement/solver/milp.py",
    "recommender/procurement/solver/linear_model.py",
    "recommender/procurement/rules/registry.py",
)


def imported(path: str) -> set[str]:
    """Modules and names that a file imports, at its top or inside its functions."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("step", range(len(WALK) - 1))
def test_nobody_walks_back(step: int) -> None:
    earlier = {path.removesuffix(".py").replace("/", ".") for path in WALK[:step]}
    assert not imported(WALK[step]) & earlier


def test_each_step_is_called_from_one_before() -> None:
    for step, path in enumerate(WALK[1:], start=1):
        module = path.removesuffix(".py").replace("/", ".")
        callers = set().union(*(imported(earlier) for earlier in WALK[:step]))
        # The mathematics is entered by the package's own name.
        names = {module} | ({"recommender.procurement"} if "milp" in path else set())
        assert callers & names, path
