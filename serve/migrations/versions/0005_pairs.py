"""The inbox, judged answers, retrieval cases, pairs and what happened to them.

Revision ID: 0005
"""

from __future__ import annotations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Take them away."""
