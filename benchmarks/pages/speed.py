"""How fast pages come: the residents' first page at a steady rate, the console's one by one."""

import asyncio
import time
from collections.abc import Sequence

import httpx
import numpy as np

from benchmarks.pages.visitors import visitor
from benchmarks.pages.world import Site

RATE = 20
"""Requests a second for the first page."""

ROUNDS = 3
OFFICERS = ("", "/streets", "/streets/{street}", "/streets/{street}/products/{product}",
            "/catalogue", "/catalogue/products/{product}", "/plans", "/plans/{plan}",
            "/plans/{plan}/draft", "/plans/{plan}/weigh", "/plans/{plan}/compare", "/orders",
            "/requests", "/imports")  # fmt: skip
OPERATORS = ("/models", "/accounts", "/operations")


def first_page_ms(url: str, seconds: float) -> tuple[float, float]:
    """The residents' first page at a steady rate, beside an empty answer.

    Parameters
    ----------
    url, seconds
        The service's address, and how long each is asked for.

    Returns
    -------
    95th percentile of the page and of the empty answer, milliseconds.
    """
    asyncio.run(_paced(f"{url}/", 2.0))
    page = asyncio.run(_paced(f"{url}/", seconds))
    empty = asyncio.run(_paced(f"{url}/healthz", seconds))
    return float(np.percentile(page, 95)), float(np.percentile(empty, 95))


async def _paced(address: str, seconds: float) -> list[float]:
    """Milliseconds of requests sent at fixed moments, whether or not earlier ones are answered."""
    found: list[float] = []
    async with httpx.AsyncClient(timeout=30) as client:

        async def ask() -> None:
            begun = time.perf_counter()
            (await client.get(address)).raise_for_status()
            found.append(1000 * (time.perf_counter() - begun))

        tasks = []
        begun = time.perf_counter()
        for number in range(int(RATE * seconds)):
            await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
            tasks.append(asyncio.create_task(ask()))
        await asyncio.gather(*tasks)
    return found


def console_ms(site: Site, plan: str, street: str, product: str) -> dict[str, list[float]]:
    """Milliseconds of each page of the console, one after the other, after a first visit.

    Parameters
    ----------
    site
        The running service.
    plan, street, product
        What pages are asked for.

    Returns
    -------
    By path.
    """
    ids = {"plan": plan, "street": street, "product": product}
    found: dict[str, list[float]] = {}
    for role, paths in (("district", OFFICERS), ("operator", OPERATORS)):
        with visitor(site, role) as client:
            for path in paths:
                if "{plan}" in path and not plan:
                    continue
                filled = f"/console{path.format(**ids)}"
                found[f"/console{path}"] = _times(client, filled)
    return found


def _times(client: httpx.Client, path: str) -> list[float]:
    answers: list[float] = []
    for number in range(ROUNDS + 1):
        begun = time.perf_counter()
        client.get(path).raise_for_status()
        if number:
            answers.append(1000 * (time.perf_counter() - begun))
    return answers


def first_page_kb(url: str) -> float:
    """Kilobytes that a first visit transfers: the page, its style sheet and its pictures."""
    with httpx.Client(base_url=url) as client:
        page = client.get("/")
        parts: Sequence[str] = sorted(
            {address.partition('"')[0] for address in page.text.split('"/static/')[1:]}
        )
        answers = [page, *(client.get(f"/static/{part}") for part in parts)]
        return sum(answer.num_bytes_downloaded for answer in answers) / 1000
