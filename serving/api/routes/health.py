"""Liveness, readiness, metrics; the reference; the local issuer's public key."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from recommender.errors import GongxuError
from serving.api.http.access import Access, guarded, unguarded
from serving.auth.local_issuer import key_set
from serving.auth.roles import Role
from serving.exports.health_metrics import health_exposition
from serving.operations.status import read_health
from serving.pages.reference import reference_page

router = APIRouter()


class Alive(BaseModel):
    """The process answers."""

    status: str = Field(default="alive", examples=["alive"])


class Ready(BaseModel):
    """Whether requests can be answered."""

    status: str = Field(examples=["ready"])
    database: bool
    model: str | None = Field(examples=["20261123T094512-1"], description="The served version.")


@router.get("/healthz", tags=["running"], **unguarded())
async def healthz() -> Alive:
    """Report that the process is alive; depends on nothing else."""
    return Alive()


@router.get("/readyz", tags=["running"], **unguarded(503))
def readyz(request: Request) -> Ready:
    """Report whether database and model are available, so that requests can be answered."""
    service = request.app.state.service
    database = service.database.answers()
    model = service.model_version()
    if not database or model is None:
        missing = [name for name, there in (("database", database), ("model", model)) if not there]
        raise HTTPException(503, f"Not ready: {', '.join(missing)}.", {"Retry-After": "5"})
    return Ready(status="ready", database=database, model=model)


@router.get(
    "/metrics",
    tags=["running"],
    response_class=Response,
    **guarded(Access(Role.OPERATOR)),
)
def metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format: of the requests, and of the installation.

    Those of the installation are left out while the database does not answer.
    """
    service = request.app.state.service
    counted = service.metrics
    body = counted.exposition()
    try:
        with service.database.engine().connect() as connection:
            body += health_exposition(read_health(connection, service.settings.home))
    except (GongxuError, SQLAlchemyError):
        counted.fallbacks.labels("database").inc()
    return Response(body, headers={"content-type": counted.content_type})


@router.get("/docs", include_in_schema=False, response_class=HTMLResponse, **unguarded())
async def reference(request: Request) -> HTMLResponse:
    """The API's reference: one page without scripts or content of other hosts."""
    return HTMLResponse(reference_page(request.app.openapi()))


local_issuer = APIRouter(include_in_schema=False)


@local_issuer.get("/.well-known/openid-configuration", **unguarded())
async def discovery(request: Request) -> dict[str, Any]:
    """Where the local issuer's keys are, as OpenID Connect Discovery has it."""
    issuer = str(request.app.state.service.options.local_issuer).rstrip("/")
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["pairwise"],
    }


@local_issuer.get("/.well-known/jwks.json", **unguarded())
async def keys(request: Request) -> dict[str, Any]:
    """The local issuer's public keys."""
    return key_set(request.app.state.service.settings.home)
