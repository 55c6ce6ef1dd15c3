"""From a request's credential to a principal, with what was checked lately remembered."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from serving.auth.keys import check_key
from serving.auth.resident_sessions import check_resident_session
from serving.auth.roles import Principal
from serving.auth.secrets import KEY_PREFIX, RESIDENT_PREFIX, SESSION_PREFIX
from serving.auth.tokens import Issuer
from serving.auth.users import check_session

REMEMBERED_S = 2.0
"""How long a key or session is believed without asking again: a revoked one ends within this."""

TOKEN_S = 60.0
"""How long a token is believed without verifying it again, unless it ends before."""

STALE_S = 300.0
"""How long a known key or session is still believed while the database does not answer."""

_REMEMBERED = 10_000


class Authenticator:
    """Judges credentials.

    Parameters
    ----------
    engine
        Opens the database; called at every look-up.
    issuers
        Whose tokens are accepted.
    clock
        Seconds since 1970; what ends at a time of day ends by it.
    passed
        Seconds that only go forward: what is remembered is so for a while by these, and not for a
        day because somebody set the clock back.
    """

    def __init__(
        self,
        engine: Callable[[], sa.Engine],
        issuers: list[Issuer],
        *,
        clock: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._issuers = issuers
        self._clock = clock
        self._passed = passed
        self._known: OrderedDict[str, tuple[Principal, float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def remembered(self, credential: str) -> Principal | None:
        """The principal of a credential that was checked a moment ago; never waits."""
        entry = self._known.get(credential)
        return entry[0] if entry is not None and self._passed() < entry[1] else None

    def authenticate(self, credential: str) -> Principal | None:
        """Look a credential up; ``None`` if it does not hold.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError, GongxuError
            If neither the database answers nor the credential was known shortly before.
        """
        now = self._passed()
        moment = datetime.fromtimestamp(self._clock(), tz=UTC)
        try:
            if credential.startswith(KEY_PREFIX):
                found = check_key(self._engine(), credential, now=moment)
                until = now + REMEMBERED_S
            elif credential.startswith(SESSION_PREFIX):
                found = check_session(self._engine(), credential, now=moment)
                until = now + REMEMBERED_S
            elif credential.startswith(RESIDENT_PREFIX):
                found = check_resident_session(self._engine(), credential, now=moment)
                until = now + REMEMBERED_S
            else:
                found, ends = self._check_token(credential)
                until = now + min(ends - self._clock(), TOKEN_S)
        except Exception:
            entry = self._known.get(credential)
            if entry is not None and now < entry[2]:
                return entry[0]
            raise
        with self._lock:
            if found is None:
                self._known.pop(credential, None)
                return None
            # A token that has run out is never believed; keys and sessions outlive an outage.
            secret = credential.startswith((KEY_PREFIX, SESSION_PREFIX, RESIDENT_PREFIX))
            stale = now + STALE_S if secret else until
            self._known[credential] = (found, until, stale)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def forget(self, credential: str) -> None:
        """Drop what is remembered of a credential (a session that signed out)."""
        with self._lock:
            self._known.pop(credential, None)

    def _check_token(self, token: str) -> tuple[Principal | None, float]:
        for issuer in self._issuers:
            verified = issuer.verify(token)
            if verified is not None:
                return verified
        return None, 0.0
