"""Settings, read from ``GONGXU_*`` environment variables."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
