"""Dataset versions and which pairs they hold.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = ("dataset_pair", "dataset_version")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dataset_version",
        sa.Column("version", sa.String(80), primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(80), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("pairs", "exam", "excluded")),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.UniqueConstraint("name", "number"),
    )
    op.create_table(
        "dataset_pair",
        sa.Column("version", sa.String(80), sa.ForeignKey("dataset_version.version"), primary_key=True),
        sa.Column("pair_id", sa.String(80), primary_key=True, index=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(8), nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
