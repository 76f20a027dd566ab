"""What was recommended to each user and what became of it, churn predictions, and how often each user called."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_ALGORITHM = "algorithm in ('collaborative', 'content', 'hybrid')"


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, **options)  # type: ignore[arg-type]


def upgrade() -> None:
    """Create the tables. user_id is a pseudonym; recommendation_lists keeps what was computed for its time to live."""
    op.create_table(
        "recommendation_lists",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("algorithm", sa.Text, primary_key=True),
        sa.Column("recommendation_id", sa.Text, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("live_generations", sa.Text, nullable=False),
        sa.Column("items", JSONB, nullable=False),
        _moment("computed_at"),
        sa.CheckConstraint(_ALGORITHM, name="recommendation_lists_algorithm"),
        schema="serving",
    )
    op.create_table(
        "recommended_items",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("recommendation_id", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("is_clicked", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("is_dismissed", sa.Boolean, nullable=False, server_default="false"),
        _moment("recommended_at", server_default=sa.func.now()),
        sa.CheckConstraint(_ALGORITHM, name="recommended_items_algorithm"),
        schema="serving",
    )
    op.create_table(
        "churn_predictions",
        sa.Column("user_id", sa.Text, primary_key=True),
        _moment("prediction_date", primary_key=True),
        sa.Column("churn_risk", sa.Double, nullable=False),
        sa.Column("features", JSONB, nullable=False, server_default="{}"),
        sa.Column("model_version", sa.Text),
        sa.CheckConstraint("churn_risk between 0 and 1", name="churn_predictions_risk"),
        schema="serving",
    )
    op.create_table(
        "rate_limits",
        sa.Column("counter", sa.Text, primary_key=True),
        sa.Column("n_calls", sa.BigInteger, nullable=False),
        _moment("expires_at"),
        schema="serving",
    )
    for table, *columns in (
        ("recommended_items", "user_id", "item_id", "recommended_at"),
        ("recommended_items", "item_id", "recommended_at"),
        ("recommended_items", "recommended_at"),
        ("recommendation_lists", "computed_at"),
        ("churn_predictions", "prediction_date"),
        ("rate_limits", "expires_at"),
    ):
        op.create_index(f"{table}_{'_'.join(columns)}", table, columns, schema="serving")
