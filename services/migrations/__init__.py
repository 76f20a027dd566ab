"""Schema `serving`, which the serving API writes: created and changed by Alembic, forward only.

upgrade(url)      # to the newest revision of versions/, from any earlier one, in one transaction
"""

from services.migrations.upgrade import SCHEMA, upgrade

__all__ = ["SCHEMA", "upgrade"]
