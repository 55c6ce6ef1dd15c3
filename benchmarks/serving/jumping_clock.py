"""A service whose clock is set while it runs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.settings import Settings


class JumpingClock:
    """Goes on from a moment, and can be set.

    Parameters
    ----------
    start
        What it shows first.

    Attributes
    ----------
    away
        How far it was set; may be changed at any time.
    """

    def __init__(self, start: datetime) -> None:
        self._lead = start - datetime.now(tz=UTC)
        self.away = timedelta()

    def __call__(self) -> datetime:
        """The moment it shows."""
        return datetime.now(tz=UTC) + self._lead + self.away

    @contextmanager
    def serving(self, home: Path) -> Iterator[int]:
        """The service of a home by this clock, in a thread of this process; its port."""
        service = Service(Settings(home=home), ServiceSettings(rate_per_minute=0), now=self)
        config = uvicorn.Config(
            create_app(service=service), host="127.0.0.1", port=0, log_level="error"
        )
        server = uvicorn.Server(config)
        listening = config.bind_socket()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the service ended")
                time.sleep(0.01)
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
            listening.close()
