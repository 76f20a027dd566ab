"""Requests of the shop page and their answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create `serving.shop_requests`: a row per request. Its `user_id` is made up for it and names nobody."""
    op.create_table(
        "shop_requests",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("product_ids", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("metadata", JSONB, nullable=False),
        sa.Column("answer", JSONB),
        sa.Column("failure", sa.Text),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("mode in ('products', 'metadata', 'both')", name="shop_requests_mode"),
        sa.CheckConstraint(
            "(finished_at is null) = (answer is null and failure is null)", name="shop_requests_finished"
        ),
        schema="serving",
    )
    op.create_index("shop_requests_accepted_at", "shop_requests", ["accepted_at"], schema="serving")
