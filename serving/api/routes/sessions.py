"""Signing in to the console and out again."""

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field, SecretStr

from serving.api.http.access import Access, guarded, unguarded
from serving.auth.secrets import SESSION_PREFIX
from serving.auth.users import (
    CONSOLE_ROLES,
    SESSION_LASTS,
    SignInRefusedError,
    TooManyTriesError,
    sign_in,
    sign_out,
)

router = APIRouter(tags=["signing in"])


class SignIn(BaseModel):
    """Name and password of a console user."""

    username: str = Field(max_length=200, examples=["officer-1"])
    password: SecretStr = Field(max_length=1000, examples=["a long password"])


class Session(BaseModel):
    """An open session."""

    token: str = Field(description="To be sent as a bearer token.", examples=["gxs_…"])
    expires_in_s: int = Field(examples=[43200])


@router.post("/v1/sessions", status_code=201, **unguarded(401, 503))
def open_session(request: Request, given: SignIn) -> Session:
    """Sign a console user in. Five failures close the account for fifteen minutes."""
    service = request.app.state.service
    address = request.client.host if request.client else "?"
    try:
        token = sign_in(
            service.database.engine(),
            given.username.replace("\x00", ""),
            given.password.get_secret_value(),
            address=address,
            now=service.now(),
        )
    except TooManyTriesError as error:
        raise HTTPException(429, str(error), {"Retry-After": "900"}) from None
    except SignInRefusedError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": "Bearer"}) from None
    return Session(token=token, expires_in_s=int(SESSION_LASTS.total_seconds()))


@router.delete(
    "/v1/sessions/current",
    status_code=204,
    response_class=Response,
    **guarded(Access(*CONSOLE_ROLES), 404),
)
def close_session(request: Request) -> Response:
    """Sign out: revoke the session's token."""
    service = request.app.state.service
    credential: str = request.scope["credential"] or ""
    if not credential.startswith(SESSION_PREFIX):
        raise HTTPException(404, "This credential is not a session.")
    service.authenticator.forget(credential)
    sign_out(service.database.engine(), credential)
    return Response(status_code=204)
