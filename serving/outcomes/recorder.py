"""What is written beside the answers: what was shown to whom, and who read whose data.

Rows wait in memory for at most a second, so that no answer waits for them; a crash loses that
second, an outage of the database nothing until the queue is full.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from serving.auth.roles import Principal, Role

_log = logging.getLogger("gongxu.recorder")
_FLUSH_S = 1.0
_HELD_MAX = 200_000
_AT_ONCE = 500  # few enough that no answer waits long for their encoding

_SHOWN = sa.text(
    "INSERT INTO impressions SELECT sent.* FROM "
    "jsonb_populate_recordset(NULL::impressions, CAST(:rows AS jsonb)) AS sent "
    # Whoever had themselves erased meanwhile leaves nothing behind.
    "WHERE sent.resident_id IS NULL OR EXISTS "
    "(SELECT FROM residents r WHERE r.resident_id = sent.resident_id FOR KEY SHARE) "
    "ON CONFLICT DO NOTHING"
)
_READ = sa.text(
    "INSERT INTO access_log (at, caller, role, action, resident_id, request_id) "
    "SELECT sent.at, sent.caller, sent.role, sent.action, sent.resident_id, sent.request_id FROM "
    "jsonb_to_recordset(CAST(:rows AS jsonb)) AS sent(at timestamptz, caller text, role text, "
    "action text, resident_id text, request_id text) WHERE EXISTS "
    "(SELECT FROM residents r WHERE r.resident_id = sent.resident_id FOR KEY SHARE)"
)


class Recorder:
    """Writes rows behind the answers.

    Parameters
    ----------
    engine
        Opens the database.
    now
        The clock.
    admits
        Whether a service may have so many more lines recorded just now; any number when left out.
    """

    def __init__(
        self,
        engine: Callable[[], sa.Engine],
        now: Callable[[], datetime],
        admits: Callable[[str, int], bool] | None = None,
    ) -> None:
        self._admits = admits
        self._engine = engine
        self._now = now
        self._shown: deque[dict[str, Any]] = deque(maxlen=_HELD_MAX)
        self._read: deque[dict[str, Any]] = deque(maxlen=_HELD_MAX)
        self._stopping = threading.Event()
        self._flushing = threading.Lock()
        self._thread: threading.Thread | None = None

    def shown(
        self,
        resident_id: str | None,
        surface: str,
        suggestions: Sequence[Mapping[str, Any]],
        *,
        caller: Principal,
    ) -> None:
        """Note that a list was put on a surface, with the chance of each event to be there.

        Parameters
        ----------
        resident_id
            Whose list it is; ``None`` for the list of a place.
        surface
            Where it was put up.
        suggestions
            Its events with ``rank``, ``propensity``, ``suggestion_id`` and ``model_version``.
        caller
            Who shows it. What a service shows is recorded under its key's name, up to its share.
        """
        if caller.role is Role.SERVICE:
            if self._admits is not None and not self._admits(caller.subject, len(suggestions)):
                return
            surface = f"{surface}@{caller.subject}"
        at = self._now().isoformat()
        for line in suggestions:
            self._shown.append(
                {
                    "impression_id": secrets.token_hex(12),
                    "resident_id": resident_id,
                    "event_id": line["event_id"],
                    "shown_at": at,
                    "surface": surface,
                    "position": line["rank"],
                    "propensity": line["propensity"],
                    "suggestion_id": line["suggestion_id"],
                    "model_version": line["model_version"],
                }
            )

    def read(self, *, caller: str, role: str, action: str, resident_id: str, request: str) -> None:
        """Note that somebody read a resident's data.

        Parameters
        ----------
        caller, role
            Who read it.
        action, resident_id
            What was read, and of whom.
        request
            The request's identifier.
        """
        self._read.append(
            {
                "at": self._now().isoformat(),
                # A resident's own name stands in the other column already, and is erased there.
                "caller": "self" if caller == resident_id else caller,
                "role": role,
                "action": action,
                "resident_id": resident_id,
                "request_id": request,
            }
        )

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        try:
            self.flush()
        except Exception as error:
            _log.warning("not written", extra={"fields": {"error": type(error).__name__}})

    def flush(self) -> None:
        """Write everything now.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError, GongxuError
            If the database does not answer; the rows are kept for later.
        """
        with self._flushing:
            for queue, statement in ((self._shown, _SHOWN), (self._read, _READ)):
                while queue:
                    rows = [queue.popleft() for _ in range(min(_AT_ONCE, len(queue)))]
                    try:
                        with self._engine().begin() as connection:
                            connection.execute(statement, {"rows": orjson.dumps(rows).decode()})
                    except Exception:
                        queue.extendleft(reversed(rows))
                        raise

    def _run(self) -> None:
        while not self._stopping.wait(_FLUSH_S):
            try:
                self.flush()
            except Exception as error:  # nothing may end this thread
                _log.warning("waiting", extra={"fields": {"error": type(error).__name__}})
