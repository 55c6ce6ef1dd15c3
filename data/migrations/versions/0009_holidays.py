"""Days that override the calendar; what an event delivers, and where a booking came from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("events", sa.Column("order_id", TEXT(collation="C")))
    op.add_column("bookings", sa.Column("suggestion_id", TEXT(collation="C")))
    op.create_table(
        "holidays",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("kind", TEXT(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("date", name="pk_holidays"),
    )


def downgrade() -> None:
    op.drop_table("holidays")
    op.drop_column("bookings", "suggestion_id")
    op.drop_column("events", "order_id")
