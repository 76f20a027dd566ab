"""Bring schema `serving` of a warehouse to a revision."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import NullPool, create_engine, func, select
from sqlalchemy.schema import CreateSchema

from aisle.errors import ConfigurationError

SCHEMA = "serving"
#: Two programs that migrate the same warehouse take turns.
_TURN = "aisle: schema serving"


def upgrade(url: str, revision: str = "head") -> None:
    """Upgrade to `revision`, all or nothing; of a warehouse that is there already nothing is changed.

    Raises ConfigurationError if the warehouse was migrated by a later version of Aisle.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(_TURN))))
        connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise ConfigurationError(
                f"migrating schema {SCHEMA} of the warehouse to {revision}: {error}; a later version of Aisle has "
                "migrated it: run that version, or restore the backup from before"
            ) from error
