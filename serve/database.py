"""Open the database, bring it to the newest form, hand out sessions. SQLite and PostgreSQL alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from serve.errors import NotReady

BUSY_SECONDS = 10
_MIGRATING = 0x52656164
"""The number of our advisory lock: "Read" in ASCII."""


class Database:
    """Sessions to write and to read. Every commit is on disk before it returns (SQLite: WAL, FULL).

    `sessions` take SQLite's write lock as they begin. `readings` can only read, see the database as it
    was at their first query, and neither wait for a writer nor keep one waiting.
    """

    def __init__(self, url: str) -> None:
        self.engine, self._reader = _open(_complete(url))
        self.sessions: sessionmaker[Session] = sessionmaker(self.engine, expire_on_commit=False)
        self.readings: sessionmaker[Session] = sessionmaker(self._reader, expire_on_commit=False)

    def migrate(self) -> None:
        """Run the migrations that are missing; does nothing on a database of the newest form.

        Of several processes that start at once one runs them and the others wait.
        """
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        self._reader.dispose()
        self.engine.dispose()


@contextmanager
def open_database(url: str) -> Iterator[Database]:
    """The database in its newest form, for one command. Raises NotReady where it cannot be used."""
    try:
        database = Database(url)
        try:
            database.migrate()
            yield database
        finally:
            database.close()
    except SQLAlchemyError as error:
        said = str(error).strip().splitlines()[0]
        raise NotReady(
            f"The database cannot be used ({said}). Check READING_ROOM_DATABASE_URL, or that the data folder "
            "can be written."
        ) from error


def _complete(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _open(url: URL) -> tuple[Engine, Engine]:
    """An engine that writes and one that only reads. What patrons wrote stays out of errors and logs."""
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
        # The same pool: to read only, and one state for a whole transaction, is a matter of its BEGIN.
        return engine, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        Path(url.database).touch(mode=0o600)  # what patrons wrote is for no other account of the machine
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    reader = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(reader, "connect", _prepare_sqlite_reader)
    event.listen(reader, "begin", _begin_deferred)
    return engine, reader


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_immediate, not by the driver
    _switch_to_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Wait for whoever opens the new file beside us: here SQLite does not always wait by itself."""
    until = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(0.01)


def _prepare_sqlite_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer later could fail without waiting."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
