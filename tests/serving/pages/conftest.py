"""Residents and their signed-in browsers."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from data.store.embedded import embedded_url
from data.store.store import Store
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.settings import Settings

RESIDENTS = [f"r{number}" for number in range(12)]


@pytest.fixture(scope="module")
def site_service(api_home: Path, fill_home) -> Iterator[Service]:
    fill_home(api_home)
    with closing(Store.connect(embedded_url(api_home))) as store, store.engine.begin() as writing:
        writing.execute(sa.text("UPDATE events SET ticket_fen = 2050 WHERE event_id = 'u4'"))
    options = ServiceSettings(rate_per_minute=0, demo_residents=RESIDENTS)
    made = Service(Settings(home=api_home), options)
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(site_service: Service, running) -> Iterator[httpx.Client]:
    with running(create_app(service=site_service)) as client:
        client.headers["accept"] = "text/html"
        yield client


class Browser:
    """A signed-in resident's browser without script."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def send(self, path: str, origin: str = "/settings", **fields: object) -> httpx.Response:
        """Send a form with the token of a page."""
        html = self.client.get(origin).text
        token = re.search(r'name="form_token" value="([^"]+)"', html)
        assert token is not None
        return self.client.post(path, data={"form_token": token[1], **fields})


@pytest.fixture(scope="module")
def as_resident(site: httpx.Client) -> Iterator[Callable[[str], Browser]]:
    browsers: dict[str, Browser] = {}
    with ExitStack() as open_browsers:

        def get(resident: str) -> Browser:
            if resident not in browsers:
                fresh = httpx.Client(base_url=site.base_url, timeout=20)
                fresh.headers["accept"] = "text/html"
                browser = Browser(open_browsers.enter_context(fresh))
                answer = browser.send("/sign-in", "/sign-in", resident=resident, next="/bookings")
                assert (answer.status_code, answer.headers["location"]) == (303, "/bookings")
                browsers[resident] = browser
            return browsers[resident]

        yield get
