"""Traces arrive at a collector: a real one's protocol, over HTTP."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from recommender.errors import UsageError
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.roles import Role
from serving.settings import Settings

pytestmark = pytest.mark.usefixtures("world")
ISSUER = "http://issuer.test"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An address that takes traces, and what came."""
    came: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", came
    server.shutdown()
    thread.join()
    server.server_close()


def spans_of(came: list[bytes]) -> list:
    return [
        span
        for body in came
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_a_request_is_traced_from_its_caller_to_the_database(
    api_home: Path, running, token, collector
) -> None:
    endpoint, came = collector
    options = ServiceSettings(local_issuer=ISSUER, rate_per_minute=0, traces_endpoint=endpoint)
    service = Service(Settings(home=api_home), options)
    sent = {**token(Role.RESIDENT, "r29"), "traceparent": f"00-{TRACE}-{CALLER}-01"}
    with running(create_app(service=service)) as client:
        client.get("/healthz")
        answer = client.get("/v1/residents/r29/preferences", headers=sent)
        assert answer.status_code == 200
    spans = {span.name: span for span in spans_of(came)}
    own = spans["GET /v1/residents/{resident_id}/preferences"]
    assert (own.trace_id.hex(), own.parent_span_id.hex()) == (TRACE, CALLER)
    told = {each.key: each.value for each in own.attributes}
    assert told["http.response.status_code"].int_value == 200
    assert told["gongxu.caller"].string_value == "resident"
    assert told["gongxu.request_id"].string_value == answer.headers["x-request-id"]
    query = spans["database SELECT"]
    assert (query.trace_id, query.parent_span_id) == (own.trace_id, own.span_id)
    assert spans["GET /healthz"].trace_id != own.trace_id
    # Who it was about stays here.
    assert b"r29" not in b"".join(came)
    assert sent["Authorization"].encode() not in b"".join(came)


def test_a_collector_that_is_away_disturbs_nobody(api_home: Path, running) -> None:
    options = ServiceSettings(rate_per_minute=0, traces_endpoint="http://127.0.0.1:9/v1/traces")
    service = Service(Settings(home=api_home), options)
    with running(create_app(service=service)) as client:
        assert client.get("/healthz").status_code == 200


def test_without_the_extra_the_setting_says_what_to_install(
    api_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, missing, None)
    options = ServiceSettings(traces_endpoint="http://127.0.0.1:9/v1/traces")
    with pytest.raises(UsageError, match="OpenTelemetry is not installed"):
        Service(Settings(home=api_home), options)
