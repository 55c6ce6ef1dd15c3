"""Request limits across workers: the library ``limits`` on a file that all of them map."""

import fcntl
import hashlib
import math
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

_SLOT = struct.Struct("<16sqd")
"""Digest of the key, count, end of its window."""
_SLOTS = 1 << 16
_PROBED = 8


class FileStorage(Storage):
    """Counters in a file of fixed size, for one machine.

    The file is a hash table: a key may stand in any of eight slots. When all are taken, the one
    whose window ends first is given up.

    Parameters
    ----------
    path
        Of the file; ``None`` for counters of this process alone.
    clock
        Monotonic seconds, the same for all processes of the machine.
    """

    STORAGE_SCHEME = None

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._file = -1 if path is None else os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        size = _SLOTS * _SLOT.size
        if path is not None:
            os.ftruncate(self._file, size)
        self._map = mmap.mmap(self._file, size)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a failing storage raises."""
        return OSError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter.

        Parameters
        ----------
        key
            Of the counter.
        expiry
            Seconds after which a new counter ends.
        amount
            What is added.

        Returns
        -------
        The new count.
        """
        now = self._clock()
        with self._locked():
            at, digest, count, ends = self._find(key)
            if count == 0:
                ends = now + expiry
            _SLOT.pack_into(self._map, at, digest, count + amount, ends)
        return count + amount

    def get(self, key: str) -> int:
        """The count of a key; 0 for one that has none."""
        with self._locked():
            return self._find(key)[2]

    def get_expiry(self, key: str) -> float:
        """When the counter of a key ends, by the storage's clock."""
        with self._locked():
            return self._find(key)[3]

    def check(self) -> bool:
        """Whether the storage works."""
        return not self._map.closed

    def reset(self) -> int | None:
        """Set all counters to zero; how many there were is not known."""
        with self._locked():
            self._map[:] = bytes(len(self._map))
        return None

    def clear(self, key: str) -> None:
        """Set one counter to zero."""
        with self._locked():
            at, digest, _, ends = self._find(key)
            _SLOT.pack_into(self._map, at, digest, 0, ends)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock:
            if self._file < 0:
                yield
                return
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _find(self, key: str) -> tuple[int, bytes, int, float]:
        """Offset, digest, count (0 when it ended or is another's) and end of a key's slot."""
        now = self._clock()
        digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
        first = int.from_bytes(digest[:4], "little")
        best, soonest = 0, math.inf
        for step in range(_PROBED):
            at = (first + step) % _SLOTS * _SLOT.size
            held, count, ends = _SLOT.unpack_from(self._map, at)
            if held == digest:
                return (at, digest, count, ends) if ends > now else (at, digest, 0, now)
            if max(ends, now) < soonest:
                best, soonest = at, max(ends, now)
        return best, digest, 0, now


class RequestLimits:
    """Requests a minute of one verified caller, or of one address.

    A request whose credential was verified lately counts for its caller. Any other counts for its
    address, unless its credential turns out to be valid: credentials that are made up cannot
    spread requests over many counters.

    Parameters
    ----------
    rate_per_minute
        Requests that are allowed in a minute.
    path
        File that the workers share; ``None`` for this process alone.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        rate_per_minute: int,
        path: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._storage = FileStorage(path, clock)
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._item = RateLimitItemPerMinute(rate_per_minute)
        self._lines = RateLimitItemPerMinute(10 * rate_per_minute)

    def wait_s(self, caller: str | None, address: str) -> int:
        """Decide on a request before it is served.

        Parameters
        ----------
        caller
            Who sent it, if that is verified: the request is counted.
        address
            Where it came from: only looked at; see :meth:`count`.

        Returns
        -------
        0, or the seconds until the next request is allowed.
        """
        if caller is not None:
            key, allowed = ("caller", caller), self._limiter.hit(self._item, "caller", caller)
        else:
            key, allowed = ("address", address), self._limiter.test(self._item, "address", address)
        if allowed:
            return 0
        ends = self._storage.get_expiry(self._item.key_for(*key))
        return max(1, math.ceil(ends - self._clock()))

    def admits(self, caller: str, lines: int) -> bool:
        """Whether a service may have so many lines recorded: ten for each request it may make.

        Parameters
        ----------
        caller, lines
            The service, and the number of lines that it shows.

        Returns
        -------
        False when its share of this minute is used up.
        """
        return self._limiter.hit(self._lines, "impressions", caller, cost=max(1, lines))

    def count(self, caller: str | None, address: str) -> None:
        """Count a request that came without a verified caller, when it has been served.

        Parameters
        ----------
        caller
            Who sent it, if it turned out to be somebody.
        address
            Where it came from.
        """
        key = ("address", address) if caller is None else ("caller", caller)
        self._limiter.hit(self._item, *key)
