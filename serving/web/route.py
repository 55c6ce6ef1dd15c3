"""Routes that answer with pages: the session comes by cookie, errors are pages too."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as FrameworkError

from recommender.errors import GongxuError
from serving.api.http.problems import status_of
from serving.web.forms import keep_browser, require_token
from serving.web.rendering import page
from serving.web.sessions import session_of

_log = logging.getLogger("gongxu.access")


class PageRoute(APIRoute):
    """A route for browsers.

    Its caller is whoever the session's cookie belongs to; an ``Authorization`` header counts for
    nothing here, as a cookie counts for nothing in the API. A form needs its token.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with errors as pages."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            request.scope["credential"] = session_of(request)
            try:
                if request.method == "POST":
                    await require_token(request)
                response = await handle(request)
            except HTTPException as error:
                response = _refused(
                    request, error.status_code, str(error.detail), error.headers or {}
                )
            except RequestValidationError:
                response = error_page(request, 422)
            except FrameworkError as error:
                response = error_page(request, error.status_code)
            except GongxuError as error:
                response = error_page(request, status_of(error), error.message)
            except (sa.exc.OperationalError, sa.exc.TimeoutError):
                response = error_page(request, 503)
            except Exception:
                fields = {"request_id": request.scope["request_id"]}
                _log.exception("unexpected error", extra={"fields": fields})
                response = error_page(request, 500)
            await request.close()  # files of a form are let go
            keep_browser(request, response)
            return response

        return answer


def error_page(request: Request, status: int, detail: str = "") -> Response:
    """What went wrong and what to do, as a page.

    Parameters
    ----------
    request
        The request that failed.
    status
        HTTP status.
    detail
        One sentence of the program, shown below the explanation; may be empty.

    Returns
    -------
    The page.
    """
    known = (400, 401, 403, 404, 409, 422, 429, 503)
    key = status if status in known else 404 if status == 405 else 500
    response = page(request, "error.html", status=status, key=f"error_{key}", detail=detail)
    if status in (429, 503):
        response.headers["Retry-After"] = "30"
    return response


def add_not_found(app: FastAPI, otherwise: Callable[[Request, Exception], Any]) -> None:
    """Show browsers a page where no route matches; programs keep their problem documents.

    Parameters
    ----------
    app
        The application.
    otherwise
        Answers programs.
    """

    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, FrameworkError)
        reads_pages = "text/html" in request.headers.get("accept", "")
        if not reads_pages or request.url.path.startswith("/v1/"):
            response: Response = await otherwise(request, error)
            return response
        return error_page(request, error.status_code)

    app.add_exception_handler(FrameworkError, handle)


def _refused(request: Request, status: int, detail: str, headers: Mapping[str, str]) -> Response:
    if status != 401:
        response = error_page(request, status, detail)
        response.headers.update(
            {name: value for name, value in headers.items() if name != "WWW-Authenticate"}
        )
        return response
    door = "/console/sign-in" if request.url.path.startswith("/console") else "/sign-in"
    wanted = request.url.path if request.method == "GET" else ""
    if wanted and request.url.query:
        wanted += f"?{request.url.query}"
    target = f"{door}?next={quote(wanted, safe='/')}" if wanted else door
    return Response(status_code=303, headers={"Location": target})
