"""Prometheus metrics, one set a process; several workers share them through files."""

import os
from collections.abc import Iterable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Metrics of the service.

    Parameters
    ----------
    registry
        Where the metrics are registered: one of its own for every application, so that several
        can live in one process.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.requests = Counter(
            "gongxu_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "gongxu_http_request_seconds",
            "Time from the start of a request to the end of its response.",
            ["route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.fallbacks = Counter(
            "gongxu_suggestion_fallbacks",
            "Lists made without the latest data, or empty, by reason.",
            ["why"],
            registry=registry,
        )
        self.shown = Counter(
            "gongxu_suggestions_shown", "Events put into lists.", ["slot"], registry=registry
        )
        self.ingested = Counter(
            "gongxu_ingested_rows",
            "Rows sent in, by verdict.",
            ["table", "verdict"],
            registry=registry,
        )
        self.model_since = Gauge(
            "gongxu_model_since_seconds",
            "When the served model was switched on, seconds since 1970.",
            ["version"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.degraded = Gauge(
            "gongxu_degraded",
            "1 while the database does not answer.",
            registry=registry,
            multiprocess_mode="max",
        )

        # Looking a label up takes longer than counting: what is counted at every request is kept.
        self._requests_of: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._shown_in: dict[str, Counter] = {}

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request.

        Parameters
        ----------
        method, route, status
            What was asked, by the route's pattern, and the answer's status.
        seconds
            Time that it took.
        """
        kept = self._requests_of.get((method, route, status))
        if kept is None:
            kept = self.requests.labels(method, route, str(status)), self.seconds.labels(route)
            self._requests_of[method, route, status] = kept
        count, times = kept
        count.inc()
        times.observe(seconds)

    def count_shown(self, slots: Iterable[tuple[str, int]]) -> None:
        """Count the events of a list by the kinds of their slots."""
        for slot, count in slots:
            kept = self._shown_in.get(slot)
            if kept is None:
                kept = self._shown_in[slot] = self.shown.labels(slot)
            kept.inc(count)

    def exposition(self) -> bytes:
        """All metrics as Prometheus reads them; of all workers where there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            joined = CollectorRegistry()
            multiprocess.MultiProcessCollector(joined)  # type: ignore[no-untyped-call]
            return generate_latest(joined)
        return generate_latest(self._registry)
