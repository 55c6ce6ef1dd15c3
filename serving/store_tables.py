"""The service's own tables; made by the migrations under ``data/migrations``."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

METADATA = sa.MetaData()

_TIME = sa.DateTime(timezone=True)
_ID = TEXT(collation="C")

api_keys = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("key_id", _ID, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", _ID, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("areas", ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("expires_at", _TIME),
    sa.Column("last_used_at", _TIME),
    sa.Column("revoked_at", _TIME),
)
console_users = sa.Table(
    "console_users",
    METADATA,
    sa.Column("username", _ID, primary_key=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("areas", ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("last_sign_in_at", _TIME),
    sa.Column("disabled_at", _TIME),
)
console_sessions = sa.Table(
    "console_sessions",
    METADATA,
    sa.Column("digest", _ID, primary_key=True),
    sa.Column("username", _ID, nullable=False, index=True),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
)
resident_sessions = sa.Table(
    "resident_sessions",
    METADATA,
    sa.Column("digest", _ID, primary_key=True),
    sa.Column("resident_id", _ID, nullable=False, index=True),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
)
sign_in_failures = sa.Table(
    "sign_in_failures",
    METADATA,
    sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("username", _ID, nullable=False),
    sa.Column("address", _ID, nullable=False),
    sa.Column("at", _TIME, nullable=False, index=True),
)
calendar_tokens = sa.Table(
    "calendar_tokens",
    METADATA,
    sa.Column("digest", _ID, primary_key=True),
    sa.Column("resident_id", _ID, nullable=False, index=True),
    sa.Column("created_at", _TIME, nullable=False),
)
mutes = sa.Table(
    "mutes",
    METADATA,
    sa.Column("resident_id", _ID, primary_key=True),
    sa.Column("target_kind", _ID, primary_key=True),
    sa.Column("target", _ID, primary_key=True),
    sa.Column("since", _TIME, nullable=False),
)
consents = sa.Table(
    "consents",
    METADATA,
    sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("resident_id", _ID, nullable=False, index=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("given", sa.Boolean, nullable=False),
    sa.Column("at", _TIME, nullable=False),
)
access_log = sa.Table(
    "access_log",
    METADATA,
    sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("resident_id", _ID, index=True),
    sa.Column("request_id", sa.Text, nullable=False),
)
erasures = sa.Table(
    "erasures",
    METADATA,
    sa.Column("digest", _ID, primary_key=True),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("at", _TIME, nullable=False),
)
idempotent_requests = sa.Table(
    "idempotent_requests",
    METADATA,
    sa.Column("caller", _ID, primary_key=True),
    sa.Column("idempotency_key", _ID, primary_key=True),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("request_digest", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("at", _TIME, nullable=False, index=True),
)

live_changes = sa.Table(
    "live_changes",
    METADATA,
    sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", _TIME, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("resident_id", _ID),
    sa.Column("event_id", _ID),
)

OF_A_RESIDENT = (calendar_tokens, resident_sessions, mutes, consents, access_log, live_changes)
"""Tables here that hold something of a resident, by ``resident_id``."""

plan_requests = sa.Table(
    "plan_requests",
    METADATA,
    sa.Column("request_id", _ID, primary_key=True),
    sa.Column("asked_at", _TIME, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked", JSONB, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("plan_id", _ID, index=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("progress", JSONB),
)
plan_problems = sa.Table(
    "plan_problems",
    METADATA,
    sa.Column("plan_id", _ID, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
plan_edits = sa.Table(
    "plan_edits",
    METADATA,
    sa.Column("plan_id", _ID, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("officer", sa.Text, nullable=False),
    sa.Column("line_id", _ID, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("change", JSONB, nullable=False),
)
