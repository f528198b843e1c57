"""Migrations: they make what the tables say, whoever else starts or writes at that moment."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect

from serve.adapters.registry import Registry
from serve.database import BUSY_SECONDS, Database
from serve.tables import AdapterEvent, Base
from tests.serve.registry_parts import ADAPTER_TABLES, EVENT


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in ADAPTER_TABLES:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        indexed = {tuple(index["column_names"]) for index in inspector.get_indexes(table)}
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table


def test_several_processes_may_migrate_at_once(url: str) -> None:
    databases = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Database.migrate, databases))
    with databases[0].sessions.begin() as session:
        session.execute(insert(AdapterEvent).values(**EVENT))
    assert Registry(databases[1]).changes() == 1
    for database in databases:
        database.close()


def test_migrating_waits_for_whoever_writes_to_the_new_file(tmp_path: Path) -> None:
    file = tmp_path / "room.sqlite"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute(
        "BEGIN IMMEDIATE"
    )  # before the file is WAL, SQLite refuses the change to WAL without waiting
    database = Database(f"sqlite:///{file}")
    with ThreadPoolExecutor(1) as pool:
        migrating = pool.submit(database.migrate)
        with pytest.raises(TimeoutError):
            migrating.result(timeout=0.3)
        other.execute("COMMIT")
        migrating.result(timeout=BUSY_SECONDS)
    assert inspect(database.engine).has_table(AdapterEvent.__tablename__)
    other.close()
    database.close()
