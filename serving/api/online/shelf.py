"""The shelf: where the memories lie that all workers of one run share.

Whoever finds first that another one is needed has it built by a process of its own; all others, and
those that start later, map the newest. A shelf belongs to one run of ``gongxu serve``, which
names its folder in ``GONGXU_SHELF``; folders of runs that have ended are cleared by the next.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from serving.api.online.packing import Packer, Unpacker

if TYPE_CHECKING:
    from serving.api.online.building import Edition, Loaded

VARIABLE = "GONGXU_SHELF"
"""Names the run's folder to its workers."""

_KEPT = 2


class Shelf:
    """Editions in a folder, numbered.

    Parameters
    ----------
    folder
        Of this run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self) -> tuple[int, str] | None:
        """Number and model version of the newest edition."""
        found = self._editions()
        return found[-1] if found else None

    def put(self, edition: "Edition", loaded: "Loaded") -> None:
        """Add an edition; those before the one before it go.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        held = self._editions()
        number = held[-1][0] + 1 if held else 1
        for leftover in self.folder.glob("*.arrays"):
            if not leftover.with_suffix(".json").exists():
                leftover.unlink()  # of a building that was killed
        Packer(_given(loaded)).write(self.folder, _name(number, edition.version), edition)
        # Who has an old one mapped keeps it until the last question is answered.
        for old in held[: 1 - _KEPT]:
            self.remove(*old)

    def take(self, number: int, loaded: "Loaded") -> "Edition":
        """Map an edition of the given model.

        Raises
        ------
        OSError
            If it is gone again.
        """
        edition: Edition = Unpacker(_given(loaded)).read(self.folder, _name(number, loaded.version))
        return edition

    def remove(self, number: int, version: str) -> None:
        """Take an edition from the shelf."""
        for suffix in (".json", ".arrays"):
            with contextlib.suppress(FileNotFoundError):
                (self.folder / f"{_name(number, version)}{suffix}").unlink()

    def of_moments(self) -> "Shelf":
        """Another one, for what would have been said at other moments."""
        (self.folder / "moments").mkdir(exist_ok=True)
        return Shelf(self.folder / "moments")

    def order(self, at: datetime) -> "subprocess.Popen[bytes] | None":
        """Have an edition built; ``None`` while somebody else is having one built."""
        with (self.folder / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            # The builder inherits the lock: it ends with the builder, whatever becomes of us.
            return subprocess.Popen(  # noqa: S603  # this program itself
                [sys.executable, "-m", "serving.api.online.builder", self.folder, at.isoformat()],
                pass_fds=[lock.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def _editions(self) -> list[tuple[int, str]]:
        found = []
        for path in self.folder.glob("*.json"):
            number, _, version = path.stem.partition("-")
            if number.isdigit():
                found.append((int(number), version))
        return sorted(found)


@contextlib.contextmanager
def new_shelf(home: Path) -> Iterator[Path]:
    """The folder of a run that begins; gone when it ends.

    Parameters
    ----------
    home
        ``GONGXU_HOME``.
    """
    shelves = home / "shelves"
    shelves.mkdir(parents=True, exist_ok=True)
    for old in shelves.iterdir():
        _clear(old)
    folder = shelves / f"{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o700)
    with (folder / "run").open("ab") as run:
        fcntl.flock(run, fcntl.LOCK_EX)
        try:
            yield folder.absolute()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def shelf_of_run() -> Shelf | None:
    """The shelf of the run that this process belongs to."""
    folder = os.environ.get(VARIABLE)
    return Shelf(Path(folder)) if folder else None


def _clear(folder: Path) -> None:
    try:
        with (folder / "run").open("ab") as run:
            fcntl.flock(run, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # somebody serves from it


def _name(number: int, version: str) -> str:
    return f"{number:08d}-{version}"


def _given(loaded: "Loaded") -> dict[str, object]:
    # Every process maps the model from its bundle, which all share too.
    return {"model": loaded.suggestions, "latent_factors": loaded.suggestions.latent_factors}
