"""Adapter versions, aliases, their events, and what rollouts counted.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = ("rollout_count", "adapter_event", "collection_alias", "adapter_alias", "adapter_version")

SQLITE_KEEP = """
CREATE TRIGGER adapter_event_no_{verb} BEFORE {verb} ON adapter_event
BEGIN SELECT RAISE(ABORT, 'adapter_event is only ever appended to'); END
"""
POSTGRESQL_KEEP = """
CREATE FUNCTION adapter_event_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'adapter_event is only ever appended to'; END $$;
CREATE TRIGGER adapter_event_keep BEFORE UPDATE OR DELETE ON adapter_event
FOR EACH ROW EXECUTE FUNCTION adapter_event_keep();
CREATE TRIGGER adapter_event_keep_all BEFORE TRUNCATE ON adapter_event
FOR EACH STATEMENT EXECUTE FUNCTION adapter_event_keep()
"""


def upgrade() -> None:
    """Make the tables, and have the database itself refuse to change an event."""
    op.create_table(
        "adapter_version",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("adapter", sa.String(60), nullable=False, index=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("base_sha256", sa.String(64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.Column("lineage", sa.JSON(), nullable=False),
        sa.Column("reference", sa.JSON(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
    )
    op.create_table(
        "adapter_alias",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stable", sa.String(80), nullable=False),
        sa.Column("previous", sa.JSON(), nullable=False),
        sa.Column("rollout", sa.JSON(), nullable=True),
    )
    op.create_table(
        "collection_alias",
        sa.Column("collection", sa.String(300), primary_key=True),
        sa.Column("alias", sa.String(60), nullable=False),
    )
    op.create_table(
        "adapter_event",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False, index=True),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rollout_count",
        sa.Column("rollout", sa.String(40), primary_key=True),
        sa.Column("share", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("arm", sa.String(12), primary_key=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("answers", "errors", "slow", "invalid_citations", "refusals", "thumbs_down")
        ),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_KEEP.format(verb=verb))
    else:
        op.execute(POSTGRESQL_KEEP)


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION adapter_event_keep()")
