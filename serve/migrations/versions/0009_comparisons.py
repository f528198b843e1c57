"""Blind comparisons: their questions, answers and votes.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = ("comparison_vote", "comparison_answers", "comparison_question", "comparison")
KEPT = ("comparison_question", "comparison_answers", "comparison_vote")
"""What the database itself refuses to change. It may be taken away: a question can be a patron's words."""

SQLITE_KEEP = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} never changes'); END
"""
POSTGRESQL_REFUSE = """
CREATE FUNCTION comparison_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% never changes', TG_TABLE_NAME; END $$
"""
POSTGRESQL_KEEP = """
CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table}
FOR EACH ROW EXECUTE FUNCTION comparison_keep()
"""


def upgrade() -> None:
    """Make the tables, and have the database itself keep what must not change."""
    op.create_table(
        "comparison",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("candidate", sa.String(200), nullable=False),
        sa.Column("champion", sa.String(200), nullable=False),
        sa.Column("patrons", sa.Boolean(), nullable=False),
        sa.Column("dataset", sa.String(200), nullable=False),
        sa.Column("contributors", sa.JSON(), nullable=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("closed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(200), nullable=False),
        sa.Column("closed_why", sa.Text(), nullable=False),
    )
    op.create_table(
        "comparison_question",
        sa.Column("id", sa.String(40), primary_key=True),
        _of("comparison", index=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_table(
        "comparison_answers",
        _of("question", primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("candidate", sa.Text(), nullable=False),
        sa.Column("champion", sa.Text(), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("passages", sa.JSON(), nullable=False),
    )
    op.create_table(
        "comparison_vote",
        _of("question", primary_key=True),
        sa.Column("judge", sa.String(64), primary_key=True),
        _of("comparison", index=True),
        sa.Column("body", sa.String(12), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("contributed", sa.Boolean(), nullable=False),
        sa.Column("choice", sa.String(12), nullable=False),
        sa.Column("shown_first", sa.String(12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            op.execute(SQLITE_KEEP.format(table=table))
    else:
        op.execute(POSTGRESQL_REFUSE)
        for table in KEPT:
            op.execute(POSTGRESQL_KEEP.format(table=table))


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION comparison_keep()")


def _of(name: str, *, primary_key: bool = False, index: bool = False) -> sa.Column[str]:
    """A column that names what the row belongs to, and goes with it."""
    table = {"comparison": "comparison", "question": "comparison_question"}[name]
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.String(40), key, primary_key=primary_key, nullable=False, index=index)
