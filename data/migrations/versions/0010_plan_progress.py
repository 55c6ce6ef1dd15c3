"""How far the solving of a requested plan is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("plan_requests", sa.Column("progress", JSONB()))


def downgrade() -> None:
    op.drop_column("plan_requests", "progress")
