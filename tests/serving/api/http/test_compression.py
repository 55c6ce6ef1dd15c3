"""Who gets compressed answers."""

import gzip
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from fastapi import FastAPI, Response

from serving.api.http.compression import Compression

LONG = b"a list " * 1000


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def answer() -> Response:
        return Response(LONG, media_type="application/json")

    app.add_middleware(Compression, minimum_size=2000, compresslevel=4)
    return app


def raw(app: FastAPI, accepts: str) -> tuple[httpx.Headers, bytes]:
    async def ask() -> tuple[httpx.Headers, bytes]:
        transport = httpx.ASGITransport(app=app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            client.stream("GET", "/", headers={"accept-encoding": accepts}) as answer,
        ):
            return answer.headers, b"".join([part async for part in answer.aiter_raw()])

    # A thread of its own: the browser tests leave an event loop in the main one.
    with ThreadPoolExecutor(1) as other:
        return other.submit(anyio.run, ask).result()


def test_whoever_accepts_it_gets_it_compressed(app: FastAPI) -> None:
    headers, body = raw(app, "br, gzip;q=0.8")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == LONG
    assert len(body) < len(LONG) / 10


def test_whoever_does_not_gets_it_as_it_is(app: FastAPI) -> None:
    headers, body = raw(app, "identity")
    assert "content-encoding" not in headers
    assert body == LONG
