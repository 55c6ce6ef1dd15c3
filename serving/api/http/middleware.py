"""Request identifiers, limits, security headers, metrics and the access log of every request."""

import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import anyio
import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.http.metrics import Metrics

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_log = logging.getLogger("gongxu.access")
_SLOW_S = 1.0

SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
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
    rate_per_minute
        Requests of one caller; 0 for no limit.
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
        rate_per_minute: int,
        log_all: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._log_all = log_all
        self._body_max = body_max
        self._body_timeout_s = body_timeout_s
        self._buckets = Buckets(rate_per_minute, clock) if rate_per_minute else None
        self._metrics = metrics
        self._counters: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = self._clock()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8).encode()
        scope["request_id"] = request_id.decode()
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
            wait = self._buckets.take(_caller(scope, headers)) if self._buckets else 0.0
            length = headers.get(b"content-length", b"0")
            if wait > 0:
                await _refuse(scope, answer, 429, "Too many requests.", int(wait) + 1)
            elif length.isdigit() and int(length) > self._body_max:
                await _refuse(scope, answer, 413, "The request body is too large.")
            elif scope["method"] in ("GET", "HEAD"):
                await self.app(scope, receive, answer)
            else:
                await self._with_body(scope, receive, answer)
        except Exception:
            _log.exception(
                "unexpected error", extra={"fields": {"request_id": request_id.decode()}}
            )
            if not started_answer:
                await _refuse(scope, answer, 500, "An unexpected error occurred; see the log.")
        finally:
            self._count(scope, status, self._clock() - started)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        try:
            with anyio.fail_after(self._body_timeout_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    if len(body) > self._body_max:
                        await _refuse(scope, send, 413, "The request body is too large.")
                        return
                    more = message.get("more_body", False)
        except TimeoutError:
            await _refuse(scope, send, 408, "The request body did not arrive in time.")
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

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        key = (scope["method"] if scope["method"].isalpha() else "?", route, status)
        pair = self._counters.get(key)
        if pair is None:
            pair = self._counters[key] = (
                self._metrics.requests.labels(key[0][:8], route, str(status)),
                self._metrics.seconds.labels(route),
            )
        pair[0].inc()
        pair[1].observe(seconds)
        if self._log_all or status >= 400 or seconds > _SLOW_S:
            _log.info(
                "request",
                extra={
                    "fields": {
                        "request_id": scope["request_id"],
                        "method": key[0],
                        # The route's pattern, not the path: a path may name a resident.
                        "route": route,
                        "status": status,
                        "ms": round(1000 * seconds, 2),
                        "caller": scope.get("caller", ""),
                    }
                },
            )


class Buckets:
    """A token bucket for every caller: a minute's worth at once, then at the steady rate.

    Parameters
    ----------
    rate_per_minute
        Tokens that flow in.
    clock
        Monotonic seconds.
    callers
        How many are remembered; the one seen longest ago is dropped.
    """

    def __init__(
        self, rate_per_minute: int, clock: Callable[[], float], callers: int = 20_000
    ) -> None:
        self._rate = rate_per_minute / 60.0
        self._size = float(rate_per_minute)
        self._clock = clock
        self._callers = callers
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, caller: bytes) -> float:
        """Take one token; returns 0, or the seconds until there is one."""
        now = self._clock()
        level, at = self._levels.pop(caller, (self._size, now))
        level = min(self._size, level + (now - at) * self._rate)
        wait = 0.0 if level >= 1.0 else (1.0 - level) / self._rate
        self._levels[caller] = (level - 1.0 if wait == 0.0 else level, now)
        if len(self._levels) > self._callers:
            self._levels.popitem(last=False)
        return wait


def _caller(scope: Scope, headers: dict[bytes, bytes]) -> bytes:
    credential = headers.get(b"authorization") or headers.get(b"x-api-key")
    if credential:
        return credential
    client = scope.get("client")
    return client[0].encode() if client else b"?"


async def _refuse(
    scope: Scope, send: Send, status: int, detail: str, retry_after: int | None = None
) -> None:
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": "Content Too Large" if status == 413 else HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "instance": scope["path"],
            "request_id": scope["request_id"],
            "errors": [],
        }
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
