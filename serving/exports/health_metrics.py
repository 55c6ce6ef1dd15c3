"""The installation's figures for Prometheus."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from serving.operations.status import Health


def health_exposition(health: Health) -> bytes:
    """The installation's figures as Prometheus reads them; they are read when it asks."""
    registry = CollectorRegistry()
    figures: dict[str, tuple[str, float | None]] = {
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
