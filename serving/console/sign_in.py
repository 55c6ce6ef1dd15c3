"""Signing in to the console and out again, by form."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Form, Query, Request, Response

from serving.api.http.access import guarded, unguarded
from serving.auth.secrets import SESSION_PREFIX
from serving.auth.users import (
    SESSION_LASTS,
    SignInRefusedError,
    TooManyTriesError,
    sign_in,
    sign_out,
)
from serving.console.access import ANY_USER
from serving.web.forms import local_path
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import drop_session, keep_session, session_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

START = "/console"
_Next = Annotated[str, Query(alias="next", max_length=2000)]


@router.get("/console/sign-in", **unguarded())
async def sign_in_form(request: Request, to: _Next = START) -> Response:
    """The form."""
    return page(request, "console_sign_in.html", to=_inside(to), username="", problem="")


@router.post("/console/sign-in", **unguarded(401, 403, 503))
async def open_session(
    request: Request,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    to: Annotated[str, Form(alias="next", max_length=2000)] = START,
) -> Response:
    """Sign a user in. Five failures close the account for fifteen minutes."""
    service = request.app.state.service

    def attempt() -> str:
        address = request.client.host if request.client else "?"
        return sign_in(
            service.database.engine(),
            username.replace("\x00", ""),
            password,
            address=address,
            now=service.now(),
        )

    try:
        secret = await anyio.to_thread.run_sync(attempt)
    except (SignInRefusedError, TooManyTriesError) as error:
        late = isinstance(error, TooManyTriesError)
        shown = {
            "to": _inside(to),
            "username": username,
            "problem": "too_many_tries" if late else "wrong_password",
        }
        return page(request, "console_sign_in.html", status=429 if late else 401, **shown)
    response = Response(status_code=303, headers={"Location": _inside(to)})
    keep_session(request, response, secret, int(SESSION_LASTS.total_seconds()))
    return response


@router.post("/console/sign-out", **guarded(ANY_USER))
async def close_session(request: Request) -> Response:
    """Sign out: the session ends now."""
    service = request.app.state.service
    secret = session_of(request) or ""
    if secret.startswith(SESSION_PREFIX):
        service.authenticator.forget(secret)
        await anyio.to_thread.run_sync(sign_out, service.database.engine(), secret)
    response = Response(status_code=303, headers={"Location": "/console/sign-in"})
    drop_session(response)
    return response


def _inside(path: str) -> str:
    found = local_path(path, START)
    return found if found.startswith("/console") and "sign-" not in found else START
