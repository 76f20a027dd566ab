"""What moves a customer's risk of churn most, beside the features."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; predictions of before have no reasons."""
    op.add_column(
        "churn_predictions", sa.Column("reasons", JSONB, nullable=False, server_default="[]"), schema="serving"
    )
