"""Request lines and headers are limited in length and time, before anything is kept of them."""

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from serving.api.http import protocol
from serving.api.http.protocol import HEAD_MAX


def connected(client: httpx.Client) -> socket.socket:
    address = urlsplit(str(client.base_url))
    return socket.create_connection((address.hostname, address.port), timeout=10)


def answered(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass  # closed while we were still sending
    return found


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * HEAD_MAX,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X-Many: 1\r\n" * (HEAD_MAX // 10),
        b"GET /" + b"x" * (HEAD_MAX + 1),
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * (2 * HEAD_MAX) + b"\r\n\r\n",
    ],
)
def test_a_long_head_is_refused(client: httpx.Client, head: bytes) -> None:
    with connected(client) as connection:
        connection.sendall(head)
        assert answered(connection).startswith(b"HTTP/1.1 431 ")


def test_a_head_sent_in_small_pieces_is_limited_too(client: httpx.Client) -> None:
    with connected(client) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ")
        try:
            for _ in range(2 * HEAD_MAX // 1024):
                connection.sendall(b"x" * 1024)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused already
        assert b"200 OK" not in answered(connection)


def test_heads_below_the_limit_and_long_bodies_pass(client: httpx.Client, token) -> None:
    client_headers = {"X-Long": "x" * (HEAD_MAX - 1000)}
    for _ in range(3):  # on one connection
        assert client.get("/healthz", headers=client_headers).status_code == 200
        assert client.post("/v1/sessions", content=b"x" * 60_000).status_code in (400, 422)


def test_requests_sent_at_once_are_all_answered(client: httpx.Client) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 5000 + b"\r\n\r\n"
    last = one.replace(b"Host: a", b"Host: a\r\nConnection: close")
    with connected(client) as connection:
        connection.sendall(one * 6 + last)
        assert answered(connection).count(b"HTTP/1.1 200 OK") == 7


def test_a_head_has_to_arrive_in_time(client: httpx.Client, monkeypatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.3)
    with connected(client) as silent, connected(client) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n")
        assert answered(silent) == b""
        assert answered(slow) == b""
    with connected(client) as twice:  # the second request on a connection as well
        twice.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HT")
        assert answered(twice).count(b"HTTP/1.1") == 1
