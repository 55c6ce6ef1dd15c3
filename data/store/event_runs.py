"""Runs of days in SQL: an event's seats are a day's (see ``recommender.runs``)."""

_DAYS = (
    "greatest(1, ceil(extract(epoch FROM coalesce(e.ends_at, e.starts_at) - e.starts_at) / 86400))"
)
ROOM = f"(e.seats * {_DAYS})::bigint"
"""Seats of all days of an event ``e``."""
LAST_ENTRY = f"CASE WHEN {_DAYS} > 1 THEN e.ends_at ELSE e.starts_at END"
"""Until when one can still go to an event ``e``: to a run until it ends."""
