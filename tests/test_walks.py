"""The three walks of docs/architecture.md, followed through imports and names."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 8
STEP = re.compile(r"^\d\. `(?P<path>[\w/]+\.py)` `(?P<name>\w+)`: ", re.MULTILINE)


def walks():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## Three walks")[1].split("\n## ")[0]
    parts = re.split(r"^### `gongxu (\w+)`$", section, flags=re.MULTILINE)[1:]
    return {
        command: [(match["path"], match["name"]) for match in STEP.finditer(steps)]
        for command, steps in zip(parts[::2], parts[1::2], strict=True)
    }


WALKS = walks()


def module_of(path):
    return path.removesuffix(".py").replace("/", ".")


class Source:
    """What a file defines, imports and mentions."""

    def __init__(self, path):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        self.modules = set()
        self.names = set()
        self.defined = set()
        for node in ast.walk(tree):
            match node:
                case ast.ImportFrom(module=module, names=names) if module:
                    self.modules |= {module, *(f"{module}.{alias.name}" for alias in names)}
                case ast.Import(names=names):
                    self.modules |= {alias.name for alias in names}
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    self.names.add(name)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    self.defined.add(name)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    self.defined.add(name)


def test_the_document_describes_three_walks():
    assert WALKS.keys() == {"suggest", "demand", "plan"}


@pytest.mark.parametrize("command", WALKS)
class TestWalk:
    def test_it_starts_at_the_command_and_ends_in_the_mathematics(self, command):
        paths = [path for path, _ in WALKS[command]]
        assert 3 <= len(paths) <= LONGEST
        assert len(set(paths)) == len(paths)
        assert paths[0].startswith("serving/cli/")
        assert paths[-1].startswith("recommender/")

    def test_each_file_defines_what_it_is_entered_by(self, command):
        for path, name in WALKS[command]:
            assert name in Source(path).defined, f"{path} does not define {name}"

    def test_each_name_is_used_by_a_file_before(self, command):
        steps = WALKS[command]
        for number, (path, name) in enumerate(steps[1:], start=1):
            module = module_of(path)
            # A package may pass on the name of what it is entered by.
            doors = {f"{module}.{name}", module, module.rpartition(".")[0]}
            doors.add(".".join(module.split(".")[:2]))
            users = [
                earlier
                for earlier, _ in steps[:number]
                if name in (source := Source(earlier)).names and source.modules & doors
            ]
            assert users, f"nobody before {path} uses {name}"

    def test_no_file_imports_one_that_was_left(self, command):
        left = set()
        for path, _ in WALKS[command]:
            assert not Source(path).modules & left, path
            left.add(module_of(path))
