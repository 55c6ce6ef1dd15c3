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

from serving.operations.status import Health

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


def health_exposition(health: Health) -> bytes:
    """The installation's figures as Prometheus reads them; they are read when it asks."""
    registry = CollectorRegistry()
    figures: dict[str, tuple[str, float | None]] = {
        "gongxu_served_since_seconds": (
            "When the served model was switched on, seconds since 1970.",
            health.model_since_s,
        ),
        "gongxu_data_until_seconds": (
            "The moment up to which the newest run has learnt, seconds since 1970.",
            health.data_until_s,
        ),
        "gongxu_retrain_started_seconds": (
            "When the newest retraining that ended began, seconds since 1970.",
            health.last_run_s,
        ),
        "gongxu_retrain_took_seconds": ("How long it took.", health.last_run_took_s),
        "gongxu_retrain_bad_nights": (
            "Runs refused, failed or killed since the last good one.",
            health.bad_nights,
        ),
        "gongxu_quarantined_rows": (
            "Rows of the newest import that were set aside.",
            health.quarantined_rows,
        ),
        "gongxu_disk_free_bytes": ("Free on the disk of GONGXU_HOME.", health.disk.free),
        "gongxu_disk_total_bytes": ("Size of the disk of GONGXU_HOME.", health.disk.total),
        "gongxu_models_bytes": ("What the models take of it.", health.disk.models),
    }
    for name, (told, value) in figures.items():
        if value is not None:
            Gauge(name, told, registry=registry).set(value)
    if health.last_run_status is not None:
        told = "1 for how the newest retraining that ended came out."
        verdict = Gauge("gongxu_retrain_verdict", told, ["status"], registry=registry)
        verdict.labels(health.last_run_status).set(1)
    return generate_latest(registry)
