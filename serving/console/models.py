"""Models: versions, their figures and the gate's verdict; promote and roll back."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request, Response

from recommender.errors import GongxuError
from serving.api.http.access import guarded
from serving.api.routes.officers import Switch, promote, registry_of, roll_back
from serving.console.access import OPERATORS
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Version = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$")]
_Reason = Annotated[str, Form(max_length=500)]


@router.get("/console/models", **guarded(OPERATORS))
def models(request: Request) -> Response:
    """All versions that are kept, newest first."""
    return _show(request)


@router.post("/console/models/rollback", **guarded(OPERATORS, 409))
def roll_back_model(
    request: Request, reason: _Reason = "", sure: Annotated[bool, Form()] = False
) -> Response:
    """Serve again what was served before, with a reason and a confirmation."""
    if not sure or not reason.strip():
        return _show(request, status=422, problem="switch_confirm")
    try:
        roll_back(request, Switch(reason=reason))
    except (GongxuError, HTTPException) as error:
        return _show(request, status=409, problem="switch_refused", detail=_told(error))
    return Response(status_code=303, headers={"Location": "/console/models"})


@router.post("/console/models/{version}/promote", **guarded(OPERATORS, 404, 409))
def promote_model(
    request: Request,
    version: Version,
    reason: _Reason = "",
    sure: Annotated[bool, Form()] = False,
) -> Response:
    """Serve a version from now on, with a reason and a confirmation."""
    if not sure or not reason.strip():
        return _show(request, status=422, problem="switch_confirm")
    try:
        promote(request, version, Switch(reason=reason))
    except (GongxuError, HTTPException) as error:
        return _show(request, status=409, problem="switch_refused", detail=_told(error))
    return Response(status_code=303, headers={"Location": "/console/models"})


def _told(error: GongxuError | HTTPException) -> str:
    return error.message if isinstance(error, GongxuError) else str(error.detail)


def _show(request: Request, *, status: int = 200, problem: str = "", detail: str = "") -> Response:
    return page(
        request,
        "models.html",
        status=status,
        versions=registry_of(request.app.state.service).entries(),
        problem=problem,
        detail=detail,
    )
