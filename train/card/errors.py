"""What can go wrong with giving a version to others."""

from __future__ import annotations


class PublishingRefused(Exception):
    """Nothing was written; the message says what was expected, what found, what to do."""
