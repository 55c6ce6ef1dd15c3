"""The command line's root: exit codes, one-line errors, help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from data.store.store import Store
from serving.cli import app as root
from training.lock import hold_lock

ROOT = Path(__file__).parents[3]


def gongxu(*words, home, **environment):
    return subprocess.run(
        [sys.executable, "-m", "serving.cli", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "GONGXU_HOME": str(home), "COLUMNS": "200", **environment},
        timeout=120,
    )


def commands(command, path=()):
    """Every command that does something, with its words."""
    for name, child in getattr(command, "commands", {}).items():
        if getattr(child, "commands", None):
            yield from commands(child, (*path, name))
        else:
            yield (*path, name), child


COMMANDS = dict(commands(typer.main.get_command(root.app)))


def test_the_contracts_commands_are_there():
    promised = {
        ("init",), ("import",), ("convert",), ("simulate",), ("retrain",), ("evaluate",),
        ("models", "list"), ("models", "show"), ("models", "promote"), ("models", "rollback"),
        ("suggest",), ("demand",), ("plan",),
    }  # fmt: skip
    assert promised - COMMANDS.keys() == set()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(words):
    help_ = COMMANDS[words].help or ""
    assert f"gongxu {' '.join(words)}" in help_, "the docstring needs an example"
    assert len(help_.splitlines()[0]) <= 100


def test_help_is_shown_and_is_no_error(tmp_path):
    done = gongxu("--help", home=tmp_path)
    assert done.returncode == 0
    assert "retrain" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nonsense"], "No such command"),
        (["retrain", "--engine", "abacus"], "abacus"),
        (["retrain", "--engine", "spark"], "one machine"),
        (["retrain", "--as-of", "yesterday"], "'yesterday' is not a time"),
        (["retrain", "--seed", "-1"], "--seed"),
        (["models", "promote"], "Missing argument"),
    ],
    ids=["command", "engine", "spark", "as-of", "seed", "missing"],
)
def test_a_wrong_call_ends_with_2(tmp_path, words, told):
    done = gongxu(*words, home=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_model_is_a_wrong_call(tmp_path, database_url):
    done = gongxu("models", "show", "v9", home=tmp_path, GONGXU_DATABASE_URL=database_url)
    assert done.returncode == 2
    assert done.stderr == "error: there is no model 'v9'. See `gongxu models list`.\n"


def test_anything_else_ends_with_1_and_one_line_that_says_what_to_do(tmp_path, database_url):
    none = gongxu("models", "show", home=tmp_path, GONGXU_DATABASE_URL=database_url)
    assert (none.returncode, none.stderr) == (
        1, "error: no model is served yet. Run `gongxu retrain`.\n",
    )  # fmt: skip
    nobody = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"
    away = gongxu("models", "list", home=tmp_path, GONGXU_DATABASE_URL=nobody)
    assert away.returncode == 1
    assert len(away.stderr.splitlines()) == 1
    assert "Check GONGXU_DATABASE_URL" in away.stderr


def test_debug_shows_the_traceback(tmp_path, database_url):
    words = ("models", "show", "v9")
    plain = gongxu(*words, home=tmp_path, GONGXU_DATABASE_URL=database_url)
    debug = gongxu("--debug", *words, home=tmp_path, GONGXU_DATABASE_URL=database_url)
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debug.stderr
    assert debug.stderr.splitlines()[-1] == plain.stderr.splitlines()[-1]
    assert debug.returncode == plain.returncode


def test_nothing_to_train_on_ends_with_4(tmp_path, database_url):
    done = gongxu("retrain", home=tmp_path, GONGXU_DATABASE_URL=database_url)
    assert done.returncode == 4
    assert "nothing to train on" in done.stderr


def test_another_run_ends_with_5(tmp_path, database_url):
    store = Store.connect(database_url)
    with hold_lock(store.engine):
        done = gongxu("retrain", home=tmp_path, GONGXU_DATABASE_URL=database_url)
    store.close()
    assert done.returncode == 5
    assert "another run holds the lock" in done.stderr


def test_input_without_a_good_row_ends_with_3(tmp_path, database_url):
    (tmp_path / "areas.csv").write_text("area_code,name,level\n,,moon\n")
    done = gongxu(
        "import", str(tmp_path), "--quarantine", str(tmp_path / "bad"),
        home=tmp_path / "home", GONGXU_DATABASE_URL=database_url,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr


@pytest.mark.parametrize(
    "message", ["a [list] of [/] things", "two\nlines", "[red]not a colour[/red]"]
)
def test_whatever_an_error_says_is_printed_as_it_is_on_one_line(message, monkeypatch, capsys):
    def fail(**_):
        raise RuntimeError(message)

    monkeypatch.setattr(root, "app", fail)
    with pytest.raises(SystemExit) as ended:
        root.main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"RuntimeError: {' '.join(message.split())} (" in told
