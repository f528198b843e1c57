"""Conversations kept by consent, daily counts, purges and erasures.

Revision ID: 0004
"""

from __future__ import annotations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Take them away."""
