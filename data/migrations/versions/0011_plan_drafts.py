"""The problem that a plan solved, and what officers change in its draft."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TEXT

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "plan_problems",
        sa.Column("plan_id", TEXT(collation="C"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan_problems"),
    )
    op.create_table(
        "plan_edits",
        sa.Column("plan_id", TEXT(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("line_id", TEXT(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("change", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "version", name="pk_plan_edits"),
    )


def downgrade() -> None:
    op.drop_table("plan_edits")
    op.drop_table("plan_problems")
