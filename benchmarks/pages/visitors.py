"""Visitors without a browser: signed-in clients, forms with their tokens."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.pages.world import Site

TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


def token_of(client: httpx.Client, path: str) -> str:
    """The token of the forms of a page; empty where it has none."""
    found = TOKEN.search(client.get(path).text)
    return found[1] if found else ""


@contextmanager
def visitor(site: Site, who: str) -> Iterator[httpx.Client]:
    """A client of nobody, ``resident``, or the console user of a role.

    Parameters
    ----------
    site
        The running service.
    who
        ``nobody``, ``resident``, ``officer``, ``district`` or ``operator``.

    Yields
    ------
    The client.
    """
    with httpx.Client(base_url=site.url, timeout=60, headers={"accept": "text/html"}) as client:
        sent: dict[str, str] = {}
        if who == "resident":
            door, sent = "/sign-in", {"resident": site.residents[0]}
        elif who != "nobody":
            user = site.users[who]
            door, sent = "/console/sign-in", {"username": user.name, "password": user.password}
        if sent:
            answer = client.post(door, data={**sent, "form_token": token_of(client, door)})
            assert answer.status_code == 303, answer.text
        yield client
