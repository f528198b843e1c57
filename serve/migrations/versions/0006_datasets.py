"""Dataset versions and which pairs they hold.

Revision ID: 0006
"""

from __future__ import annotations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Take them away."""
