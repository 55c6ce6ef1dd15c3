"""Console users: argon2 passwords, throttled sign-in, sessions that can be ended."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from recommender.errors import GongxuError, UnknownIdError, UsageError
from serving.auth.roles import Principal, Role
from serving.auth.secrets import SESSION_PREFIX, digest_of, new_secret
from serving.store_tables import console_sessions, console_users, sign_in_failures

SESSION_LASTS = timedelta(hours=12)
WINDOW = timedelta(minutes=15)
TRIES_PER_USER, TRIES_PER_ADDRESS = 5, 30
PASSWORD_MIN = 12
CONSOLE_ROLES = (Role.OFFICER, Role.DISTRICT, Role.COUNTER, Role.OPERATOR)


class SignInRefusedError(GongxuError):
    """Wrong name or password, or a disabled user: which of them is not told."""


class TooManyTriesError(GongxuError):
    """Sign-in is closed for a while, for this user or from this address."""


class SignInBusyError(GongxuError):
    """More sign-ins at once than this process takes."""


MEMORY_KIB, TIME_COST = 19_456, 3
"""Of argon2id, one lane: OWASP's smallest memory with one pass more (about 40 ms)."""

AT_ONCE, WAITING = 1, 7
"""Sign-ins that a process computes at once, and that may wait: what anonymous callers can make it
spend is one lane of memory and eight of its threads."""

_places = threading.BoundedSemaphore(AT_ONCE + WAITING)
_running = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise SignInBusyError("too many people sign in at once.", "Try again in a few seconds.")
    try:
        with _running:
            yield
    finally:
        _places.release()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash([Argon2Hasher(TIME_COST, MEMORY_KIB, parallelism=1)])


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    # Checked when there is no such user, so that answering takes as long.
    return _hasher().hash("nobody's password")


@lru_cache(maxsize=1)
def _hashing() -> ThreadPoolExecutor:
    # glibc keeps what argon2 took for the thread that took it: one thread, once 19 MB.
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")


def verify_password(password: str, known: str | None) -> tuple[bool, str | None]:
    """Whether a password fits, on the process's own few threads for that.

    Parameters
    ----------
    password
        As it was typed.
    known
        The hash that is kept; ``None`` where there is no such user, which takes as long.

    Returns
    -------
    Whether it fits, and a newer hash to keep, if the old one is of weaker settings.
    """

    def verify() -> tuple[bool, str | None]:
        return _hasher().verify_and_update(password, known or _nobodys_hash())

    return _hashing().submit(verify).result()


def add_user(
    engine: sa.Engine,
    username: str,
    password: str,
    *,
    role: Role,
    areas: Iterable[str] = (),
    now: datetime,
) -> None:
    """Make a console user.

    Parameters
    ----------
    engine
        The database.
    username, password
        To sign in with; only a hash of the password is kept.
    role
        A role of the console.
    areas
        For an officer: codes of the areas acted for.
    now
        The clock.

    Raises
    ------
    UsageError
        If the name is taken, the password too short, or the areas do not fit the role.
    """
    own = sorted(set(areas))
    if role not in CONSOLE_ROLES:
        raise UsageError(
            f"{role} is not a role of the console.", "officer, district, counter or operator."
        )
    if role is Role.OFFICER and not own:
        raise UsageError("an officer acts for areas.", "Name them: --area CODE.")
    if len(password) < PASSWORD_MIN:
        raise UsageError("the password is too short.", f"Take {PASSWORD_MIN} characters or more.")
    values = {
        "username": username,
        "password_hash": _hasher().hash(password),
        "role": role.value,
        "areas": own,
        "created_at": now,
    }
    try:
        with engine.begin() as connection:
            connection.execute(console_users.insert().values(values))
    except sa.exc.IntegrityError:
        raise UsageError(f"there is a user {username!r} already.") from None


def list_users(engine: sa.Engine) -> list[dict[str, object]]:
    """All users, without their password hashes."""
    columns = [column for column in console_users.c if column.name != "password_hash"]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*columns).order_by(console_users.c.username))
        return [dict(row) for row in rows.mappings()]


def disable_user(engine: sa.Engine, username: str, *, now: datetime) -> None:
    """Close a user's account and end all its sessions.

    Parameters
    ----------
    engine, username
        The database, and the user.
    now
        The clock.

    Raises
    ------
    UnknownIdError
        If there is no such user.
    """
    with engine.begin() as connection:
        done = connection.execute(
            console_users.update()
            .where(console_users.c.username == username)
            .values(disabled_at=sa.func.coalesce(console_users.c.disabled_at, now))
        )
        connection.execute(console_sessions.delete().where(console_sessions.c.username == username))
    if not done.rowcount:
        raise UnknownIdError(f"there is no user {username!r}.", "See `gongxu users list`.")


def sign_in(engine: sa.Engine, username: str, password: str, *, address: str, now: datetime) -> str:
    """Open a session.

    Parameters
    ----------
    engine
        The database.
    username, password
        As they were typed.
    address
        Where the request came from.
    now
        The clock.

    Returns
    -------
    The session's secret, to be sent as a bearer token.

    Raises
    ------
    TooManyTriesError
        After five failures of the user, or thirty from the address, in fifteen minutes.
    SignInRefusedError
        If name and password do not fit.
    SignInBusyError
        If too many others sign in just now.
    """
    with _one_of_few():
        attempt, user = _admit(engine, username, address, now)
        # Outside the transactions: argon2 takes its time on purpose.
        fits, better = verify_password(password, user.password_hash if user else None)
        if user is None or not fits or user.disabled_at is not None:
            raise SignInRefusedError("name and password do not fit.")
        secret = new_secret(SESSION_PREFIX)
        with engine.begin() as connection:
            connection.execute(sign_in_failures.delete().where(sign_in_failures.c.entry == attempt))
            connection.execute(
                console_sessions.insert().values(
                    digest=digest_of(secret),
                    username=username,
                    created_at=now,
                    expires_at=now + SESSION_LASTS,
                )
            )
            connection.execute(
                console_users.update()
                .where(console_users.c.username == username)
                .values(last_sign_in_at=now, **({"password_hash": better} if better else {}))
            )
            connection.execute(
                console_sessions.delete().where(console_sessions.c.expires_at <= now)
            )
    return secret


def _admit(
    engine: sa.Engine, username: str, address: str, now: datetime
) -> tuple[int, sa.Row[Any] | None]:
    """Count an attempt as failed until it succeeds, unless there were too many; the user, if any.

    Checked and counted in one transaction, one at a time for a user and an address: attempts sent
    side by side are not all judged before the first is counted.
    """
    with engine.begin() as connection:
        for name in sorted((f"sign-in user {username}", f"sign-in address {address}")):
            lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))
            connection.execute(sa.select(lock))
        connection.execute(sign_in_failures.delete().where(sign_in_failures.c.at <= now - WINDOW))
        failures = sa.select(sa.func.count()).select_from(sign_in_failures)
        of_user = failures.where(sign_in_failures.c.username == username)
        from_there = failures.where(sign_in_failures.c.address == address)
        if (
            connection.execute(of_user).scalar_one() >= TRIES_PER_USER
            or connection.execute(from_there).scalar_one() >= TRIES_PER_ADDRESS
        ):
            raise TooManyTriesError("too many failed sign-ins.", "Try again in fifteen minutes.")
        attempt = connection.execute(
            sign_in_failures.insert()
            .values(username=username, address=address, at=now)
            .returning(sign_in_failures.c.entry)
        ).scalar_one()
        user = connection.execute(
            sa.select(console_users).where(console_users.c.username == username)
        ).first()
    return attempt, user


def sign_out(engine: sa.Engine, secret: str) -> None:
    """End a session.

    Parameters
    ----------
    engine, secret
        The database, and the session.
    """
    with engine.begin() as connection:
        connection.execute(
            console_sessions.delete().where(console_sessions.c.digest == digest_of(secret))
        )


def check_session(engine: sa.Engine, secret: str, *, now: datetime) -> Principal | None:
    """Find out whose session a secret is.

    Parameters
    ----------
    engine, secret
        The database, and what the caller sent.
    now
        The clock.

    Returns
    -------
    The user; ``None`` for an ended session or a disabled user.
    """
    query = (
        sa.select(console_users)
        .join(console_sessions, console_sessions.c.username == console_users.c.username)
        .where(console_sessions.c.digest == digest_of(secret))
        .where(console_sessions.c.expires_at > now)
        .where(console_users.c.disabled_at.is_(None))
    )
    with engine.connect() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return Principal(row.username, Role(row.role), frozenset(row.areas))
