"""A way to the database that can be made slow: everything it says arrives late."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit


class SlowWay:
    """Forwards connections to an embedded server's socket.

    Parameters
    ----------
    url
        Of the embedded server: ``postgresql://user@/database?host=FOLDER``.

    Attributes
    ----------
    delay_s
        How long whatever the server says is held back; may be changed at any time.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = f"{unquote(parse_qs(parts.query)['host'][0])}/.s.PGSQL.5432"
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        user = parts.username or "postgres"
        self.url = f"postgresql://{user}@127.0.0.1:{port}{parts.path}"
        self.delay_s = 0.0

    @contextmanager
    def open(self) -> Iterator["SlowWay"]:
        """Forward until the block ends."""
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            # Closing alone does not wake who waits in accept.
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._socket)
            except OSError:
                client.close()
                server.close()
                continue
            for source, target, slow in ((client, server, False), (server, client, True)):
                threading.Thread(
                    target=self._forward, args=(source, target, slow), daemon=True
                ).start()

    def _forward(self, source: socket.socket, target: socket.socket, slow: bool) -> None:
        with contextlib.suppress(OSError):
            while said := source.recv(1 << 16):
                if slow and self.delay_s:
                    time.sleep(self.delay_s)
                target.sendall(said)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
