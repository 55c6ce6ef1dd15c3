"""Settings, read from ``GONGXU_*`` environment variables."""

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from data.district_time import DEFAULT_ZONE


class Settings(BaseSettings):
    """Everything that can be configured; created once, by the composition root."""

    model_config = SettingsConfigDict(env_prefix="GONGXU_", frozen=True)

    home: Path = Field(
        default=Path("var"),
        description="Folder for the embedded database, models, quarantine and caches.",
    )
    database_url: str | None = Field(
        default=None,
        description=(
            "PostgreSQL to use, as postgresql://user:password@host:port/name. "
            "Unset: an embedded PostgreSQL under GONGXU_HOME."
        ),
    )
    timezone: ZoneInfo = Field(
        default=DEFAULT_ZONE,
        description=(
            "The district's time zone, an IANA name such as Europe/Paris: times without an offset "
            "are read in it, hours, weekdays, days and periods go by it, and people are shown it. "
            "Retrain after changing it."
        ),
    )
    country: str | None = Field(
        default=None,
        pattern="^([A-Z]{2})?$",
        description=(
            "The country whose public holidays and adjusted working days count, an ISO 3166 code "
            "such as CN. Unset: the country of the time zone. The table holidays overrides it."
        ),
    )
    models_kept: int = Field(
        default=10,
        ge=1,
        description=(
            "How many of the newest models stay on disk; what is served, was served before it "
            "or waits as challenger stays in any case."
        ),
    )
    gate_shrink_max: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Share of a table's rows that may be gone before a new model is refused.",
    )
    gate_fill_drop_max: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description=(
            "By how much the share of filled values of a column may fall before a new model is "
            "refused."
        ),
    )
    gate_recent_share_min: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description=(
            "Bookings of the latest fortnight, as a share of a usual one's, below which the data "
            "looks cut off and a new model is refused."
        ),
    )
    gate_coverage_drop_max: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the coverage of events that may be lost before a model is refused.",
    )
    gate_demand_jump_max: float = Field(
        default=3.0,
        gt=1,
        description="Factor by which demand may grow or fall before a new model is refused.",
    )
    gate_demand_margin: float = Field(
        default=0.1,
        ge=0,
        description=(
            "Share by which errors of the last period's demand may surely exceed those of a naive "
            "forecast or of the served model before a new model is refused."
        ),
    )
    gate_tolerance: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description=(
            "Relative loss of NDCG@10 that is accepted: the lower end of the 95 % interval of the "
            "difference has to lie above it; 1 accepts any loss."
        ),
    )
    gate_growth_max: float = Field(
        default=1.0,
        ge=0,
        description="Share by which a table may grow in a month before a new model is refused.",
    )
    gate_restated_max: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description=(
            "Share by which figures of the time up to the served model's moment may differ from "
            "what they were before a new model is refused."
        ),
    )
    gate_window_margin: float = Field(
        default=1.0,
        ge=0,
        description=(
            "How far figures of the newest two fortnights may lie outside the range of the twelve "
            "before them, as a share of that range, before a new model is refused."
        ),
    )
    gate_score_change_max: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description=(
            "Share by which NDCG@10 may differ from what served models had on their own newest "
            "windows before a new model is refused."
        ),
    )
