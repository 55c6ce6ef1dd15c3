"""Residents sign in at an OpenID Connect issuer: the whole way, over HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Request

from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.oidc import SignInAttempt
from serving.settings import Settings

KEY = ec.generate_private_key(ec.SECP256R1())


def issuer() -> FastAPI:
    """An issuer that gives out one code a subject and checks the verifier of PKCE."""
    app = FastAPI()
    app.state.asked = {}

    @app.get("/.well-known/openid-configuration")
    def configuration(request: Request) -> dict[str, str]:
        base = str(request.base_url).rstrip("/")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        return {"issuer": base, **{name: f"{base}/{name}" for name in names}}

    @app.get("/jwks_uri")
    def keys() -> dict[str, list[dict[str, str]]]:
        public = jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "k1", "alg": "ES256"}]}

    @app.post("/token_endpoint")
    async def token(request: Request) -> dict[str, object]:
        form = await request.form()
        nonce, subject = str(form["code"]).split("|")
        now = int(time.time())
        claims = {"iss": str(request.base_url).rstrip("/"), "aud": "pages", "sub": subject}
        claims |= {"iat": now, "exp": now + 60, "nonce": nonce}
        app.state.asked = dict(form)
        signed = jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "k1"})
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}

    return app


@pytest.fixture(scope="module")
def district(running) -> Iterator[tuple[str, FastAPI]]:
    app = issuer()
    with running(app) as client:
        yield str(client.base_url), app


@pytest.fixture(scope="module")
def pages(api_home: Path, fill_home, running, district) -> Iterator[httpx.Client]:
    fill_home(api_home)
    options = ServiceSettings(oidc_issuer=district[0], oidc_client_id="pages", rate_per_minute=0)
    service = Service(Settings(home=api_home), options)
    with running(create_app(service=service)) as client:
        client.headers["accept"] = "text/html"
        yield client
    service.close()


def leave(pages: httpx.Client) -> dict[str, str]:
    """Press the button; what the issuer was asked."""
    pages.cookies.clear()
    assert "/sign-in/start?next=/bookings" in pages.get("/sign-in?next=/bookings").text
    answer = pages.get("/sign-in/start?next=/bookings")
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in asked.items()}


def test_a_resident_comes_back_signed_in(pages: httpx.Client, district) -> None:
    asked = leave(pages)
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{pages.base_url}/sign-in/callback"
    sent = {"code": f"{asked['nonce']}|r1", "state": asked["state"]}
    answer = pages.get("/sign-in/callback", params=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/bookings")
    assert district[1].state.asked["code_verifier"]
    assert pages.get("/bookings").status_code == 200


@pytest.mark.parametrize("case", ["other state", "other nonce", "no code", "nobody", "no attempt"])
def test_answers_that_do_not_fit_open_no_session(pages: httpx.Client, case: str) -> None:
    asked = leave(pages)
    nonce = "x" if case == "other nonce" else asked["nonce"]
    subject = "nobody-known" if case == "nobody" else "r1"
    sent = {"code": f"{nonce}|{subject}", "state": asked["state"]}
    if case == "other state":
        sent["state"] = "x"
    if case == "no code":
        del sent["code"]
    if case == "no attempt":
        pages.cookies.clear()
    answer = pages.get("/sign-in/callback", params=sent)
    assert answer.status_code == 400
    assert "gongxu_session" not in pages.cookies
    assert pages.get("/bookings").status_code == 303


def test_an_issuer_that_is_away_is_told(api_home: Path, running) -> None:
    options = ServiceSettings(
        oidc_issuer="http://127.0.0.1:9", oidc_client_id="pages", rate_per_minute=0
    )
    service = Service(Settings(home=api_home), options)
    with running(create_app(service=service)) as client:
        answer = client.get("/sign-in/start")
        assert answer.status_code == 503
        assert "暂时没有响应" in answer.text
    service.close()


def test_what_a_browser_keeps_is_read_back() -> None:
    attempt = SignInAttempt.new()
    assert SignInAttempt.parse(str(attempt)) == attempt
    assert SignInAttempt.parse("a.b") is None
    assert SignInAttempt.parse("") is None


def test_without_an_issuer_there_is_no_way_in(site: httpx.Client) -> None:
    assert "尚未配置" in site.get("/sign-in").text
    assert site.get("/sign-in/start").status_code == 404
