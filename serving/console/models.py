"""Models: versions, their figures and the gate's verdict."""

from fastapi import APIRouter, Request, Response

from serving.api.http.access import guarded
from serving.api.routes.officers import models as read_models
from serving.console.access import OPERATORS
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/console/models", **guarded(OPERATORS))
def models(request: Request) -> Response:
    """All versions that are kept, newest first."""
    return page(request, "models.html", versions=read_models(request).items)
