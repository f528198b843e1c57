"""Staff accounts, their sessions, API keys, and the audit log.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = (
    "audit_event", "oidc_flow", "api_key_use", "api_key", "sign_in_delay", "staff_session", "staff_account",
)  # fmt: skip

SQLITE_KEEP = """
CREATE TRIGGER audit_event_no_{verb} BEFORE {verb} ON audit_event
BEGIN SELECT RAISE(ABORT, 'audit_event is only ever appended to'); END
"""
POSTGRESQL_KEEP = """
CREATE FUNCTION audit_event_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit_event is only ever appended to'; END $$;
CREATE TRIGGER audit_event_keep BEFORE UPDATE OR DELETE ON audit_event
FOR EACH ROW EXECUTE FUNCTION audit_event_keep();
CREATE TRIGGER audit_event_keep_all BEFORE TRUNCATE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION audit_event_keep()
"""


def upgrade() -> None:
    """Make the tables, and have the database itself refuse to change the audit log."""
    _make_staff()
    _make_keys()
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        _moment("at"),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("who_id", sa.String(40), nullable=False, index=True),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("what", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False, index=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_KEEP.format(verb=verb))
    else:
        op.execute(POSTGRESQL_KEEP)


def _make_staff() -> None:
    op.create_table(
        "staff_account",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(400), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(600), nullable=True, unique=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        _moment("created"),
        sa.Column("created_by", sa.String(200), nullable=False),
    )
    op.create_table(
        "staff_session",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(40), nullable=False, index=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        _moment("created"),
        _moment("seen"),
        _moment("expires", index=True),
    )
    op.create_table(
        "sign_in_delay",
        sa.Column("bucket", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("until"),
    )
    op.create_table(
        "oidc_flow",
        sa.Column("flow_sha256", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(100), nullable=False),
        sa.Column("nonce", sa.String(100), nullable=False),
        sa.Column("verifier", sa.String(200), nullable=False),
        _moment("expires", index=True),
    )


def _make_keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        _moment("created"),
        sa.Column("created_by", sa.String(200), nullable=False),
        _moment("expires", nullable=True),
        _moment("revoked", nullable=True),
    )
    op.create_table(
        "api_key_use",
        sa.Column("key_id", sa.String(40), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("requests", sa.Integer(), nullable=False),
    )


def _moment(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, index=index)


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_event_keep()")
