"""OpenTelemetry traces of requests and what they ask of the database, when an endpoint is set.

A span says which route, by a caller of which role, with which status: never a path, a query, a
name or a statement's values.
"""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recommender.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Span

_FAILED = 500


class Tracing:
    """Sends spans to a collector in the background; one that does not answer costs only spans.

    Parameters
    ----------
    endpoint
        Where the collector takes traces by OTLP over HTTP.

    Raises
    ------
    UsageError
        If the packages of the extra ``otel`` are not installed.
    """

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise UsageError(
                "GONGXU_TRACES_ENDPOINT is set, but OpenTelemetry is not installed.",
                "Install gongxu[otel], or leave the setting out.",
            ) from None
        self._provider = TracerProvider(resource=Resource.create({"service.name": "gongxu"}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=5)))
        self._tracer = self._provider.get_tracer("gongxu")

    def begin_request(self, scope: Scope) -> Any:
        """A context manager whose span goes on with the caller's trace, if it has one."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        return self._tracer.start_as_current_span(
            "request",
            context=TraceContextTextMapPropagator().extract(carrier),
            kind=SpanKind.SERVER,
            # What an exception says may name a resident.
            record_exception=False,
            set_status_on_exception=False,
        )

    def watch(self, engine: sa.Engine) -> None:
        """Make a span of every statement that a traced request executes."""
        from opentelemetry.trace import SpanKind, get_current_span

        def before(_: Any, __: Any, statement: str, ___: Any, context: Any, ____: Any) -> None:
            if not get_current_span().is_recording():
                return
            operation = statement.lstrip("( \n").split(None, 1)[0].upper()[:20]
            told = {"db.system.name": "postgresql", "db.operation.name": operation}
            context.gongxu_span = self._tracer.start_span(
                f"database {operation}", kind=SpanKind.CLIENT, attributes=told
            )

        def after(_: Any, __: Any, ___: str, ____: Any, context: Any, _____: Any) -> None:
            _end(context)

        def failed(error: sa.engine.ExceptionContext) -> None:
            _end(error.execution_context, failed=type(error.original_exception).__name__)

        sa.event.listen(engine, "before_cursor_execute", before)
        sa.event.listen(engine, "after_cursor_execute", after)
        sa.event.listen(engine, "handle_error", failed)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _end(context: Any, *, failed: str = "") -> None:
    from opentelemetry.trace import StatusCode

    span = getattr(context, "gongxu_span", None)
    if span is None:
        return
    if failed:
        span.set_attribute("error.type", failed)
        span.set_status(StatusCode.ERROR)
    span.end()
    context.gongxu_span = None


class Traced:
    """ASGI middleware, outermost: a span around every request.

    Parameters
    ----------
    app
        The application inside.
    tracing
        Where spans go.
    """

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        self.app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = _FAILED

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing.begin_request(scope) as span:
            try:
                await self.app(scope, receive, answer)
            finally:
                _tell(span, scope, status)


def _tell(span: "Span", scope: Scope, status: int) -> None:
    from opentelemetry.trace import StatusCode

    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"].isalpha() else "?"
    span.update_name(f"{method} {route}")
    span.set_attributes(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "gongxu.caller": scope.get("caller", ""),
            "gongxu.request_id": scope.get("request_id", ""),
        }
    )
    if status >= _FAILED:
        span.set_status(StatusCode.ERROR)
