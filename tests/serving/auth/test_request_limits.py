"""Request limits: by verified caller or address, over all workers."""

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.keys import add_key
from serving.auth.request_limits import FileStorage, RequestLimits
from serving.auth.roles import Role
from serving.settings import Settings

RATE = 5


def limited(home: Path, **settings: object) -> Service:
    return Service(Settings(home=home), ServiceSettings(rate_per_minute=RATE, **settings))


@pytest.fixture
def client(api_home: Path, running) -> Iterator[httpx.Client]:
    with running(create_app(service=limited(api_home))) as client:
        yield client


def test_an_address_has_a_rate(client: httpx.Client) -> None:
    answers = [client.get("/healthz") for _ in range(RATE + 2)]
    assert [answer.status_code for answer in answers] == [200] * RATE + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_invented_credentials_do_not_multiply_it(client: httpx.Client, header: str) -> None:
    start = "Bearer " if header == "Authorization" else "gxk_"
    answers = [
        client.get("/v1/models", headers={header: f"{start}{number}"}) for number in range(20)
    ]
    assert [answer.status_code for answer in answers] == [401] * RATE + [429] * 15


def test_a_forwarded_address_counts_only_from_a_trusted_proxy(api_home: Path, running) -> None:
    for proxies, last in (([], 429), (["127.0.0.1"], 200)):
        service = limited(api_home, trusted_proxies=proxies)
        with running(create_app(service=service)) as client:
            answers = [
                client.get("/healthz", headers={"X-Forwarded-For": f"192.0.2.{number}"})
                for number in range(RATE + 1)
            ]
        assert answers[-1].status_code == last


def test_a_verified_caller_is_counted_apart_from_its_address(
    world, api_home: Path, running
) -> None:
    service = limited(api_home)
    secret = add_key(
        service.database.engine(),
        "app",
        role=Role.SERVICE,
        scopes=["suggestions"],
        now=datetime.now(tz=UTC),
    ).secret
    path, headers = "/v1/residents/r1/suggestions", {"X-API-Key": secret}
    with running(create_app(service=service)) as client:
        assert client.get(path, headers=headers).status_code == 200
        while client.get("/healthz").status_code == 200:
            pass
        # The address has used up its share, the caller has not.
        statuses = [client.get(path, headers=headers).status_code for _ in range(RATE)]
    assert statuses == [200] * (RATE - 1) + [429]


def test_a_service_records_ten_lines_for_each_request_it_may_make() -> None:
    limits = RequestLimits(2, clock=lambda: 0.0)
    assert [limits.admits("key-1", 8) for _ in range(3)] == [True, True, False]
    assert limits.admits("key-2", 20)
    assert limits.wait_s("key-1", "x") == 0  # lists themselves are another matter


def test_a_window_ends() -> None:
    now = [0.0]
    limits = RequestLimits(2, clock=lambda: now[0])
    assert [limits.wait_s("a", "x") for _ in range(3)] == [0, 0, 60]
    assert limits.wait_s("b", "x") == 0
    now[0] = 30.5
    assert limits.wait_s("a", "x") == 30
    now[0] = 60.0
    assert limits.wait_s("a", "x") == 0


def test_an_address_is_counted_when_its_request_has_been_served() -> None:
    limits = RequestLimits(1, clock=lambda: 0.0)
    assert limits.wait_s(None, "x") == 0
    limits.count("a", "x")
    assert limits.wait_s(None, "x") == 0
    assert limits.wait_s("a", "x") == 60
    limits.count(None, "x")
    assert limits.wait_s(None, "x") == 60


def add_many(path: Path, key: str) -> None:
    storage = FileStorage(path)
    for _ in range(1_000):
        storage.incr(key, 60)


def test_processes_count_together(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    context = multiprocessing.get_context("forkserver")
    processes = [context.Process(target=add_many, args=(path, "a")) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    storage = FileStorage(path)
    assert storage.get("a") == 3_000
    assert storage.get("b") == 0
    storage.clear("a")
    assert storage.get("a") == 0
    storage.incr("b", 60)
    storage.reset()
    assert storage.get("b") == 0
    assert storage.check()


def test_a_full_table_gives_up_the_window_that_ends_first(monkeypatch) -> None:
    monkeypatch.setattr("serving.auth.request_limits._SLOTS", 8)
    now = [0.0]
    storage = FileStorage(None, lambda: now[0])
    for number in range(8):
        now[0] = float(number)
        storage.incr(f"k{number}", 60)
    storage.incr("new", 60)
    assert storage.get("new") == 1
    assert [storage.get(f"k{number}") for number in range(8)] == [0] + [1] * 7
