"""Changes of the registry at the same time: who was first, and what readers see meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from serve.adapters.registry import BASE, Registry
from serve.database import Database
from serve.errors import Conflict
from serve.tables import AdapterEvent, AdapterVersion
from tests.serve.registry_parts import (
    EVENT,
    A,
    B,
    C,
    alias_of,
    alias_of_or_base,
    fill,
    make,
    promote,
    state_of,
)

PROMOTER = """
import sys
from serve.adapters.registry import Registry
from serve.database import BUSY_SECONDS, Database
from serve.errors import Conflict
registry = Registry(Database(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    version, revision = line.split()
    try:
        alias = registry.promote("default", version, revision=int(revision), who=sys.argv[2])
        print("won", alias.stable, alias.revision, flush=True)
    except Conflict as error:
        print("lost", error, flush=True)
"""


def test_of_two_promotions_at_once_exactly_one_wins(url: str, registry: Registry) -> None:
    """Two processes, 30 times from the same revision."""
    fill(registry, A, B, C)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROMOTER, url, who],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )
        for who in ("ada", "bob")
    ]  # fmt: skip
    winners = []
    try:
        for process in processes:
            assert process.stdout and process.stdout.readline() == "ready\n"
        stable = C
        for revision in range(30):
            rivals = [name for name in (A, B, C) if name != stable]
            order = (0, 1) if revision % 2 else (1, 0)
            for at in order:
                stdin = processes[at].stdin
                assert stdin
                stdin.write(f"{rivals[at]} {revision}\n")
            lines = [process.stdout.readline() for process in processes if process.stdout]
            won = [at for at, line in enumerate(lines) if line.startswith("won")]
            assert len(won) == 1, lines
            stable = rivals[won[0]]
            winners.append("ada" if won[0] == 0 else "bob")
            assert lines[won[0]] == f"won {stable} {revision + 1}\n"
            expected = f"points to {stable}, at revision {revision + 1}; you had revision {revision}."
            assert expected in lines[1 - won[0]]
    finally:
        for process in processes:
            process.communicate()
    assert alias_of(registry).revision == 30
    assert [event.who for event in registry.events("default")] == winners


def test_a_promotion_and_a_failure_at_once_never_leave_a_failed_version_in_use(database: Database) -> None:
    registry = Registry(database)
    for number in range(1, 21):
        name = f"letters--v{number}-{number:08x}"
        fill(registry, name)
        with ThreadPoolExecutor(2) as pool:
            promoting = pool.submit(promote, registry, name)
            pool.submit(registry.mark, name, "failed", who="gateway").result()
        if (problem := promoting.exception()) is not None:
            assert isinstance(problem, Conflict)
        assert state_of(registry, name) == "failed"
        assert alias_of_or_base(registry) == BASE


def test_who_reads_only_what_is_new_misses_no_event(database: Database) -> None:
    registry, over = Registry(database), Flag()
    names = [f"letters--v{number}-{number:08x}" for number in range(1, 25)]

    def follow() -> list[int]:
        seen: list[int] = []
        while not over.is_set():
            seen += [event.id for event in registry.events(after=seen[-1] if seen else 0)]
        return seen + [event.id for event in registry.events(after=seen[-1] if seen else 0)]

    with ThreadPoolExecutor(5) as pool:
        following = pool.submit(follow)
        list(pool.map(lambda name: fill(registry, name), names))
        over.set()
        seen = following.result()
    assert seen == [event.id for event in registry.events(limit=1000)]
    assert len(seen) == 24
    assert registry.changes() == seen[-1]


def test_an_event_that_is_not_to_be_seen_yet_keeps_later_ones_waiting(database: Database) -> None:
    """Else a gateway that has seen the later one would never look for the earlier one."""
    registry = Registry(database)
    with ThreadPoolExecutor(1) as pool:
        with database.sessions.begin() as slow:
            slow.execute(insert(AdapterEvent).values(**EVENT))
            later = pool.submit(registry.register, make(A), who="ada")
            time.sleep(0.5)
            assert not later.done()
            assert registry.changes() == 0
        later.result()
    assert [event.subject for event in registry.events()] == ["s", A]


def test_reading_waits_for_no_writer_and_keeps_none_waiting(database: Database) -> None:
    registry = Registry(database)
    assert registry.changes() == 0
    fill(registry, A)
    newest = registry.changes()
    with database.sessions.begin() as writing:
        if writing.get_bind().dialect.name == "postgresql":
            writing.execute(text("LOCK TABLE adapter_event IN SHARE ROW EXCLUSIVE MODE"))
        writing.execute(update(AdapterVersion).values(state="loaded"))
        assert registry.changes() == newest
        assert state_of(registry, A) == "validated"
    with database.readings() as reading:
        events = select(func.count()).select_from(AdapterEvent)
        before = reading.scalar(events)
        promote(registry, A)
        assert reading.scalar(events) == before
    assert registry.changes() > newest
    assert state_of(registry, A) == "stable"


def test_a_reading_session_cannot_write(database: Database) -> None:
    with database.readings() as session, pytest.raises(DBAPIError, match=r"readonly|read-only"):
        session.execute(update(AdapterVersion).values(state="loaded"))


def test_a_change_and_its_event_are_kept_together_or_not_at_all(database: Database) -> None:
    registry = Registry(database)
    fill(registry, A)
    refuse = "BEGIN SELECT RAISE(ABORT, 'no room'); END"
    if database.engine.dialect.name == "postgresql":
        refuse = "FOR EACH ROW EXECUTE FUNCTION refuse()"
    with database.engine.begin() as connection:
        if database.engine.dialect.name == "postgresql":
            connection.execute(
                text(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
                    "BEGIN RAISE EXCEPTION 'no room'; END $$"
                )
            )
        connection.execute(text(f"CREATE TRIGGER refuse BEFORE INSERT ON adapter_event {refuse}"))
    with pytest.raises(DBAPIError, match="no room"):
        promote(registry, A)
    assert registry.snapshot().aliases == ()
    assert state_of(registry, A) == "validated"


def test_adopting_in_several_processes_at_once_is_done_once(database: Database) -> None:
    folders = [make(A), make(B)]
    with ThreadPoolExecutor(4) as pool:
        adopted = list(pool.map(lambda _: Registry(database).adopt(folders, who="gateway"), range(8)))
    assert sorted(len(versions) for versions in adopted) == [0] * 7 + [2]
    assert len(Registry(database).events(A)) == 1


def test_the_snapshot_is_of_one_moment(database: Database) -> None:
    """While the stable version moves between two, never is none or both of them stable."""
    registry, over = Registry(database), Flag()
    fill(registry, A, B)
    promote(registry, A)

    def look() -> int:
        looks = 0
        while not over.is_set():
            snapshot = registry.snapshot()
            stable = [version.name for version in snapshot.versions if version.state == "stable"]
            assert stable == [snapshot.aliases[0].stable]
            looks += 1
        return looks

    with ThreadPoolExecutor(2) as pool:
        looking = pool.submit(look)
        for _ in range(20):
            promote(registry, B)
            promote(registry, A)
        over.set()
        assert looking.result() > 0
