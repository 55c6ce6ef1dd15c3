"""A service whose clock is set while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.serving.in_thread import served_here
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
        with served_here(create_app(service=service)) as port:
            yield port
