"""Conversations kept by consent, daily counts, purges and erasures.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = ("tombstone", "erasure", "purged", "purge", "kept_turn", "agreement", "daily_answers")
KEPT = ("purge", "purged", "erasure", "tombstone")
"""Tables that the database itself lets nobody change."""

SQLITE_KEEP = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is only ever appended to'); END
"""
POSTGRESQL_KEEP = """
CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{table} is only ever appended to'; END $$;
CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_keep();
CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION {table}_keep()
"""


def upgrade() -> None:
    """Make the tables, tie feedback to its conversation, and have proofs and records stay as they are."""
    op.add_column("feedback", sa.Column("conversation", sa.String(32), nullable=True))
    op.add_column("feedback", sa.Column("consent", sa.String(40), nullable=True))
    op.create_index("ix_feedback_conversation", "feedback", ["conversation"])
    op.create_table(
        "daily_answers",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("collection", sa.String(300), primary_key=True),
        sa.Column("found", sa.Boolean(), primary_key=True),
        sa.Column("status", sa.String(20), primary_key=True),
        sa.Column("adapter", sa.String(300), primary_key=True),
        sa.Column("answers", sa.Integer(), nullable=False),
    )
    op.create_table(
        "agreement",
        sa.Column("conversation", sa.String(32), primary_key=True),
        _moment("agreed"),
        _moment("expires", index=True),
        sa.Column("consent", sa.String(40), nullable=False),
    )
    op.create_table(
        "kept_turn",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("conversation", sa.String(32), nullable=False, index=True),
        sa.Column("answer_id", sa.String(300), nullable=False, unique=True),
        _moment("created", index=True),
        _moment("expires", index=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("consent", sa.String(40), nullable=False),
    )
    op.create_table(
        "purge",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        _moment("at"),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.Column("oldest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("newest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("remaining_expired", sa.Integer(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "purged",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("purge", sa.Integer(), sa.ForeignKey("purge.id"), primary_key=True, index=True),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(40), primary_key=True),
        _moment("at", index=True),
        sa.Column("who", sa.String(200), nullable=False),
        *(
            sa.Column(name, sa.JSON(), nullable=False)
            for name in ("feedback", "turns", "pairs", "datasets", "adapters")
        ),
    )
    op.create_table(
        "tombstone",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("erasure", sa.String(40), sa.ForeignKey("erasure.id"), nullable=False, index=True),
    )
    for table in KEPT:
        if op.get_bind().dialect.name == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                op.execute(SQLITE_KEEP.format(table=table, verb=verb))
        else:
            op.execute(POSTGRESQL_KEEP.format(table=table))


def downgrade() -> None:
    """Take them away."""
    for table in TABLES:
        op.drop_table(table)
        if table in KEPT and op.get_bind().dialect.name != "sqlite":
            op.execute(f"DROP FUNCTION {table}_keep()")
    op.drop_index("ix_feedback_conversation", "feedback")
    op.drop_column("feedback", "consent")
    op.drop_column("feedback", "conversation")


def _moment(name: str, *, index: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, index=index)
