"""Following a withdrawn pair into the versions that hold it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from serve.database import BUSY_SECONDS
from serve.datasets.tables import DatasetPair, DatasetVersion

_AT_ONCE = 500
"""Ids in one query: SQLite bounds how many values one may have."""


def find_versions(session: Session, pair_ids: Collection[str]) -> list[str]:
    """The versions that hold any of these pairs, the oldest first.

    Call it in the transaction that withdraws the pairs, after they were: no version that holds them is
    finished meanwhile without being among those returned. A gateway that was killed while it built one has
    it finished at its next start (`Datasets.finish`).
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        session.execute(text("LOCK TABLE dataset_pair IN SHARE MODE"))
    held = {held.version for held in read_held(session, pair_ids)}
    order = select(DatasetVersion.version).order_by(DatasetVersion.created, DatasetVersion.version)
    return [version for version in session.scalars(order) if version in held]


def read_held(session: Session, pair_ids: Collection[str]) -> Iterator[DatasetPair]:
    """Where each of these pairs is held."""
    wanted: Sequence[str] = sorted(set(pair_ids))
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        yield from session.scalars(select(DatasetPair).where(DatasetPair.pair.in_(some)))
