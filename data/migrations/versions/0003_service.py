"""What the service keeps: keys, console users, residents' wishes, the log of who read what."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "0003"
down_revision = "0002"

_TABLES = (
    "api_keys",
    "console_users",
    "console_sessions",
    "sign_in_failures",
    "calendar_tokens",
    "mutes",
    "consents",
    "access_log",
    "erasures",
    "idempotent_requests",
    "live_changes",
)


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT(collation="C"), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _words(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, sa.ARRAY(sa.Text()), nullable=False)


def _entry() -> sa.Column[int]:
    return sa.Column("entry", sa.BigInteger(), sa.Identity(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        _id("key_id"),
        _text("name"),
        _id("digest"),
        _text("role"),
        _words("scopes"),
        _words("areas"),
        _time("created_at"),
        _time("expires_at", nullable=True),
        _time("last_used_at", nullable=True),
        _time("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_table(
        "console_users",
        _id("username"),
        _text("password_hash"),
        _text("role"),
        _words("areas"),
        _time("created_at"),
        _time("last_sign_in_at", nullable=True),
        _time("disabled_at", nullable=True),
        sa.PrimaryKeyConstraint("username", name="pk_console_users"),
    )
    op.create_table(
        "console_sessions",
        _id("digest"),
        _id("username"),
        _time("created_at"),
        _time("expires_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_console_sessions"),
    )
    op.create_index("ix_console_sessions_username", "console_sessions", ["username"])
    op.create_table(
        "sign_in_failures",
        _entry(),
        _id("username"),
        _id("address"),
        _time("at"),
        sa.PrimaryKeyConstraint("entry", name="pk_sign_in_failures"),
    )
    op.create_index("ix_sign_in_failures_at", "sign_in_failures", ["at"])
    op.create_table(
        "calendar_tokens",
        _id("digest"),
        _id("resident_id"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_calendar_tokens"),
    )
    op.create_index("ix_calendar_tokens_resident_id", "calendar_tokens", ["resident_id"])
    op.create_table(
        "mutes",
        _id("resident_id"),
        _id("target_kind"),
        _id("target"),
        _time("since"),
        sa.PrimaryKeyConstraint("resident_id", "target_kind", "target", name="pk_mutes"),
    )
    op.create_table(
        "consents",
        _entry(),
        _id("resident_id"),
        _text("purpose"),
        _text("version"),
        sa.Column("given", sa.Boolean(), nullable=False),
        _time("at"),
        sa.PrimaryKeyConstraint("entry", name="pk_consents"),
    )
    op.create_index("ix_consents_resident_id", "consents", ["resident_id"])
    op.create_table(
        "access_log",
        _entry(),
        _time("at"),
        _text("caller"),
        _text("role"),
        _text("action"),
        _id("resident_id", nullable=True),
        _text("request_id"),
        sa.PrimaryKeyConstraint("entry", name="pk_access_log"),
    )
    op.create_index("ix_access_log_resident_id", "access_log", ["resident_id"])
    op.create_table(
        "erasures",
        _id("digest"),
        _time("at"),
        sa.PrimaryKeyConstraint("digest", name="pk_erasures"),
    )
    op.create_table(
        "idempotent_requests",
        _id("caller"),
        _id("idempotency_key"),
        _text("route"),
        _text("request_digest"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _time("at"),
        sa.PrimaryKeyConstraint("caller", "idempotency_key", name="pk_idempotent_requests"),
    )
    op.create_index("ix_idempotent_requests_at", "idempotent_requests", ["at"])
    op.create_table(
        "live_changes",
        _entry(),
        _time("at"),
        _text("kind"),
        _id("resident_id", nullable=True),
        _id("event_id", nullable=True),
        sa.PrimaryKeyConstraint("entry", name="pk_live_changes"),
    )
    op.create_index("ix_live_changes_at", "live_changes", ["at"])


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
