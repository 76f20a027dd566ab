"""Since when which user has been shown which arm of an experiment."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create `serving.exposures`: one row per experiment, user and arm."""
    op.create_table(
        "exposures",
        sa.Column("experiment", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("arm", sa.Text, primary_key=True),
        sa.Column("exposed_at", sa.DateTime(timezone=True), nullable=False),
        schema="serving",
    )
    op.create_index("exposures_user_id", "exposures", ["user_id"], schema="serving")
    op.create_index("exposures_exposed_at", "exposures", ["exposed_at"], schema="serving")
