"""The database's history, as Alembic revisions under ``versions/``; see docs/data.md."""
