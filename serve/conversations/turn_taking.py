"""Changes to one conversation take turns, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def take_turn(session: Session, name: str) -> None:
    """Wait until nobody else changes what `name` names, till the end of this transaction.

    Without it feedback that is being written while its conversation is erased could outlive it. SQLite's
    transactions take turns by themselves (`serve.database`).
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 4))))
