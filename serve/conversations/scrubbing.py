"""Removed text out of the files too."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from serve.database import Database

log = logging.getLogger(__name__)

REST_SECONDS = 60.0
"""Between two scrubs that patrons' deletions caused: each writes the whole file, and anybody may delete."""


def scrub(database: Database) -> bool:
    """Leave nothing of what was removed in SQLite's files; returns False where that could not be done now.

    secure_delete overwrites what is deleted, but not the copies that stay behind in unused parts of a page
    when pages are split or joined (seen in our tests): so the file is written anew, and then its log is
    emptied, which has the old pages. Writers wait meanwhile. PostgreSQL gives no such word: its dead rows
    until the next VACUUM FULL, its own log and every backup are the administrator's.
    """
    if database.engine.dialect.name != "sqlite":
        return True
    connection = database.engine.raw_connection()  # outside of any transaction
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        problem = "somebody reads it" if busy else ""
    except sqlite3.OperationalError as error:
        problem = str(error)
    finally:
        connection.close()
    if problem:
        log.warning("removed words may be left in the database's files (%s): reading-room purge", problem)
    return not problem


@dataclass(slots=True)
class _Debt:
    """When this process scrubbed a database last (time.monotonic), and whether that is owed again."""

    last: float = float("-inf")
    owed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


_DEBTS: WeakKeyDictionary[Database, _Debt] = WeakKeyDictionary()


def scrub_soon(database: Database) -> None:
    """Something was removed: scrub at once, or, where that was done within the last minute, a little later
    by `scrub_owed`, which the gateway calls every few seconds."""
    _DEBTS.setdefault(database, _Debt()).owed = True
    scrub_owed(database)


def scrub_owed(database: Database) -> None:
    """Do what `scrub_soon` put off, once its time has come."""
    debt = _DEBTS.get(database)
    if debt is None or not debt.owed or not debt.lock.acquire(blocking=False):
        return
    try:
        if time.monotonic() - debt.last >= REST_SECONDS:
            debt.owed = False
            debt.owed = not scrub(database)
            debt.last = time.monotonic()
    finally:
        debt.lock.release()
