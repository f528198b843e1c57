"""Standing instructions and their versions, trials and events.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = (
    "instruction_event",
    "instruction_trial_answer",
    "instruction_trial",
    "instruction_scope",
    "instruction_version",
)

KEPT = (
    ("instruction_version", ("UPDATE", "DELETE")),
    ("instruction_event", ("UPDATE", "DELETE")),
    ("instruction_trial", ("UPDATE",)),
    ("instruction_trial_answer", ("UPDATE",)),
)
"""What the database itself refuses. A trial may be taken away: its questions can be a patron's words."""

SQLITE_KEEP = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} never changes'); END
"""
POSTGRESQL_REFUSE = """
CREATE FUNCTION instruction_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% never changes', TG_TABLE_NAME; END $$
"""
POSTGRESQL_KEEP = """
CREATE TRIGGER {table}_keep BEFORE {verbs} ON {table}
FOR EACH ROW EXECUTE FUNCTION instruction_keep()
"""
POSTGRESQL_KEEP_ALL = """
CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION instruction_keep()
"""


def upgrade() -> None:
    """Make the tables, and have the database itself keep what must not change."""
    op.create_table(
        "instruction_version",
        sa.Column("kind", sa.String(12), primary_key=True),
        sa.Column("scope", sa.String(300), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
    )
    op.create_table(
        "instruction_scope",
        sa.Column("kind", sa.String(12), primary_key=True),
        sa.Column("scope", sa.String(300), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
    )
    op.create_table(
        "instruction_trial",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("scope", sa.String(300), nullable=False, index=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("beside", sa.Integer(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
    )
    op.create_table(
        "instruction_trial_answer",
        sa.Column(
            "trial",
            sa.String(40),
            sa.ForeignKey("instruction_trial.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("arm", sa.String(12), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("written", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=True),
    )
    op.create_table(
        "instruction_event",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("scope", sa.String(300), nullable=False, index=True),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, verbs in KEPT:
            for verb in verbs:
                op.execute(SQLITE_KEEP.format(table=table, verb=verb))
    else:
        op.execute(POSTGRESQL_REFUSE)
        for table, verbs in KEPT:
            op.execute(POSTGRESQL_KEEP.format(table=table, verbs=" OR ".join(verbs)))
            if "DELETE" in verbs:
                op.execute(POSTGRESQL_KEEP_ALL.format(table=table))


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION instruction_keep()")
