"""The wheel: what is in it, and that it works where only it is installed."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("recommender", "features", "training", "serving", "data")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def packed(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_the_five_rooms_is_packed(packed):
    there = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there - packed == set()
    assert {f"{room}/py.typed" for room in ROOMS} <= packed
    assert any(name.startswith("data/migrations/versions/0001") for name in packed)


def test_nothing_else_is_packed(packed):
    tops = {name.split("/")[0] for name in packed}
    (info,) = tops - set(ROOMS)
    assert info.endswith(".dist-info")
    assert not [name for name in packed if name.endswith((".pyc", ".pkl", ".sqlite"))]


def test_the_licence_and_the_command_are_told(wheel, packed):
    (licence,) = [name for name in packed if name.endswith("licenses/LICENSE")]
    with zipfile.ZipFile(wheel) as archive:
        assert b"Apache License" in archive.read(licence)
        (points,) = [name for name in packed if name.endswith("entry_points.txt")]
        assert b"gongxu = serving.cli.app:main" in archive.read(points)


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_of_its_own(wheel, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    done = subprocess.run(
        [*install, "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    # The libraries come from this environment; the package itself only from the wheel.
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

    def run(*words):
        return subprocess.run(
            words, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120
        )

    shown = run(str(home / "bin" / "gongxu"), "--help")
    assert shown.returncode == 0, shown.stderr
    assert "retrain" in shown.stdout
    where = run(
        str(python), "-c",
        "import data.store.upgrading as u, training.registry.bundle as b;"
        "print(u.__file__, b.__file__);"
        "print(u.newest_revision())",
    )  # fmt: skip
    assert where.returncode == 0, where.stderr
    assert where.stdout.count(str(home)) == 2
