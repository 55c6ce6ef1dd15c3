"""Settings of the service, read from ``GONGXU_*`` environment variables."""

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import AwareDatetime, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(tz=UTC)


class ServiceSettings(BaseSettings):
    """What can be configured of the HTTP service; created once, when the application is made."""

    model_config = SettingsConfigDict(env_prefix="GONGXU_", frozen=True)

    oidc_issuer: str | None = Field(
        default=None,
        description="The OpenID Connect issuer whose tokens are accepted; keys are discovered.",
    )
    oidc_audience: str = Field(
        default="gongxu", description="Whom accepted tokens must be meant for."
    )
    oidc_roles_claim: str = Field(
        default="roles", description="The claim of a token that names the caller's role."
    )
    oidc_client_id: str | None = Field(
        default=None,
        description=(
            "The client that residents sign in to the pages with at GONGXU_OIDC_ISSUER; it has to "
            "be allowed to come back to /sign-in/callback. Residents cannot sign in when left out."
        ),
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="That client's secret, where it has one."
    )
    booking_link: str | None = Field(
        default=None,
        pattern=r"^https://[^\s{}]*\{event_id\}[^\s{}]*$",
        description=(
            "Where the district's own system takes bookings, with {event_id} in the address, such "
            "as https://booking.example.org/{event_id}. The pages take bookings when left out."
        ),
    )
    demo_residents: list[str] = Field(
        default_factory=list,
        description=(
            "For demonstrations only: pseudonyms, as a JSON list, of residents whom anybody may "
            "sign in as. `gongxu serve --demo` sets it; it listens on its own machine alone."
        ),
    )
    local_issuer: str | None = Field(
        default=None,
        description=(
            "For development only: accept tokens of `gongxu users token`, signed by a key under "
            "GONGXU_HOME, and publish that key. The value is the issuer's address, such as "
            "http://127.0.0.1:8000."
        ),
    )
    demo_clock: AwareDatetime | None = Field(
        default=None,
        description=(
            "For demonstrations on past data: the clock stands at this moment, ISO 8601 with "
            "offset, when the server starts, and goes on from there."
        ),
    )
    log_requests: bool = Field(
        default=False,
        description="Log every request, not only those that failed or took over a second.",
    )
    traces_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description=(
            "Where an OpenTelemetry collector takes traces by OTLP over HTTP, such as "
            "http://127.0.0.1:4318/v1/traces; needs `gongxu[otel]`. No traces when left out."
        ),
    )
    cors_origins: list[str] = Field(
        default_factory=list,
        description="Web origins that may call from a browser, as a JSON list. Closed by default.",
    )
    body_max_mb: float = Field(
        default=16.0, gt=0, description="Larger request bodies are refused with 413."
    )
    body_timeout_s: float = Field(
        default=20.0, gt=0, description="A request body that takes longer to arrive is refused."
    )
    rate_per_minute: int = Field(
        default=1200,
        ge=0,
        description=(
            "Requests a minute of one verified caller, or of one address without, over all "
            "workers of a machine; 0 for no limit."
        ),
    )
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description=(
            "Addresses or networks of proxies whose X-Forwarded-For is believed, as a JSON list. "
            "None by default: the address is that of the connection."
        ),
    )
    ingest_at_once: int = Field(
        default=4, ge=1, description="Ingest requests one worker takes at a time; others get 503."
    )
    database_budget_ms: int = Field(
        default=300,
        ge=10,
        description="How long a request for suggestions may wait for the database.",
    )
    refresh_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds between two snapshots of the tables, at least.",
    )

    def clock(self) -> Callable[[], datetime]:
        """The service's clock: the real time, or one that starts now at ``demo_clock``."""
        if self.demo_clock is None:
            return utc_now
        lead = self.demo_clock.astimezone(UTC) - utc_now()
        return lambda: utc_now() + lead
