"""Every error as ``application/problem+json`` (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from recommender.errors import (
    GateRefusedError,
    GongxuError,
    InputRejectedError,
    LockHeldError,
    NotTrainedError,
    UnknownIdError,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"
NOT_JSON = "The body is not JSON."
_FRAMEWORK = {
    "Not Found": "There is nothing at this path; /docs names all routes.",
    "Method Not Allowed": "This path does not take this method; see the header Allow, and /docs.",
    "There was an error parsing the body": NOT_JSON,
}
"""Plainer sentences for those of the framework."""


class FieldProblem(BaseModel):
    """One value of the request that is wrong."""

    where: str = Field(examples=["query.n"])
    reason: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(default="", examples=["There is no resident of this name."])
    instance: str = Field(default="", examples=["/v1/residents/r1/suggestions"])
    request_id: str = Field(default="", examples=["5f0c1c7e9a5c4b1f"])
    errors: list[FieldProblem] = Field(default_factory=list)


def problem(
    request: Request,
    status: int,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """A problem document as a response.

    Parameters
    ----------
    request, status
        What was asked, and the HTTP status.
    detail
        One sentence for the caller.
    headers
        Such as ``Retry-After``.
    errors
        Objects by the fields of :class:`FieldProblem`.

    Returns
    -------
    The response.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": "Content Too Large" if status == 413 else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[:1].upper() + detail[1:],
        "instance": request.url.path,
        "request_id": request.scope.get("request_id", ""),
        "errors": errors or [],
    }
    return Response(orjson.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


_STATUS: list[tuple[type[GongxuError], int]] = [
    (UnknownIdError, 404),
    (UsageError, 422),
    (InputRejectedError, 422),
    (LockHeldError, 409),
    (GateRefusedError, 409),
    (NotTrainedError, 503),
]


def status_of(error: GongxuError) -> int:
    """The HTTP status of an error of the engine."""
    return next((code for kind, code in _STATUS if isinstance(error, kind)), 503)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the problems a route may answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted(set(statuses))
    }


def add_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = _FRAMEWORK.get(str(error.detail), str(error.detail))
        return problem(request, error.status_code, detail, headers=error.headers)

    async def of_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [
            {"where": ".".join(map(str, item["loc"])), "reason": str(item["msg"])}
            for item in error.errors()[:20]
        ]
        if any(item["type"] == "json_invalid" for item in error.errors()):
            return problem(request, 400, NOT_JSON, errors=errors)
        first = f" {errors[0]['where']}: {errors[0]['reason']}." if errors else ""
        return problem(request, 422, f"The request is not as documented.{first}", errors=errors)

    async def of_engine(request: Request, error: Exception) -> Response:
        assert isinstance(error, GongxuError)
        status = status_of(error)
        headers = {"Retry-After": "5"} if status == 503 else None
        return problem(request, status, error.message, headers=headers)

    async def of_database(request: Request, error: Exception) -> Response:
        request.scope["failure"] = f"{type(error).__name__}"
        return problem(request, 503, "The database does not answer.", headers={"Retry-After": "2"})

    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(GongxuError, of_engine)
    app.add_exception_handler(sa.exc.OperationalError, of_database)
    app.add_exception_handler(sa.exc.TimeoutError, of_database)
