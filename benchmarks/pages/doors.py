"""Every page, every role, a foreign street, forms without a token, ways to other sites."""

import re
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from benchmarks.pages.tour import page_routes
from benchmarks.pages.visitors import token_of, visitor
from benchmarks.pages.world import Site
from data.store.embedded import embedded_url
from data.store.store import Store
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.settings import Settings

ROLES = ("nobody", "resident", "officer", "district", "counter", "operator")
ORIGINS = {"nobody": "/console/sign-in", "resident": "/settings", "counter": "/console/counter"}
"""Where a role finds the token of its forms; the others at ``/console``."""

LAST = ("sign-out", "erase")
"""Forms after which nobody is signed in any more."""


def open_doors(site: Site) -> list[str]:
    """What could be opened and should not; empty where everything holds.

    Parameters
    ----------
    site
        The running service.

    Returns
    -------
    One line a door.
    """
    own, foreign = streets(site)
    found: list[str] = []
    for role in ROLES:
        with visitor(site, role) as client:
            token = token_of(client, ORIGINS.get(role, "/console"))
            for method, path, roles in pages(site.home):
                if path.endswith(LAST) and role in roles:
                    continue
                admitted = roles == ["open"] or role in roles
                answer = ask(client, method, path, foreign, token)
                reserved = role == "officer" and "{code}" in path
                if (not admitted or reserved) and not is_closed(answer):
                    found.append(f"{role} {method} {path}: {answer.status_code}")
                if answer.status_code >= 500 and answer.status_code != 503:
                    found.append(f"{role} {method} {path}: {answer.status_code}")
                if method == "POST":
                    forged = ask(client, method, path, own, "0" * 64)
                    if forged.status_code != 403:
                        found.append(f"{role} {method} {path} without its token")
            found += [f"{role} is sent to {place}" for place in elsewhere(client)]
    return found


def pages(home: Path) -> list[tuple[str, str, list[str]]]:
    """Method, path and admitted roles of every page."""
    return page_routes(Service(Settings(home=home), ServiceSettings()))


def streets(site: Site) -> tuple[dict[str, str], dict[str, str]]:
    """What paths are filled with: of the officer's own street, and of a foreign one."""
    own = site.users["officer"].areas[0]
    store = Store.connect(embedded_url(site.home))
    try:
        with store.engine.connect() as connection:
            other = connection.execute(
                sa.text(
                    "SELECT area_code FROM areas WHERE level = 'street' AND area_code <> :own"
                    " ORDER BY area_code LIMIT 1"
                ),
                {"own": own},
            ).scalar_one()
            event = connection.execute(sa.text("SELECT max(event_id) FROM events")).scalar_one()
            product = connection.execute(sa.text("SELECT min(product_id) FROM products")).scalar()
    finally:
        store.close()
    rest = {"event_id": event, "product": product, "product_id": product, "name": "plan.csv"}
    rest |= {"upload": "0" * 32, "plan_id": "PLAN-none", "order_id": "none", "version": "none"}
    return {**rest, "code": own}, {**rest, "code": other}


def ask(
    client: httpx.Client, method: str, path: str, ids: dict[str, str], token: str
) -> httpx.Response:
    """Ask for a page with its path filled in."""
    filled = re.sub(r"\{(\w+)\}", lambda found: str(ids.get(found[1], "none")), path)
    sent: dict[str, Any] = {"data": {"form_token": token}} if method == "POST" else {}
    return client.request(method, filled, **sent)


def is_closed(answer: httpx.Response) -> bool:
    """Whether an answer gives nothing away: refused, or led to signing in."""
    to = answer.headers.get("location", "")
    led = answer.status_code == 303 and to.partition("?")[0].endswith("/sign-in")
    return led or answer.status_code in (401, 403, 404)


def elsewhere(client: httpx.Client) -> list[str]:
    """Addresses of other sites that the pages would send a browser to."""
    wanted = ("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example")
    places = []
    for place in wanted:
        for page in ("/display?lang=zh", "/sign-in?x=1", "/console/sign-in?x=1"):
            answer = client.get(page, params={"lang": "zh", "next": place})
            if "evil" in answer.headers.get("location", "") or 'value="//evil' in answer.text:
                places.append(place)
    return places
