"""How Alembic runs the migrations: on the connection that `pipeline.store.database.migrate` gives it."""

from alembic import context

from pipeline.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
