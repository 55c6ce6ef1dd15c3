"""Plans that were asked for over HTTP, and what became of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TEXT

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "plan_requests",
        sa.Column("request_id", TEXT(collation="C"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("plan_id", TEXT(collation="C")),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_plan_requests"),
    )
    op.create_index("ix_plan_requests_plan_id", "plan_requests", ["plan_id"])


def downgrade() -> None:
    op.drop_table("plan_requests")
