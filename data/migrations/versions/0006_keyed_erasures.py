"""Digests of erased residents name the key they were made with; empty for a plain SHA-256."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("erasures", sa.Column("key_id", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("erasures", "key_id")
