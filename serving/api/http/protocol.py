"""HTTP/1.1 by uvicorn and httptools, with limits on what precedes a body."""

import asyncio

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX = 16 * 1024
"""Bytes of a request line and headers; uvicorn limits them only where it uses h11."""

HEAD_S = 20.0
"""Seconds in which they have to arrive."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose request line and headers are too long, or too late."""

    _head = 0
    _in_body = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, of a head no more than its limit."""
        while data and not self.transport.is_closing():
            room = len(data) if self._in_body else HEAD_MAX - self._head
            if room <= 0:
                self._refuse()
                return
            part, data = data[:room], data[room:]
            if not self._in_body:
                self._head += len(part)
            super().data_received(part)
        if self._head and not self._in_body and self._timer is None:
            self._timer = self.loop.call_later(HEAD_S, self.transport.close)

    def on_headers_complete(self) -> None:
        """What follows is the body, which the application limits."""
        self._in_body = True
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What follows is another request."""
        self._head, self._in_body = 0, False
        super().on_message_complete()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self) -> None:
        detail = f"The request line and headers are longer than {HEAD_MAX:,} bytes."
        problem = {"type": "about:blank", "title": "Request Header Fields Too Large"}
        body = orjson.dumps({**problem, "status": 431, "detail": detail})
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
            b"content-type: application/problem+json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()
