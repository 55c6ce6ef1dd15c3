"""Console users and their signed-in browsers."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest

from serving.api.service import Service
from serving.auth.roles import Role
from serving.auth.users import add_user

PASSWORD = "a long password"
USERS = {
    "officer": (Role.OFFICER, ["310105001"]),
    "district": (Role.DISTRICT, []),
    "counter": (Role.COUNTER, []),
    "operator": (Role.OPERATOR, []),
}


@pytest.fixture(scope="module")
def users(site: httpx.Client, site_service: Service) -> None:
    for name, (role, areas) in USERS.items():
        add_user(
            site_service.database.engine(),
            name,
            PASSWORD,
            role=role,
            areas=areas,
            now=datetime.now(tz=UTC),
        )


@pytest.fixture(scope="session")
def form_token() -> Callable[[str], str]:
    def find(html: str) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', html)
        assert found is not None
        return found[1]

    return find


@pytest.fixture(scope="module")
def as_user(site: httpx.Client, users: None, form_token) -> Iterator[Callable[[str], httpx.Client]]:
    """A browser of its own for each user, signed in by the form."""
    browsers: dict[str, httpx.Client] = {}
    with ExitStack() as open_browsers:

        def get(name: str) -> httpx.Client:
            if name not in browsers:
                fresh = httpx.Client(base_url=site.base_url, timeout=20)
                browser = open_browsers.enter_context(fresh)
                browser.headers["accept"] = "text/html"
                token = form_token(browser.get("/console/sign-in").text)
                sent = {"username": name, "password": PASSWORD, "form_token": token}
                assert browser.post("/console/sign-in", data=sent).status_code == 303
                browsers[name] = browser
            return browsers[name]

        yield get
