"""What users do and are shown: interactions, impressions, sessions with a log-in, and what became of each event."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"

_SOURCES = "source in ('amplitude', 'api', 'feed', 'shop')"


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def _every_event() -> tuple[sa.Column[object], ...]:
    """What interactions and impressions have in common. user_id is a pseudonym; null while the user is anonymous."""
    return (
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("recommendation_id", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("weights_version", sa.Text, nullable=False),
        _moment("occurred_at", nullable=False),
        _moment("received_at", nullable=False, server_default=sa.func.now()),
        _moment("queued_at"),
    )


def upgrade() -> None:
    """Create the tables of events. queued_at: since when an event waits in events.outbox, or will never wait there."""
    op.create_table(
        "interactions",
        *_every_event(),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("item_type", sa.Text),
        sa.Column("event_value", sa.Double),
        sa.Column("weight", sa.Double),
        sa.Column("platform", sa.Text),
        sa.Column("properties", JSONB, nullable=False, server_default="{}"),
        sa.CheckConstraint(_SOURCES, name="interactions_source"),
        schema="serving",
    )
    op.create_table(
        "impressions",
        *_every_event(),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("feed_type", sa.Text),
        sa.Column("item_ids", ARRAY(sa.Text), nullable=False),
        sa.CheckConstraint(_SOURCES, name="impressions_source"),
        sa.CheckConstraint("cardinality(item_ids) > 0", name="impressions_show_items"),
        schema="serving",
    )
    op.create_table(
        "received_events",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("user_id", sa.Text),
        sa.Column("payload", JSONB),
        _moment("received_at", nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("outcome in ('processed', 'skipped')", name="received_events_outcome"),
        sa.CheckConstraint("(outcome = 'skipped') = (reason is not null)", name="received_events_reason"),
        schema="serving",
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        _moment("first_seen_at", nullable=False),
        _moment("received_at", nullable=False, server_default=sa.func.now()),
        schema="serving",
    )
    _create_indexes()


def _create_indexes() -> None:
    for table, *columns in (
        ("interactions", "user_id", "occurred_at"),
        ("interactions", "item_id", "occurred_at"),
        ("interactions", "session_id"),
        ("interactions", "received_at"),
        ("impressions", "user_id", "occurred_at"),
        ("impressions", "session_id"),
        ("impressions", "recommendation_id"),
        ("impressions", "received_at"),
        ("received_events", "received_at"),
        ("sessions", "user_id"),
        ("sessions", "received_at"),
    ):
        op.create_index(f"{table}_{'_'.join(columns)}", table, columns, schema="serving")
    op.create_index(
        "received_events_user_id", "received_events", ["user_id"], schema="serving",
        postgresql_where=sa.text("user_id is not null"),
    )  # fmt: skip
    for table in ("interactions", "impressions"):
        op.create_index(
            f"{table}_to_queue", table, ["received_at"], schema="serving",
            postgresql_where=sa.text("queued_at is null and user_id is not null"),
        )  # fmt: skip
