"""What an impression weighs, as an interaction has it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column. Impressions that were stored before have no weight there, but the version of their weights."""
    op.add_column("impressions", sa.Column("weight", sa.Double), schema="serving")
