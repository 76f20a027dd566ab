"""The answers of the regional page, one per region and window, so that all readers of a window see the same."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create `serving.region_results`: one row per region, six-hour window and generation. It names no person."""
    op.create_table(
        "region_results",
        sa.Column("region_kind", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("generation", sa.Text, nullable=False),
        sa.Column("result", JSONB, nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("region_kind", "region", "window_start", "generation"),
        sa.CheckConstraint("region_kind in ('province', 'city')", name="region_results_kind"),
        schema="serving",
    )
