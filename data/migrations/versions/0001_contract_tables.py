"""The contract's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT, TIMESTAMP

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "areas",
        sa.Column("area_code", TEXT(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", TEXT(collation="C"), nullable=False),
        sa.Column("parent_code", TEXT(collation="C")),
        sa.Column("population", sa.BigInteger()),
        sa.Column("workers", sa.BigInteger()),
        sa.Column("lat", sa.Double()),
        sa.Column("lon", sa.Double()),
        sa.PrimaryKeyConstraint("area_code", name="pk_areas"),
    )
    op.create_table(
        "population",
        sa.Column("area_code", TEXT(collation="C"), nullable=False),
        sa.Column("age_band", TEXT(collation="C"), nullable=False),
        sa.Column("sex", TEXT(collation="C"), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("area_code", "age_band", "sex", name="pk_population"),
    )
    op.create_table(
        "venues",
        sa.Column("venue_id", TEXT(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_code", TEXT(collation="C")),
        sa.Column("level", TEXT(collation="C")),
        sa.Column("kind", sa.Text()),
        sa.Column("lat", sa.Double()),
        sa.Column("lon", sa.Double()),
        sa.Column("seats", sa.BigInteger()),
        sa.Column("step_free", sa.Boolean()),
        sa.Column("open_hours_per_week", sa.Double()),
        sa.PrimaryKeyConstraint("venue_id", name="pk_venues"),
    )
    op.create_table(
        "suppliers",
        sa.Column("supplier_id", TEXT(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", TEXT(collation="C")),
        sa.Column("licences", sa.Text()),
        sa.Column("licence_valid_until", sa.Date()),
        sa.Column("active_since", sa.Date()),
        sa.PrimaryKeyConstraint("supplier_id", name="pk_suppliers"),
    )
    op.create_table(
        "products",
        sa.Column("product_id", TEXT(collation="C"), nullable=False),
        sa.Column("supplier_id", TEXT(collation="C")),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("category", TEXT(collation="C"), nullable=False),
        sa.Column("tags", sa.Text()),
        sa.Column("price_fen", sa.BigInteger()),
        sa.Column("duration_min", sa.BigInteger()),
        sa.Column("audience_max", sa.BigInteger()),
        sa.Column("min_seats", sa.BigInteger()),
        sa.Column("audience_groups", sa.Text()),
        sa.Column("min_age", sa.BigInteger()),
        sa.Column("licence_required", sa.Text()),
        sa.Column("listed_from", sa.Date()),
        sa.Column("listed_until", sa.Date()),
        sa.Column("sessions_max", sa.BigInteger()),
        sa.PrimaryKeyConstraint("product_id", name="pk_products"),
    )
    op.create_table(
        "events",
        sa.Column("event_id", TEXT(collation="C"), nullable=False),
        sa.Column("product_id", TEXT(collation="C")),
        sa.Column("venue_id", TEXT(collation="C")),
        sa.Column("title", sa.Text()),
        sa.Column("starts_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", TIMESTAMP(timezone=True)),
        sa.Column("seats", sa.BigInteger()),
        sa.Column("ticket_fen", sa.BigInteger()),
        sa.Column("published_at", TIMESTAMP(timezone=True)),
        sa.Column("booking_closes_at", TIMESTAMP(timezone=True)),
        sa.Column("status", TEXT(collation="C")),
        sa.PrimaryKeyConstraint("event_id", name="pk_events"),
    )
    op.create_index("ix_events_starts_at", "events", ["starts_at"])
    op.create_table(
        "residents",
        sa.Column("resident_id", TEXT(collation="C"), nullable=False),
        sa.Column("area_code", TEXT(collation="C")),
        sa.Column("age_band", TEXT(collation="C")),
        sa.Column("sex", TEXT(collation="C")),
        sa.Column("joined_at", TIMESTAMP(timezone=True)),
        sa.Column("personalised", sa.Boolean()),
        sa.Column("guardian_consent", sa.Boolean()),
        sa.PrimaryKeyConstraint("resident_id", name="pk_residents"),
    )
    op.create_table(
        "bookings",
        sa.Column("booking_id", TEXT(collation="C"), nullable=False),
        sa.Column("resident_id", TEXT(collation="C"), nullable=False),
        sa.Column("event_id", TEXT(collation="C"), nullable=False),
        sa.Column("booked_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seats", sa.BigInteger()),
        sa.Column("status", TEXT(collation="C"), nullable=False),
        sa.Column("updated_at", TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("booking_id", name="pk_bookings"),
    )
    op.create_index("ix_bookings_resident_id", "bookings", ["resident_id"])
    op.create_index("ix_bookings_event_id", "bookings", ["event_id"])
    op.create_table(
        "ratings",
        sa.Column("resident_id", TEXT(collation="C"), nullable=False),
        sa.Column("event_id", TEXT(collation="C"), nullable=False),
        sa.Column("stars", sa.BigInteger(), nullable=False),
        sa.Column("rated_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.PrimaryKeyConstraint("resident_id", "event_id", name="pk_ratings"),
    )
    op.create_index("ix_ratings_event_id", "ratings", ["event_id"])
    op.create_table(
        "impressions",
        sa.Column("impression_id", TEXT(collation="C"), nullable=False),
        sa.Column("resident_id", TEXT(collation="C")),
        sa.Column("event_id", TEXT(collation="C"), nullable=False),
        sa.Column("shown_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("surface", sa.Text()),
        sa.Column("position", sa.BigInteger()),
        sa.Column("propensity", sa.Double()),
        sa.Column("suggestion_id", TEXT(collation="C")),
        sa.Column("model_version", sa.Text()),
        sa.PrimaryKeyConstraint("impression_id", name="pk_impressions"),
    )
    op.create_index("ix_impressions_resident_id", "impressions", ["resident_id"])
    op.create_table(
        "follows",
        sa.Column("resident_id", TEXT(collation="C"), nullable=False),
        sa.Column("target_kind", TEXT(collation="C"), nullable=False),
        sa.Column("target", TEXT(collation="C"), nullable=False),
        sa.Column("since", TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("resident_id", "target_kind", "target", name="pk_follows"),
    )
    op.create_table(
        "surveys",
        sa.Column("survey_id", TEXT(collation="C"), nullable=False),
        sa.Column("area_code", TEXT(collation="C"), nullable=False),
        sa.Column("age_band", TEXT(collation="C")),
        sa.Column("target_kind", TEXT(collation="C"), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("votes", sa.BigInteger(), nullable=False),
        sa.Column("respondents", sa.BigInteger()),
        sa.Column("channel", TEXT(collation="C")),
        sa.Column("collected_at", sa.Date()),
        sa.PrimaryKeyConstraint("survey_id", name="pk_surveys"),
    )
    op.create_table(
        "budgets",
        sa.Column("buyer_code", TEXT(collation="C"), nullable=False),
        sa.Column("period", TEXT(collation="C"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("buyer_code", "period", name="pk_budgets"),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", TEXT(collation="C"), nullable=False),
        sa.Column("plan_id", TEXT(collation="C")),
        sa.Column("line_id", TEXT(collation="C")),
        sa.Column("buyer_code", TEXT(collation="C"), nullable=False),
        sa.Column("product_id", TEXT(collation="C"), nullable=False),
        sa.Column("venue_id", TEXT(collation="C")),
        sa.Column("scheduled_on", sa.Date()),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger()),
        sa.Column("status", TEXT(collation="C"), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", TIMESTAMP(timezone=True)),
        sa.Column("reason", sa.Text()),
        sa.Column("satisfaction", sa.BigInteger()),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
    )


def downgrade() -> None:
    op.drop_table("orders")
    op.drop_table("budgets")
    op.drop_table("surveys")
    op.drop_table("follows")
    op.drop_table("impressions")
    op.drop_table("ratings")
    op.drop_table("bookings")
    op.drop_table("residents")
    op.drop_table("events")
    op.drop_table("products")
    op.drop_table("suppliers")
    op.drop_table("venues")
    op.drop_table("population")
    op.drop_table("areas")
