"""Removed text out of the files too."""

from __future__ import annotations

import logging
import sqlite3

from serve.database import Database

log = logging.getLogger(__name__)


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
