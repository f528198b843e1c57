"""Training runs, and what was decided on them.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = ("run_decision", "run")

SQLITE_KEEP = """
CREATE TRIGGER run_decision_no_{verb} BEFORE {verb} ON run_decision
BEGIN SELECT RAISE(ABORT, 'run_decision is only appended to'); END
"""
POSTGRESQL_REFUSE = """
CREATE FUNCTION run_decision_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'run_decision is only appended to'; END $$
"""
POSTGRESQL_KEEP = """
CREATE TRIGGER run_decision_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON run_decision
FOR EACH STATEMENT EXECUTE FUNCTION run_decision_keep()
"""


def upgrade() -> None:
    """Make the tables, and have the database itself keep the decisions."""
    op.create_table(
        "run",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("dataset", sa.String(80), nullable=False, index=True),
        sa.Column("dataset_sha256", sa.String(64), nullable=False),
        sa.Column("adapter", sa.String(60), nullable=False, index=True),
        sa.Column("base", sa.String(200), nullable=False),
        sa.Column("base_sha256", sa.String(64), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("exam", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(40), nullable=False, unique=True),
        sa.Column("version", sa.String(80), nullable=False, index=True),
        sa.Column("trained", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exam_job", sa.String(40), nullable=False),
        sa.Column("examined", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
    )
    op.create_table(
        "run_decision",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(40), sa.ForeignKey("run.id"), nullable=False, index=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who_id", sa.String(200), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("decision", sa.String(12), nullable=False),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("alias", sa.String(60), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("gate", sa.JSON(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("override", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_KEEP.format(verb=verb))
    else:
        op.execute(POSTGRESQL_REFUSE)
        op.execute(POSTGRESQL_KEEP)


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION run_decision_keep()")
