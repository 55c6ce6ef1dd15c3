"""What all routes share: settings, database, authentication, metrics."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from data.store.erasures import Erasures
from recommender.errors import UsageError
from serving.api.http.database import Database
from serving.api.http.metrics import Metrics
from serving.api.http.tracing import Tracing
from serving.api.online.snapshot_folder import SnapshotFolder
from serving.api.online.snapshot_refresher import SnapshotRefresher
from serving.api.settings import ServiceSettings
from serving.auth.authenticator import Authenticator
from serving.auth.local_issuer import key_set
from serving.auth.oidc import ResidentSignIn
from serving.auth.request_limits import RequestLimits
from serving.auth.tokens import Issuer
from serving.names import resolve
from serving.outcomes.changes import ChangeCounter
from serving.outcomes.recorder import Recorder
from serving.settings import Settings

_AREAS = sa.text(
    "SELECT area_code, name FROM areas WHERE level IN ('city', 'district', 'street')"
    " ORDER BY area_code"
)


class Service:
    """One application's parts, made from settings.

    Parameters
    ----------
    settings, service_settings
        Where things are, and how the service behaves.
    now
        The clock; that of the settings when left out.
    run_folder
        Where the workers of one run of ``gongxu serve`` share snapshots; a process without one
        builds its own.
    """

    def __init__(
        self,
        settings: Settings,
        service_settings: ServiceSettings,
        *,
        now: Callable[[], datetime] | None = None,
        run_folder: Path | None = None,
    ) -> None:
        now = now or service_settings.clock()
        self.settings = settings
        self.options = service_settings
        self.now = now
        endpoint = service_settings.traces_endpoint
        self.tracing = None if endpoint is None else Tracing(endpoint)
        watch = None if self.tracing is None else self.tracing.watch
        self.erasures = Erasures(settings.home)
        self.database = Database(settings, service_settings, watch)
        self.change_counter = ChangeCounter(settings.home)
        self.ingesting = threading.BoundedSemaphore(service_settings.ingest_at_once)
        # One at a time: a plan takes a processor for half a minute.
        self.planning = threading.BoundedSemaphore(1)
        self.importing = threading.BoundedSemaphore(1)
        self.solving = threading.BoundedSemaphore(1)
        self.indices: dict[str, tuple[float, dict[str, Any]]] = {}
        self.newest_booking: tuple[float, datetime | None] | None = None
        self.metrics = Metrics(CollectorRegistry())
        rate, counters = service_settings.rate_per_minute, run_folder and run_folder / "limits"
        self.limits = RequestLimits(rate, counters) if rate else None
        self.refresher = SnapshotRefresher(
            settings,
            self.database,
            self.change_counter,
            self.metrics,
            now=now,
            refresh_s=service_settings.refresh_s,
            folder=None if run_folder is None else SnapshotFolder(run_folder),
        )
        self.recorder = Recorder(
            self.database.engine, now, self.limits.admits if self.limits else None
        )
        self.sign_in = _sign_in(service_settings)
        self.authenticator = Authenticator(
            self.database.engine,
            _issuers(settings, service_settings),
            clock=lambda: now().timestamp(),
        )

    def model_version(self) -> str | None:
        """The served model; ``None`` before there is one."""
        state = self.refresher.state
        return None if state is None else state.version

    def parents(self) -> Mapping[str, str]:
        """The parent's code of every area."""
        state = self.refresher.state
        return {} if state is None else state.parents

    def area_code(self, area: str) -> str:
        """An area's code by its code or name; what nothing is called stays as it is."""
        if area in self.parents():
            return area
        with self.database.engine().connect() as connection:
            rows = connection.execute(_AREAS).all()
        try:
            return resolve(area, {row.area_code: (row.name or "",) for row in rows}, what="area")
        except UsageError:
            return area

    def open(self) -> None:
        """Start what runs beside the requests."""
        self.refresher.start()
        self.recorder.start()

    def close(self) -> None:
        """Stop it, and let the database go."""
        self.refresher.stop()
        self.recorder.stop()
        self.database.close()
        if self.tracing is not None:
            self.tracing.close()


def _sign_in(options: ServiceSettings) -> ResidentSignIn | None:
    if not options.oidc_issuer or not options.oidc_client_id:
        return None
    secret = options.oidc_client_secret
    return ResidentSignIn(
        options.oidc_issuer,
        options.oidc_client_id,
        None if secret is None else secret.get_secret_value(),
    )


def _issuers(settings: Settings, options: ServiceSettings) -> list[Issuer]:
    issuers = []
    if options.oidc_issuer:
        issuers.append(
            Issuer(
                options.oidc_issuer,
                audience=options.oidc_audience,
                roles_claim=options.oidc_roles_claim,
            )
        )
    if options.local_issuer:
        issuers.append(
            Issuer(
                options.local_issuer,
                audience=options.oidc_audience,
                keys=key_set(settings.home),
            )
        )
    return issuers
