"""Moments: this one, and those that the database gives back."""

from __future__ import annotations

from datetime import UTC, datetime


def as_utc(moment: datetime) -> datetime:
    """SQLite gives times back without a zone; all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def now_utc() -> datetime:
    """This moment."""
    return datetime.now(UTC)
