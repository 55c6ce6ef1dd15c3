"""The field's words in code, help and docs; Chinese sentences in the catalogue alone."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from serving.cli.app import app

ROOT = Path(__file__).parents[1]
ROOMS = ("recommender", "features", "training", "serving", "data")

RETIRED = {
    "loyalty": "affinity",
    "leaning": "preference_deviation",
    "circumstance": "context",
    "sittings": "sessions",
    "canvassing": "survey_outliers",
    "suppression": "disclosure_control",
    "thumb": "heuristic",
    "halls": "venues",
    "diary": "VenueCalendar",
    "lessons": "training_windows",
    "relive": "replay",
    "keeper": "SnapshotRefresher",
    "surroundings": "RequestMiddleware",
    "oversight": "scorecards",
    "momentum": "popularity_trend",
    "taste": "collaborative",
    "luck": "overdispersion",
    "variety": "DiversityPolicy",
    "telling": "evidence",
    "bell": "ChangeCounter",
    "canvass": "survey_outliers",
}
"""Words of earlier names, and the field's term; no part of a name says them."""

ORDINARY = {
    "borrow": "leave_one_out_ratio",
    "shrinkage": "gamma_poisson",
    "speciality": "location_quotient",
    "World": "RankingSnapshot",
    "Ask": "Query",
    "Parts": "LatentFactors",
    "company": "co_attendance",
    "quick": "first_stage",
    "varied": "mmr_rerank",
    "Scene": "EligibilityContext",
    "words": "content",
    "refused": "cancelled",
    "size_left": "expected_remaining",
    "usual": "product_prior",
    "sharing": "poisson_lognormal",
    "latest": "interval_backtest",
    "calendar": "session_effects",
    "draw": "gravity",
    "wear": "saturation",
    "looks": "weighted_impressions",
    "hints": "log_ratio_priors",
    "behind": "contributors",
    "check": "verify",
    "ordering": "precedence",
    "near": "local_reoptimisation",
    "USUAL_DECAY": "repeat_factor",
    "trial": "backtest",
    "fitted": "loading",
    "record": "mlflow_log",
    "profile": "data_profile",
    "Memory": "OnlineState",
    "Answers": "ResponseCache",
    "take_in": "apply_changes",
    "lay_over": "apply_changes",
    "resolving": "references",
}
"""Plain words that stood for a term: no module, class, function or constant has one as its name."""

LITERAL = {
    ("serving/suggestions/calendar.py", "calendar"),  # an iCalendar feed
    ("serving/api/routes/residents.py", "calendar"),  # its route
    ("serving/auth/request_limits.py", "check"),  # overrides a method of the library ``limits``
}
"""Where a plain word is the right name, because it means what it says."""

PHRASES = (
    "seats no limit",
    "seats were no limit",
    "tidying",
    "worthless",
    "keep nothing",
    "found no place",
    "came to the like of",
    "about 1 minutes",
    "what looks at it",
    "a lucky session",
    "relived",
    "难点正是它的用处所在",
    "对突出估计的收缩",
    "隔离文件",
)
"""Turns of phrase that no reader of the field would use."""

CJK = re.compile("[\u3400-\u9fff]")


def sources(*rooms: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *rooms],
        capture_output=True, text=True, cwd=ROOT, check=True, timeout=60,
    ).stdout  # fmt: skip
    return [
        ROOT / name
        for name in listed.splitlines()
        if name.endswith(".py") and (ROOT / name).exists()
    ]


def words_of(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names that the code gives: classes, functions, parameters, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


def definitions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names of classes, functions and methods, and what a module assigns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from ((t.id, t.lineno) for t in targets if isinstance(t, ast.Name))


def literals(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """String literals that are no docstrings, the constant parts of f-strings among them."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value, node.lineno


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def help_texts() -> Iterator[tuple[str, str]]:
    """Every command and the text of its help, options included."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, str]]:
        options = [getattr(option, "help", None) or "" for option in command.params]
        yield name, "\n".join([command.help or "", *options])
        for below, each in getattr(command, "commands", {}).items():
            yield from walk(each, f"{name} {below}")

    return walk(get_command(app), "gongxu")


def test_names_are_the_fields_terms() -> None:
    found = []
    for path in sources(*ROOMS):
        for name, line in [(path.stem, 1), *names(ast.parse(path.read_text("utf-8")))]:
            found += [
                f"{where(path, line)} {name}: say {RETIRED[word]}"
                for word in words_of(name) & RETIRED.keys()
            ]
    assert not found, "\n".join(found)


def test_plain_words_name_no_module_class_or_function() -> None:
    found = []
    for path in sources(*ROOMS):
        file = path.relative_to(ROOT).as_posix()
        for name, line in [(path.stem, 1), *definitions(ast.parse(path.read_text("utf-8")))]:
            if name in ORDINARY and (file, name) not in LITERAL:
                found.append(f"{where(path, line)} {name}: say {ORDINARY[name]}")
    assert not found, "\n".join(found)


def test_the_exceptions_are_still_needed() -> None:
    for file, name in LITERAL:
        path = ROOT / file
        defined = {path.stem, *(n for n, _ in definitions(ast.parse(path.read_text("utf-8"))))}
        assert name in defined, file


READ_BY = {"features/ranking/series_names.py"}
"""Patterns that titles are read by, which are no sentences."""


@pytest.mark.parametrize(
    "room",
    [
        "recommender",
        "features",
        "training",
        "serving/auth",
        "serving/demand",
        "serving/exports",
        "serving/outcomes",
        "serving/planning",
        "serving/reporting",
        "serving/suggestions",
    ],
)
def test_chinese_sentences_stand_in_the_catalogue_alone(room: str) -> None:
    found = [
        f"{where(path, line)} {text!r}"
        for path in sources(room)
        if path.relative_to(ROOT).as_posix() not in READ_BY
        for text, line in literals(ast.parse(path.read_text("utf-8")))
        if CJK.search(text)
    ]
    assert not found, "\n".join(found)


def test_quaint_phrases_are_nowhere() -> None:
    texts = [(str(p.relative_to(ROOT)), p.read_text("utf-8")) for p in sources(*ROOMS)]
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    texts += [(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in documents]
    texts += list(help_texts())
    found = [
        f"{name}: {phrase}"
        for name, text in texts
        for phrase in PHRASES
        if phrase in " ".join(text.split()).lower()
    ]
    assert not found, "\n".join(found)


def test_help_says_no_retired_word() -> None:
    found = [
        f"{command}: {word}"
        for command, text in help_texts()
        for word in re.findall(r"[a-z]+", text.lower())
        if word in RETIRED
    ]
    assert not found, "\n".join(found)


def test_every_command_has_an_example() -> None:
    for command, text in help_texts():
        parents = [name for name, _ in help_texts() if name.startswith(command + " ")]
        if not parents:
            assert "Example: " in text, command
