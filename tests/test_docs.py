"""What the documents say must be there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from serving.cli.app import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ROOT_COMMAND: Any = typer.main.get_command(app)
COMMANDS = set(ROOT_COMMAND.commands)
TARGETS = set(re.findall(r"^([a-z-]+%?):", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    missing = [
        link
        for link in links
        if not re.match(r"[a-z]+:", link) and not (path.parent / link).exists()
    ]
    assert missing == []


def shown_commands(text: str) -> list[str]:
    """Lines of code blocks that call ``gongxu``, without the prompt."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return re.findall(r"^\s*(?:\$ )?(gongxu [a-z].*)$", "\n".join(lines), re.M)


def parse_command(line: str) -> None:
    """Parse a command line as the program does, without running it; raises what it would."""
    command, arguments = ROOT_COMMAND, shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context(line, arguments)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_that_are_shown_can_be_called(path: Path) -> None:
    for line in shown_commands(path.read_text(encoding="utf-8")):
        parse_command(line)


def test_a_wrong_option_in_a_document_would_be_seen() -> None:
    (line,) = shown_commands("```\n$ gongxu demand --periode 2027Q1   # a comment\n```")
    with pytest.raises(Exception, match="--periode"):
        parse_command(line)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_named_commands_and_targets_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.S))
    commands = set(re.findall(r"(?:^|[\s`$|&])gongxu ([a-z][a-z-]+)", code))
    assert commands - COMMANDS == set()
    benches = set(re.findall(r"make bench-([a-z]+)", code)) - {"NAME"}
    rooms = {path.stem for path in (ROOT / "benchmarks").iterdir()}
    assert benches - rooms == set()
    targets = {t for t in re.findall(r"make ([a-z][a-z-]*)", code) if not t.startswith("bench-")}
    assert targets - TARGETS == set()
