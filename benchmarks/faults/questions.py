"""The attacker's questions, asked at every door that :mod:`benchmarks.faults.doors` lists."""

import contextlib
import io
import os
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import httpx

from benchmarks.faults.doors import COMMANDS, ROUTES, Target
from recommender.errors import GongxuError
from serving.cli.app import app as commands

USER, PASSWORD = "attacker", "a long password"
PLANNED_S = 300.0


def sign_in(client: httpx.Client) -> dict[str, str]:
    """A district officer's bearer token, and the console's cookie in the client.

    Parameters
    ----------
    client
        A browser at the service, in which the user :data:`USER` exists.

    Returns
    -------
    Headers for the API.
    """
    form = client.get("/console/sign-in").text
    found = re.search(r'name="form_token" value="([^"]+)"', form)
    assert found is not None
    sent = {"username": USER, "password": PASSWORD}
    client.post("/console/sign-in", data={**sent, "form_token": found[1]})
    made = client.post("/v1/sessions", json=sent).json()
    return {"Authorization": f"Bearer {made['token']}"}


def ask_routes(
    client: httpx.Client, target: Target, *, names: Sequence[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Every route that reaches figures, with its answers.

    Parameters
    ----------
    client
        A browser at the service.
    target
        What is asked about.
    names
        Only these routes; all when left out, and then plans are made for it.

    Yields
    ------
    The address, and the answer as plain text, a refusal included.
    """
    headers = sign_in(client)
    words = _words(target)
    if names is None:
        words["plan"] = made_plan(client, headers, target)
    for route, paths in ROUTES.items():
        if names is not None and route not in names:
            continue
        for path in paths:
            address = path.format(**words)
            if route.startswith("POST"):
                change = {"budget_fen": int(words["other_fen"])}
                answer = client.post(address, json=change, headers=headers, timeout=PLANNED_S)
            else:
                answer = client.get(address, headers=headers, timeout=PLANNED_S)
            yield path, f"{answer.status_code} {plain(answer.content)}"


def made_plan(client: httpx.Client, headers: dict[str, str], target: Target) -> str:
    """Have a plan made that requires the cell.

    Parameters
    ----------
    client, headers
        A browser, and an officer's token.
    target
        What is asked about.

    Returns
    -------
    The plan's identifier; the request's where no plan could be made.
    """
    wished = {"period": target.period, "budget_fen": target.budget_fen, "rules": target.rules}
    asked = client.post("/v1/plans", json=wished, headers=headers)
    assert asked.status_code == 202, asked.text
    until = time.monotonic() + PLANNED_S
    while time.monotonic() < until:
        answer = client.get(asked.json()["path"], headers=headers)
        if answer.status_code != 202:
            break
        time.sleep(0.2)
    assert answer.status_code != 202, "the plan is not made"
    return str(answer.json().get("plan_id", asked.json()["id"]))


def ask_commands(
    target: Target, folder: Path, *, names: Sequence[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Every command that reaches figures, with what it prints or writes.

    Parameters
    ----------
    target
        What is asked about.
    folder
        Where files may be written.
    names
        Only these commands; all when left out.

    Yields
    ------
    The command, and its answer, a refusal included.
    """
    words = _words(target) | {"folder": str(folder), "rules_file": str(folder / "rules.toml")}
    (folder / "rules.toml").write_text(target.rules, encoding="utf-8")
    for name, calls in COMMANDS.items():
        if names is not None and name not in names:
            continue
        for call in calls:
            given = [*name.split(), *(word.format(**words) for word in call)]
            yield " ".join([name, *call]), run_command(given)


def run_command(words: Sequence[str]) -> str:
    """What a command prints, and the file that it writes, as plain text."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            commands(list(words), standalone_mode=False)
        except GongxuError as error:
            said.write(str(error))
    written = Path(words[-1]) if "--out" in words else None
    content = written.read_bytes() if written is not None and written.exists() else b""
    # Where the file stands is another place each time.
    return plain(content or said.getvalue().encode())


@contextlib.contextmanager
def commands_at(settings: dict[str, str]) -> Iterator[None]:
    """Commands that are run find these settings in the environment.

    Parameters
    ----------
    settings
        Such as ``GONGXU_HOME``.
    """
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


_CHANGING = (
    (re.compile(r'name="form_token" value="[^"]+"'), ""),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?"), "TIME"),
    (re.compile(r"PLAN-\w+-[0-9a-f]{12}"), "PLAN"),
    (re.compile(r"ask-[0-9a-f]{16}"), "ASKED"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "DIGEST"),
)
"""What differs between two answers to one question anyway."""


def plain(content: bytes) -> str:
    """An answer without what changes from one asking to the next.

    Parameters
    ----------
    content
        HTML, JSON, CSV, a workbook or a PDF.

    Returns
    -------
    Text; of a workbook the text of its sheets.
    """
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = [name for name in book.namelist() if name.startswith("xl/")]
            content = b"\n".join(book.read(name) for name in sorted(parts))
    text = content.decode("utf-8", "backslashreplace")
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text


def _words(target: Target) -> dict[str, str]:
    other = target.budget_fen * 3 // 2
    words = {name: str(value) for name, value in asdict(target).items()}
    return words | {"other_fen": str(other), "other_yuan": str(other // 100)}
