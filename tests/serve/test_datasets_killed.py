"""Builds that are killed at any moment: a whole version is there afterwards, or none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from serve.curation.tables import StoredPairRow
from serve.database import Database
from serve.datasets.administration import Datasets
from serve.datasets.erasure import find_versions
from serve.datasets.tables import DatasetPair
from serve.errors import ServeError
from tests.serve.dataset_parts import BEN, approve, make_datasets, withdraw, withdraw_in
from tests.train.datasets.made_pairs import ids, make_pairs

FORKS = """
import json, os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.orm import Session
from serve.database import Database
from tests.serve.dataset_parts import BEN, make_datasets

def build(url, root, where, number):
    left = [number]
    def count(*given):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    if where in ("after_flush", "before_commit", "after_commit"):
        event.listen(Session, where, count)
    else:
        name = where.removeprefix("before ")
        real = getattr(os, name)
        def call(*given, **named):
            if name != where:
                count()
            done = real(*given, **named)
            if name == where:
                count()
            return done
        setattr(os, name, call)
    make_datasets(Database(url), Path(root)).build("letters", actor=BEN, why="in a child")

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        build(*json.loads(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Builds in a fork for each line, which dies at the n-th call of what the line names; one import for all."""

Kill = Callable[[str, Path, str, int], int]

MOMENTS = [
    *(("fsync", number) for number in (1, 5, 6, 7, 8)),
    *(("fchmod", number) for number in (1, 7)),
    ("after_flush", 1),
    ("after_flush", 2),
    ("before rename", 1),
    ("rename", 1),
    ("before_commit", 1),
    ("after_commit", 1),
]


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Build in a process that dies at a moment; gives its exit status."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout

        def build(url: str, root: Path, where: str, number: int) -> int:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps([url, str(root), where, number]) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield build
        process.stdin.close()


@pytest.fixture
def datasets(database: Database, tmp_path: Path) -> Datasets:
    return make_datasets(database, tmp_path / "datasets")


def lies_there(datasets: Datasets) -> list[str]:
    return sorted(entry.name for entry in datasets.store.root.iterdir() if entry.name != ".lock")


@pytest.mark.parametrize(("where", "number"), MOMENTS)
def test_a_build_that_is_killed_leaves_a_whole_version_or_none(
    tmp_path: Path, kill: Kill, where: str, number: int
) -> None:
    url = f"sqlite:///{tmp_path / 'room.sqlite'}"
    database = Database(url)
    database.migrate()
    approve(database, make_pairs(20))
    datasets = make_datasets(database, tmp_path / "datasets")
    assert kill(url, datasets.store.root, where, number) == -signal.SIGKILL
    known = [version.version for version in datasets.versions()]
    whole = [name for name in lies_there(datasets) if not name.startswith(".")]
    assert set(known) <= set(whole)
    datasets.finish()
    assert lies_there(datasets) == whole
    assert [version.version for version in datasets.versions()] == whole
    assert {finding.problems for finding in datasets.verify()} <= {()}
    with database.readings() as session:
        assert session.scalar(select(func.count()).select_from(DatasetPair)) == 20 * len(whole)
    made = datasets.build("letters", actor=BEN).version
    assert made.number == 1 + len(whole)
    assert datasets.verify(made.version)[0].problems == ()
    database.close()


def test_who_made_a_version_that_is_finished_later_is_who_began_it(tmp_path: Path, kill: Kill) -> None:
    url = f"sqlite:///{tmp_path / 'room.sqlite'}"
    database = Database(url)
    database.migrate()
    approve(database, make_pairs(20))
    datasets = make_datasets(database, tmp_path / "datasets")
    assert kill(url, datasets.store.root, "rename", 1) == -signal.SIGKILL
    assert datasets.versions() == ()
    (left,) = lies_there(datasets)
    assert datasets.verify()[0].problems[0].startswith(f"{left}: expected a row in the database, found none")
    withdraw(database, "p0001")
    assert datasets.finish() == (left,)
    (version,) = datasets.versions()
    assert (version.who, version.why, version.withdrawn) == ("ben", "in a child", 1)
    with database.sessions.begin() as session:
        assert find_versions(session, ["p0001"]) == [left]
    database.close()


def test_a_folder_that_is_not_whole_is_never_entered(database: Database, datasets: Datasets) -> None:
    approve(database, make_pairs(20))
    version = datasets.build("letters", actor=BEN).version.version
    copy = datasets.store.root / "letters--v7-00000000"
    copy.mkdir()
    for file in (datasets.store.root / version).iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert datasets.finish() == ()
    assert [one.version for one in datasets.versions()] == [version]
    assert datasets.build("letters", actor=BEN).version.number == 8


def test_a_pair_withdrawn_while_a_version_is_written_is_in_none_that_is_not_found(
    database: Database, datasets: Datasets
) -> None:
    """Eight withdrawals beside builds: each either precedes a version or is told of it."""
    approve(database, make_pairs(30))
    gone = [f"p{number:04}" for number in range(8)]
    told: dict[str, list[str]] = {}

    def erase() -> None:
        for one in gone:
            with database.sessions.begin() as session:
                withdraw_in(session, one)
                told[one] = find_versions(session, [one])

    with ThreadPoolExecutor(2) as pool:
        erasing = pool.submit(erase)
        building = pool.submit(lambda: [datasets.build("letters", actor=BEN) for _ in range(4)])
        erasing.result()
        made = [built.version.version for built in building.result()]
    for version in made:
        folder = datasets.open(version)
        for one in ids(folder.train()) | ids(folder.exam()):
            assert one not in gone or version in told[one], (one, version)
    with database.readings() as session:
        states = session.scalars(select(StoredPairRow.state).where(StoredPairRow.id.in_(gone)))
        assert set(states) == {"withdrawn"}


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, database: Database) -> None:
    approve(database, make_pairs(20))
    datasets = make_datasets(database, tmp_path / "datasets")
    datasets.store.root.mkdir()
    datasets.store.root.chmod(0o500)
    if os.getuid() == 0:
        datasets.store.root.chmod(0o700)
        datasets.store.root.rmdir()
        datasets.store.root.write_text("a file in its place")
    with pytest.raises(ServeError, match="No dataset version can be kept in"):
        datasets.build("letters", actor=BEN)
    assert datasets.versions() == ()
