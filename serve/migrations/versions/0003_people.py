"""Staff accounts, their sessions, API keys, and the audit log.

Revision ID: 0003
"""

from __future__ import annotations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Take them away."""
