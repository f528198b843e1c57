"""The inbox, judged answers, retrieval cases, pairs and what happened to them.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = (
    "pair_event",
    "pair_source",
    "pair",
    "retrieval_case",
    "inbox_judgement",
    "inbox_entry",
    "inbox_group",
)

SQLITE_KEEP = """
CREATE TRIGGER pair_event_no_{verb} BEFORE {verb} ON pair_event
BEGIN SELECT RAISE(ABORT, 'pair_event is only ever appended to'); END
"""
POSTGRESQL_KEEP = """
CREATE FUNCTION pair_event_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'pair_event is only ever appended to'; END $$;
CREATE TRIGGER pair_event_keep BEFORE UPDATE OR DELETE ON pair_event
FOR EACH ROW EXECUTE FUNCTION pair_event_keep();
CREATE TRIGGER pair_event_keep_all BEFORE TRUNCATE ON pair_event
FOR EACH STATEMENT EXECUTE FUNCTION pair_event_keep()
"""


def upgrade() -> None:
    """Make the tables, and have the database itself refuse to change what happened to a pair."""
    _make_inbox()
    _make_pairs()
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_KEEP.format(verb=verb))
    else:
        op.execute(POSTGRESQL_KEEP)


def _make_inbox() -> None:
    op.create_table(
        "inbox_group",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("judged_by", sa.String(200), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known", sa.JSON(), nullable=False),
        sa.Column("claimed_by", sa.String(200), nullable=False),
        sa.Column("claimed_name", sa.String(200), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "inbox_entry",
        sa.Column("id", sa.String(40), primary_key=True),
        _pointing_to("group_id", "inbox_group.id", nullable=False),
        _pointing_to("feedback_id", "feedback.id"),
        _pointing_to("turn_id", "kept_turn.id"),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wording", sa.String(64), nullable=False, index=True),
        sa.Column("voice", sa.String(64), nullable=False),
        sa.Column("thumb", sa.String(8), nullable=False),
        sa.Column("badness", sa.Float(), nullable=False),
        sa.Column("unanswered", sa.Boolean(), nullable=False),
        sa.Column("signature", sa.String(64), nullable=False),
        sa.Column("embedder", sa.String(200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
    )
    op.create_index(
        "ix_inbox_entry_ranking",
        "inbox_entry",
        ["group_id", "voice", "badness", "unanswered", "thumb", "created", "id"],
    )
    op.create_table(
        "inbox_judgement",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who_id", sa.String(200), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        _pointing_to("group_id", "inbox_group.id", nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("pair", sa.String(80), nullable=False),
        sa.Column("retrieval_case", sa.String(40), nullable=False),
        sa.Column("idempotency_key", sa.String(300), nullable=False, unique=True),
        sa.Column("request", sa.String(64), nullable=False),
    )
    op.create_table(
        "retrieval_case",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("source", sa.String(40), nullable=False, index=True),
        _pointing_to("feedback_id", "feedback.id"),
        sa.Column("conversation", sa.String(32), nullable=True, index=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("wrong", sa.JSON(), nullable=False),
        sa.Column("right_record", sa.String(500), nullable=False),
        sa.Column("index_version", sa.String(100), nullable=False),
    )


def _make_pairs() -> None:
    op.create_table(
        "pair",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("contributor", sa.String(200), nullable=False),
        sa.Column("editors", sa.JSON(), nullable=False),
        sa.Column("approver", sa.String(200), nullable=False),
        sa.Column("waiver", sa.Text(), nullable=False),
        sa.Column("waived", sa.JSON(), nullable=False),
        sa.Column("returned", sa.Text(), nullable=False),
        sa.Column("consent", sa.String(12), nullable=False),
        sa.Column("licence", sa.String(200), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("conversation", sa.String(32), nullable=True, index=True),
        sa.Column("group_id", sa.String(40), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("updated_by", sa.String(200), nullable=False),
    )
    op.create_table(
        "pair_source",
        sa.Column("pair_id", sa.String(80), sa.ForeignKey("pair.id"), primary_key=True),
        sa.Column("source", sa.String(40), primary_key=True, index=True),
        sa.Column("conversation", sa.String(32), nullable=True, index=True),
    )
    op.create_table(
        "pair_event",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who_id", sa.String(200), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("pair_id", sa.String(80), nullable=False, index=True),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("idempotency_key", sa.String(300), nullable=True, unique=True),
        sqlite_autoincrement=True,
    )


def _pointing_to(name: str, column: str, *, nullable: bool = True) -> sa.Column[str]:
    """What goes with the row that it points to."""
    return sa.Column(
        name, sa.String(40), sa.ForeignKey(column, ondelete="CASCADE"), nullable=nullable, index=True
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION pair_event_keep()")
