"""Request identifiers, limits, security headers, metrics and the access log of every request."""

import logging
import random
import re
import time
from collections.abc import Callable

import anyio
import anyio.to_thread
import sqlalchemy as sa
from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recommender.errors import GongxuError
from serving.api.http.metrics import Metrics
from serving.api.http.problems import problem
from serving.auth.request_limits import RequestLimits
from serving.auth.roles import Principal, Role
from serving.web.sessions import COOKIE

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_log = logging.getLogger("gongxu.access")
_SLOW_S = 1.0

ANONYMOUS_BODY_MAX, PERSON_BODY_MAX = 64_000, 1_000_000
"""Bytes of a body that is kept of a caller who is not verified, and of one who is no service."""

UPLOADS, UPLOADERS = "/console/imports", (Role.DISTRICT, Role.OPERATOR)
"""Where signed-in users send workbooks, and who may."""

SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    ),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class RequestMiddleware:
    """Pure ASGI middleware; one class, because every further layer costs time on every request.

    Parameters
    ----------
    app
        The application inside.
    metrics
        Counts requests and their times.
    body_max, body_timeout_s
        Limits of a request's body: bytes, seconds.
    verified
        The principal of a credential that was verified a moment ago; never waits.
    authenticate
        Verifies a credential; may wait.
    limits
        How many requests a caller may make; ``None`` for any number.
    log_all
        Log every request, not only the failed and the slow.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        body_max: int,
        body_timeout_s: float,
        verified: Callable[[str], Principal | None],
        authenticate: Callable[[str], Principal | None],
        limits: RequestLimits | None = None,
        log_all: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._log_all = log_all
        self._body_max = body_max
        self._body_timeout_s = body_timeout_s
        self._verified, self._authenticate, self._limits = verified, authenticate, limits
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = self._clock()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        # Not a secret; a system call would let other threads go first at every request.
        request_id = given if _REQUEST_ID.fullmatch(given) else _new_id()
        scope["request_id"] = request_id.decode()
        credential = scope["credential"] = _credential(headers)
        caller = None if credential is None else _name(self._verified(credential))
        address = scope["client"][0] if scope.get("client") else "?"
        status, started_answer = 500, False

        async def answer(message: Message) -> None:
            nonlocal status, started_answer
            if message["type"] == "http.response.start":
                status, started_answer = message["status"], True
                had = message.setdefault("headers", [])
                names = {name for name, _ in had}
                had.append((b"x-request-id", request_id))
                had.extend(item for item in SECURITY_HEADERS if item[0] not in names)
            await send(message)

        try:
            wait = 0 if self._limits is None else self._limits.wait_s(caller, address)
            length = headers.get(b"content-length", b"0")
            if wait:
                await _refuse(scope, receive, answer, 429, "Too many requests.", wait)
            elif length.isdigit() and int(length) > self._body_max:
                await _refuse(scope, receive, answer, 413, "The request body is too large.")
            elif scope["method"] in ("GET", "HEAD"):
                await self.app(scope, receive, answer)
            else:
                await self._with_body(scope, receive, answer)
        except Exception:
            _log.exception(
                "unexpected error", extra={"fields": {"request_id": request_id.decode()}}
            )
            if not started_answer:
                await _refuse(
                    scope, receive, answer, 500, "An unexpected error occurred; see the log."
                )
        finally:
            if self._limits is not None and caller is None:
                self._limits.count(_name(scope.get("principal")), address)
            self._count(scope, status, self._clock() - started)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, limit, decided = bytearray(), min(ANONYMOUS_BODY_MAX, self._body_max), False
        try:
            with anyio.fail_after(self._body_timeout_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    if len(body) > limit and not decided:
                        limit, decided = await self._limit_of(scope), True
                    if len(body) > limit:
                        await _refuse(scope, receive, send, 413, "The request body is too large.")
                        return
                    more = message.get("more_body", False)
        except TimeoutError:
            await _refuse(scope, receive, send, 408, "The request body did not arrive in time.")
            return
        except (GongxuError, sa.exc.SQLAlchemyError):
            await _refuse(scope, receive, send, 503, "The caller cannot be verified now.", 2)
            return
        whole: Message = {"type": "http.request", "body": bytes(body), "more_body": False}
        sent = False

        async def once() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return whole

        await self.app(scope, once, send)

    async def _limit_of(self, scope: Scope) -> int:
        """How long a caller's body may be: whoever is not verified cannot fill the memory."""
        principal, uploads = None, scope["path"] == UPLOADS
        credential = _session(scope) if uploads else scope["credential"]
        if credential is not None:
            principal = self._verified(credential)
            if principal is None:
                principal = await anyio.to_thread.run_sync(self._authenticate, credential)
        if principal is not None and principal.role in (UPLOADERS if uploads else (Role.SERVICE,)):
            return self._body_max
        return min(ANONYMOUS_BODY_MAX if principal is None else PERSON_BODY_MAX, self._body_max)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"].isalpha() else "?"
        self._metrics.count_request(method, route, status, seconds)
        if self._log_all or status >= 400 or seconds > _SLOW_S:
            _log.info(
                "request",
                extra={
                    "fields": {
                        "request_id": scope["request_id"],
                        "method": method,
                        # The route's pattern, not the path: a path may name a resident.
                        "route": route,
                        "status": status,
                        "ms": round(1000 * seconds, 2),
                        "caller": scope.get("caller", ""),
                    }
                },
            )


def _name(principal: Principal | None) -> str | None:
    return None if principal is None else f"{principal.role.value} {principal.subject}"


def _credential(headers: dict[bytes, bytes]) -> str | None:
    """The bearer token or API key of a request."""
    header = headers.get(b"authorization")
    if header is not None:
        scheme, _, credential = header.decode("latin-1").partition(" ")
        return credential.strip() or None if scheme.lower() == "bearer" else None
    key = headers.get(b"x-api-key")
    return None if key is None else key.decode("latin-1")


def _session(scope: Scope) -> str | None:
    """The session that a browser's cookie names."""
    return HTTPConnection(scope).cookies.get(COOKIE)


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, detail: str, wait_s: int = 0
) -> None:
    headers = {"Connection": "close"} | ({"Retry-After": str(wait_s)} if wait_s else {})
    refusal = problem(Request(scope), status, detail, headers=headers)
    await refusal(scope, receive, send)


def _new_id() -> bytes:
    return f"{random.getrandbits(64):016x}".encode()
