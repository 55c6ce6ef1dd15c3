"""Which model is served: one row, and a log of every switch."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "served_model",
        sa.Column("only", sa.Boolean(), sa.CheckConstraint('"only"'), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("only", name="pk_served_model"),
    )
    op.create_table(
        "served_model_log",
        sa.Column("entry", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_served_model_log"),
    )


def downgrade() -> None:
    op.drop_table("served_model_log")
    op.drop_table("served_model")
