"""Public functions of two or more arguments say what they take and what they return."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("recommender", "features", "training", "serving", "data")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *ROOMS],
        capture_output=True, text=True, cwd=ROOT, check=True, timeout=60,
    ).stdout  # fmt: skip
    paths = [ROOT / name for name in listed.splitlines() if name.endswith(".py")]
    return [path for path in paths if path.exists() and "migrations" not in path.parts]


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Functions of a module and methods of its classes, private ones left out."""
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
    for body in [tree.body, *(each.body for each in classes)]:
        for node in body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                yield node


def is_exempt(function: Function) -> bool:
    """Overloads; commands and routes, whose parameters describe themselves in help and OpenAPI."""
    decorators = [ast.unparse(each) for each in function.decorator_list]
    command = "Example: " in (ast.get_docstring(function) or "")
    return command or any(
        each == "overload" or each.startswith(("router.", "app.")) for each in decorators
    )


def missing_sections(function: Function) -> list[str]:
    given = function.args
    arguments = [a.arg for a in given.posonlyargs + given.args + given.kwonlyargs]
    if len(set(arguments) - {"self", "cls"}) < 2 or is_exempt(function):
        return []
    text = ast.get_docstring(function) or ""
    returns = function.returns is not None and ast.unparse(function.returns) != "None"
    missing = [] if "Parameters\n---" in text else ["Parameters"]
    if returns and not any(f"{word}\n---" in text for word in ("Returns", "Yields")):
        missing.append("Returns")
    return missing


def undocumented() -> list[str]:
    """Functions that lack a section, with file and line."""
    found = []
    for path in modules():
        file = path.relative_to(ROOT).as_posix()
        for function in public_functions(ast.parse(path.read_text("utf-8"))):
            missing = missing_sections(function)
            if missing:
                found.append(f"{file}:{function.lineno} {function.name}: {', '.join(missing)}")
    return found


def test_parameters_and_returns_are_documented() -> None:
    lines = undocumented()
    assert not lines, "\n".join(lines)


def test_the_rule_sees_what_is_missing() -> None:
    source = '''
def both(a: int, b: int) -> int:
    """Say nothing."""

def taken(a: int, b: int) -> int:
    """Say a half.

    Parameters
    ----------
    a, b
        Numbers.
    """

def alone(a: int) -> int:
    """Say enough."""
'''
    found = {f.name: missing_sections(f) for f in public_functions(ast.parse(source))}
    assert found == {"both": ["Parameters", "Returns"], "taken": ["Returns"], "alone": []}
