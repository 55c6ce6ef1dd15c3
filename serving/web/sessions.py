"""The session's cookie, and who comes with it."""

import contextlib

import sqlalchemy as sa
from fastapi import Request, Response

from recommender.errors import GongxuError
from serving.api.http.access import Access, identify
from serving.auth.roles import Principal, Role

COOKIE = "gongxu_session"


class ResidentsOwn(Access):
    """Lets a signed-in resident at pages whose subject is the session's resident alone."""

    def __init__(self) -> None:
        super().__init__(Role.RESIDENT, own="session")

    def allows(self, principal: Principal, request: Request) -> bool:  # noqa: ARG002
        """Whether the caller is a resident: such pages have nobody else's data in reach.

        Parameters
        ----------
        principal
            Who asks.
        request
            Not used; the subject of the page is the session's resident.

        Returns
        -------
        Whether the caller is a resident.
        """
        return principal.role is Role.RESIDENT


async def visitor(request: Request) -> None:
    """Recognise a signed-in resident on a page that everybody may open."""
    if session_of(request) is None:
        return
    # Without the database the page is shown as to anybody.
    with contextlib.suppress(sa.exc.SQLAlchemyError, GongxuError):
        principal = await identify(request)
        if principal is not None and principal.role is Role.RESIDENT:
            request.scope["principal"] = principal


def resident_of(request: Request) -> str | None:
    """Pseudonym of the signed-in resident; ``None`` for anybody else."""
    principal = request.scope.get("principal")
    return principal.subject if principal is not None and principal.role is Role.RESIDENT else None


def signed_in_resident(request: Request) -> str:
    """Pseudonym of the resident who calls a route that only residents may call.

    Raises
    ------
    PermissionError
        If somebody else calls: the route's access rule is missing.
    """
    resident = resident_of(request)
    if resident is None:
        raise PermissionError("only residents may call this route")
    return resident


def session_of(request: Request) -> str | None:
    """The session's secret; ``None`` when nobody is signed in."""
    return request.cookies.get(COOKIE) or None


def keep_session(request: Request, response: Response, secret: str, lasts_s: int) -> None:
    """Set the cookie.

    Parameters
    ----------
    request, response
        The sign-in and its answer.
    secret
        The session's secret.
    lasts_s
        Seconds until the browser forgets it.
    """
    response.set_cookie(
        COOKIE,
        secret,
        max_age=lasts_s,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


def drop_session(response: Response) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(COOKIE, path="/")
