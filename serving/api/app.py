"""The application factory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from data.district_time import set_district_zone
from serving.api.http.access import OPEN, access_of
from serving.api.http.compression import Compression
from serving.api.http.middleware import RequestMiddleware
from serving.api.http.problems import Problem, add_handlers, responses
from serving.api.http.tracing import Traced
from serving.api.routes import (
    health,
    ingest,
    officers,
    orders,
    plans,
    public,
    residents,
    scorecards,
    sessions,
    suggestions,
)
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.settings import Settings
from serving.web.app import add_pages

DESCRIPTION = (
    "供需: suggestions for residents, street demand and purchase plans for a district's public "
    "culture. Errors are RFC 9457 problem documents; every answer carries X-Request-Id."
)


_MALFORMED = {str(status): told for status, told in responses(400).items()}


def create_app(
    settings: Settings | None = None,
    options: ServiceSettings | None = None,
    *,
    service: Service | None = None,
) -> FastAPI:
    """Build the application; nothing is opened before it starts.

    Parameters
    ----------
    settings, options
        Read from the environment when left out.
    service
        Its parts, when the caller made them.

    Returns
    -------
    The application.

    Raises
    ------
    ValueError
        If a route says nothing about who may call it.
    """
    service = service or Service(settings or Settings(), options or ServiceSettings())
    options = service.options
    set_district_zone(service.settings.timezone, service.settings.country or "")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(service.open)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(service.close)

    app = FastAPI(
        title="gongxu",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    add_handlers(app)
    _add_openapi(app)
    for router in (
        suggestions.router,  # first: routes are matched in order, and this one is asked for most
        ingest.router,
        health.router,
        sessions.router,
        residents.router,
        officers.router,
        plans.router,
        orders.router,
        scorecards.router,
        public.router,
    ):
        app.include_router(router)
    if options.local_issuer:
        app.include_router(health.local_issuer)
    add_pages(app, app.exception_handlers[HTTPException])
    _require_access(app)

    app.add_middleware(Compression, minimum_size=2000, compresslevel=4)
    if options.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=options.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key", "x-request-id"],
        )
    app.add_middleware(
        RequestMiddleware,
        metrics=service.metrics,
        body_max=int(options.body_max_mb * 1_000_000),
        body_timeout_s=options.body_timeout_s,
        verified=service.authenticator.remembered,
        authenticate=service.authenticator.authenticate,
        limits=service.limits,
        log_all=options.log_requests,
    )
    if options.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=options.trusted_proxies)
    if service.tracing is not None:
        app.add_middleware(Traced, tracing=service.tracing)
    return app


def api_routes(app: FastAPI) -> list[APIRoute]:
    """Every route of the application, wherever it was included."""
    found: list[APIRoute] = []
    for route in app.routes:
        if isinstance(route, APIRoute):
            found.append(route)
        else:
            original = getattr(route, "original_router", None)
            found.extend(r for r in getattr(original, "routes", []) if isinstance(r, APIRoute))
    return found


def _require_access(app: FastAPI) -> None:
    """Deny by default: no route may be forgotten."""
    for route in api_routes(app):
        roles = (route.openapi_extra or {}).get("x-roles")
        access = access_of([dependency.call for dependency in route.dependant.dependencies])
        if (roles == [OPEN]) == (access is None) and roles:
            continue
        raise ValueError(f"{route.path} does not say who may call it")


def _add_openapi(app: FastAPI) -> None:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            components = schema.setdefault("components", {})
            schemas = components.setdefault("schemas", {})
            problems = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problems.pop("$defs", {}))
            schemas["Problem"] = problems
            for methods in schema["paths"].values():
                for operation in methods.values():
                    # Whoever may send a body may send one that is not JSON.
                    if "requestBody" in operation:
                        operation["responses"] = {**operation["responses"], **_MALFORMED}
            # Validation errors are problems here, not FastAPI's own shape.
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            components["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
