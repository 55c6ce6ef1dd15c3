"""Residents who had themselves erased: keyed digests of their pseudonyms, and locks.

A digest is ``HMAC-SHA256(key, SHA-256(pseudonym))`` with a key of the installation that is not in
the database: pseudonyms can be listed, so that a plain hash would say whose it is. A journal beside
the key holds the digests too, so that a database restored from an older backup can be told.

Whoever erases takes :data:`LOCK_TO_ERASE` first; whoever writes rows of residents without locking
the residents takes :data:`LOCK_TO_WRITE` first and reads the digests after it. Neither can then
miss what the other does.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from recommender.errors import GongxuError

KEY_FILE, JOURNAL_FILE = "erasures.key", "erasures.journal"
LOCK_TO_ERASE = "LOCK TABLE erasures IN ROW EXCLUSIVE MODE"
LOCK_TO_WRITE = "LOCK TABLE erasures IN SHARE MODE"
SELECT = "SELECT digest, key_id FROM erasures"


class Erasures:
    """Digests of erased residents under the key of one installation.

    Parameters
    ----------
    home
        ``GONGXU_HOME``: the key and the journal are there. The key is made when it is first
        needed, unless the database has digests under another one.
    """

    def __init__(self, home: Path) -> None:
        self._home = home

    @cached_property
    def _key(self) -> bytes:
        path = self._home / KEY_FILE
        if not path.exists():
            self._home.mkdir(parents=True, exist_ok=True)
            draft = self._home / f".{KEY_FILE}.{os.getpid()}-{secrets.token_hex(4)}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_hex(32))
                out.flush()
                os.fsync(out.fileno())
            with contextlib.suppress(FileExistsError):  # another process was first: its key counts
                os.link(draft, path)
            draft.unlink()
        return bytes.fromhex(path.read_text(encoding="ascii").strip())

    @property
    def key_id(self) -> str:
        """Names the key without giving it away."""
        return hmac.new(self._key, b"key id", hashlib.sha256).hexdigest()[:16]

    def digest(self, resident_id: str) -> str:
        """What is stored of an erased resident."""
        return self._keyed(hashlib.sha256(resident_id.encode()).hexdigest())

    def read(self, connection: sa.Connection) -> frozenset[str]:
        """The digests of all erased residents.

        Raises
        ------
        GongxuError
            If some were stored under another key.
        """
        return self.adopt((digest, key) for digest, key in connection.execute(sa.text(SELECT)))

    def adopt(self, rows: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Digests from rows of :data:`SELECT`; those of releases without a key are keyed here.

        Raises
        ------
        GongxuError
            If some were stored under another key: whoever is erased could not be recognised.
        """
        held = list(rows)
        if not held:
            return frozenset()
        keyed = {key_id for _, key_id in held if key_id}
        if keyed and (not (self._home / KEY_FILE).exists() or keyed != {self.key_id}):
            raise GongxuError(
                f"the erasures in the database were recorded with another {KEY_FILE}.",
                f"Copy it from the GONGXU_HOME that recorded them to {self._home}.",
            )
        return frozenset(digest if key_id else self._keyed(digest) for digest, key_id in held)

    def rekey(self, connection: sa.Connection) -> None:
        """Key the digests that a release without a key stored; the caller commits."""
        plain = connection.execute(sa.text(f"{SELECT} WHERE key_id = '' FOR UPDATE")).all()
        if plain:
            connection.execute(
                sa.text("UPDATE erasures SET digest = :new, key_id = :id WHERE digest = :old"),
                [{"old": old, "new": self._keyed(old), "id": self.key_id} for old, _ in plain],
            )

    def store(self, connection: sa.Connection, digests: Iterable[str], *, now: datetime) -> None:
        """Store digests in the caller's transaction, and in the journal at once.

        Parameters
        ----------
        connection
            Holds :data:`LOCK_TO_ERASE`.
        digests
            Of the residents whose rows the transaction deletes.
        now
            The clock.
        """
        rows = [{"digest": each, "id": self.key_id, "at": now} for each in sorted(digests)]
        connection.execute(
            sa.text(
                "INSERT INTO erasures (digest, key_id, at) VALUES (:digest, :id, :at)"
                " ON CONFLICT DO NOTHING"
            ),
            rows,
        )
        # Before the commit: an erasure in the journal alone is done when the journal is applied.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self._home / JOURNAL_FILE, flags, 0o600), "a") as journal:
            journal.writelines(f"{row['digest']} {row['id']} {now.isoformat()}\n" for row in rows)
            journal.flush()
            os.fsync(journal.fileno())

    def journal(self) -> frozenset[str]:
        """The digests that were ever stored from this home with its present key."""
        path = self._home / JOURNAL_FILE
        if not path.exists():
            return frozenset()
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
        return frozenset(line[0] for line in lines if len(line) == 3 and line[1] == self.key_id)

    def _keyed(self, digest: str) -> str:
        return hmac.new(self._key, digest.encode(), hashlib.sha256).hexdigest()
