"""Standing instructions and their versions.

Revision ID: 0007
"""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Take them away."""
