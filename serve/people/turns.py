"""Changes that must not overtake each other, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from serve.database import BUSY_SECONDS
from serve.tables import Base


def take_turn(session: Session, table: type[Base]) -> None:
    """Wait until no other change of `table` is under way. SQLite's BEGIN IMMEDIATE has done so already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        session.execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))
