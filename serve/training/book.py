"""Runs and decisions in the database."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from serve.database import BUSY_SECONDS
from serve.errors import NotFound
from serve.training.run import Decision, Run, load_decision, load_run
from serve.training.tables import RunDecisionRow, RunRow


def take_turn(session: Session) -> None:
    """Wait until nobody else asks for a run or decides on one. SQLite's BEGIN IMMEDIATE has."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        session.execute(text("LOCK TABLE run IN SHARE ROW EXCLUSIVE MODE"))


def find_row(session: Session, run: str, *, lock: bool = False) -> RunRow:
    """One run's row; `lock`: nobody else changes it meanwhile. Raises NotFound."""
    query = select(RunRow).where(RunRow.id == run.replace("\x00", "")[:40])
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {ascii(run)[1:-1][:60]}. List them: reading-room train list")
    return row


def read_run(session: Session, run: str) -> Run:
    """One run. Raises NotFound."""
    return load_run(find_row(session, run))


def read_run_of(session: Session, version: str) -> Run:
    """The run that made an adapter version. Raises NotFound."""
    row = session.scalars(select(RunRow).where(RunRow.version == version.replace("\x00", "")[:80])).first()
    if row is None or not version:
        raise NotFound(f"No run here made {ascii(version)[1:-1][:80]}. List them: reading-room train list")
    return load_run(row)


def read_runs(
    session: Session, *, dataset: str = "", limit: int = 100, offset: int = 0
) -> tuple[tuple[Run, ...], int]:
    """The newest first, and how many there are in all."""
    wanted = [RunRow.dataset == dataset] if dataset else []
    query = select(RunRow).where(*wanted).order_by(RunRow.created.desc(), RunRow.id)
    total = session.scalar(select(func.count()).select_from(RunRow).where(*wanted))
    return tuple(load_run(row) for row in session.scalars(query.limit(limit).offset(offset))), total or 0


def read_decisions(session: Session, run: str) -> tuple[Decision, ...]:
    """What was decided on a run, oldest first."""
    query = select(RunDecisionRow).where(RunDecisionRow.run == run).order_by(RunDecisionRow.number)
    return tuple(map(load_decision, session.scalars(query)))
