"""Residents sign in: at the district's OpenID Connect issuer; in a demonstration by a button."""

import secrets
from typing import Annotated
from urllib.parse import quote, unquote

import anyio.to_thread
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response

from recommender.errors import UnknownIdError
from serving.api.http.access import guarded, unguarded
from serving.api.service import Service
from serving.auth.oidc import IssuerAwayError, SignInAttempt
from serving.auth.resident_sessions import LASTS, close_resident_session, open_resident_session
from serving.auth.tokens import IssuerDownError
from serving.web.forms import local_path
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import ResidentsOwn, drop_session, keep_session, session_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

OWN = ResidentsOwn()
START = "/for-me"
ATTEMPT_COOKIE = "gongxu_sign_in"
ATTEMPT_S = 600
_Next = Annotated[str, Query(alias="next", max_length=2000)]


@router.get("/sign-in", **unguarded())
async def sign_in_form(request: Request, to: _Next = START) -> Response:
    """How residents sign in here."""
    return _form(request, to)


@router.get("/sign-in/start", **unguarded(404, 503))
async def start(request: Request, to: _Next = START) -> Response:
    """Send the browser to the district's issuer."""
    service: Service = request.app.state.service
    if service.sign_in is None:
        raise HTTPException(404, "Signing in of residents is not set up here.")
    attempt = SignInAttempt.new()
    try:
        target = await anyio.to_thread.run_sync(
            service.sign_in.address, attempt, _callback(request)
        )
    except (IssuerAwayError, IssuerDownError):
        return _form(request, to, status=503, problem="sign_in_away")
    response = Response(status_code=303, headers={"Location": target})
    response.set_cookie(
        ATTEMPT_COOKIE,
        f"{attempt}.{quote(_after(to), safe='')}",
        max_age=ATTEMPT_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/sign-in",
    )
    return response


@router.get("/sign-in/callback", **unguarded(400, 503))
async def callback(
    request: Request,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The issuer sent the browser back with a code: exchange it, and open a session."""
    service: Service = request.app.state.service
    kept, _, to = request.cookies.get(ATTEMPT_COOKIE, "").rpartition(".")
    attempt, after = SignInAttempt.parse(kept), _after(unquote(to))
    answers = attempt is not None and secrets.compare_digest(state, attempt.state)
    if service.sign_in is None or attempt is None or not answers or not code:
        return _form(request, after, status=400, problem="sign_in_failed")

    def work() -> str | None:
        assert service.sign_in is not None
        return service.sign_in.subject(attempt, code, _callback(request))

    try:
        resident = await anyio.to_thread.run_sync(work)
    except (IssuerAwayError, IssuerDownError):
        return _form(request, after, status=503, problem="sign_in_away")
    if resident is None:
        return _form(request, after, status=400, problem="sign_in_failed")
    try:
        response = await _open(request, resident, after)
    except UnknownIdError:
        return _form(request, after, status=400, problem="sign_in_unknown")
    response.delete_cookie(ATTEMPT_COOKIE, path="/sign-in")
    return response


@router.post("/sign-in", **unguarded(403, 404))
async def open_demo_session(
    request: Request,
    resident: Annotated[str, Form(max_length=200)] = "",
    to: Annotated[str, Form(alias="next", max_length=2000)] = START,
) -> Response:
    """In a demonstration: sign in as one of its ready residents."""
    if resident not in request.app.state.service.options.demo_residents:
        raise HTTPException(403, "This is no resident of a demonstration.")
    return await _open(request, resident, _after(to))


@router.post("/sign-out", **guarded(OWN))
async def sign_out(request: Request) -> Response:
    """Sign out: the session ends now."""
    service: Service = request.app.state.service
    secret = session_of(request) or ""
    service.authenticator.forget(secret)
    await anyio.to_thread.run_sync(close_resident_session, service.database.engine(), secret)
    response = Response(status_code=303, headers={"Location": "/"})
    drop_session(response)
    return response


def _form(request: Request, to: str, *, status: int = 200, problem: str = "") -> Response:
    service: Service = request.app.state.service
    return page(
        request,
        "sign_in.html",
        status=status,
        to=_after(to),
        problem=problem,
        issuer=service.sign_in is not None,
        demo=service.options.demo_residents,
    )


async def _open(request: Request, resident: str, to: str) -> Response:
    service: Service = request.app.state.service

    def work() -> str:
        return open_resident_session(service.database.engine(), resident, now=service.now())

    secret = await anyio.to_thread.run_sync(work)
    response = Response(status_code=303, headers={"Location": to})
    keep_session(request, response, secret, int(LASTS.total_seconds()))
    return response


def _callback(request: Request) -> str:
    return str(request.base_url.replace(path="/sign-in/callback", query=""))


def _after(path: str) -> str:
    found = local_path(path, START)
    return START if found.startswith(("/console", "/sign-")) else found
