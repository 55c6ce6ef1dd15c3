"""What the documents say must be there."""

import re
from pathlib import Path

import pytest
import typer.main

from serving.cli.app import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
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
