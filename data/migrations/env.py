"""What Alembic runs; the connection comes from :func:`data.store.upgrading.upgrade`."""

from alembic import context

from data.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="gongxu_version",  # MLflow's own Alembic keeps alembic_version
)
with context.begin_transaction():
    context.run_migrations()
