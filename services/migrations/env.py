"""What Alembic runs for each command: the revisions, over the connection that `upgrade` has opened."""

from alembic import context

from services.migrations.upgrade import SCHEMA

context.configure(connection=context.config.attributes["connection"], version_table_schema=SCHEMA)
context.run_migrations()
