"""What residents ask for, and the sessions of residents who signed in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT, TIMESTAMP

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", TEXT(collation="C"), nullable=False),
        sa.Column("resident_id", TEXT(collation="C"), nullable=False),
        sa.Column("area_code", TEXT(collation="C")),
        sa.Column("target_kind", TEXT(collation="C"), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("asked_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", TEXT(collation="C")),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("request_id", name="pk_requests"),
    )
    op.create_index("ix_requests_resident_id", "requests", ["resident_id"])
    op.create_table(
        "resident_sessions",
        sa.Column("digest", TEXT(collation="C"), nullable=False),
        sa.Column("resident_id", TEXT(collation="C"), nullable=False),
        sa.Column("created_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_resident_sessions"),
    )
    op.create_index("ix_resident_sessions_resident_id", "resident_sessions", ["resident_id"])


def downgrade() -> None:
    op.drop_table("resident_sessions")
    op.drop_table("requests")
