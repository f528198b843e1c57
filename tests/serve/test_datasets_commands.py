"""`reading-room dataset ...` as staff type it, over a real database, folder and index."""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.embedding import load_embedder
from retrieval.store.builder import build_index
from serve.database import Database
from serve.datasets.administration import make_datasets
from serve.datasets.commands import add_commands
from serve.datasets.source import open_records
from serve.errors import BadRequest, Conflict, NotFound, NotReady
from serve.settings import BUNDLED_READER, Settings
from tests.retrieval.shelf import shelf_records
from tests.retrieval.test_update import quiet, readings
from tests.serve.access_scene import WITHHELD
from tests.serve.dataset_parts import approve, withdraw
from tests.train.datasets.made_pairs import make_evidence, make_pair, make_pairs
from train.datasets.names import MANIFEST

Run = Callable[..., str]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", model=str(BUNDLED_READER))


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; give back what it printed. `code` is the exit code it should have."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True), settings)

    def run(*words: str, code: int = 0) -> str:
        arguments = parser.parse_args(["dataset", *words])
        assert arguments.run(arguments) == code
        return capsys.readouterr().out

    return run


@pytest.fixture
def database(settings: Settings) -> Database:
    database = Database(settings.database)
    database.migrate()
    approve(database, make_pairs(30))
    return database


def test_a_version_is_made_listed_shown_verified_and_compared(run: Run, database: Database) -> None:
    assert "would have 20 pairs" not in run("list")
    assert "letters--v1 would have 23 pairs to train on and 7 in the exam; 0 left out." in run(
        "build", "letters", "--dry-run"
    )
    printed = run("build", "letters", "--why", "first letters")
    first = printed.split(":")[0]
    assert printed.startswith(f"{first}: 23 pairs to train on, 7 in the exam, 0 left out.\n")
    assert "It holds 30 pairs; with fewer than 50" in printed
    withdraw(database, "p0001")
    second = run("build", "letters").split(":")[0]
    listed = run("list").splitlines()
    assert [line.split()[0] for line in listed] == [second, first]
    assert "; holds 1 withdrawn pair: " in listed[1] and "holds" not in listed[0]
    assert [one["version"] for one in json.loads(run("list", "--json"))] == [second, first]
    shown = run("show", first)
    assert f"by {getpass.getuser()}: first letters" in shown
    assert "# Datasheet of the dataset letters" in shown
    assert run("verify") == f"{second}: whole\n{first}: whole\n"
    assert run("diff", second).startswith(f"From {first} to {second}:\n")
    assert "Nothing went from one part to the other." in run("diff", first, second)


def test_a_version_that_was_changed_is_told_and_the_exit_code_is_2(
    run: Run, database: Database, settings: Settings
) -> None:
    version = run("build", "letters").split(":")[0]
    (settings.dataset_root / version / MANIFEST).chmod(0o600)
    (settings.dataset_root / version / MANIFEST).write_text("{}")
    printed = run("verify", version, code=2)
    assert printed.startswith(f"{version}: NOT WHOLE\n")
    assert "manifest.json: expected format 1, found None" in printed


def test_what_cannot_be_done_is_one_sentence(run: Run, database: Database, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="Expected a dataset's name"):
        run("build", "../letters")
    with pytest.raises(NotFound, match="There is no dataset version letters--v1-00000000"):
        run("show", "letters--v1-00000000")
    with pytest.raises(NotFound):
        run("verify", "letters")
    withdraw(database, *(f"p{number:04}" for number in range(30)))
    with pytest.raises(Conflict, match="found none"):
        run("build", "letters")
    with pytest.raises(BadRequest, match="UTF-8"):
        run("build", "letters", "--why", "\udcff")
    first = run("list")
    assert first == "There are no dataset versions yet. Make one: reading-room dataset build NAME\n"


def test_no_database_is_said_so(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    elsewhere = Settings(data=tmp_path / "data", database_url="postgresql://nobody@127.0.0.1:9/nothing")
    add_commands(parser.add_subparsers(required=True), elsewhere)
    arguments = parser.parse_args(["dataset", "list"])
    with pytest.raises(NotReady, match="The database cannot be used"):
        arguments.run(arguments)


def test_the_index_tells_who_and_when_the_pairs_are_about_and_what_is_closed(
    database: Database, settings: Settings
) -> None:
    records = shelf_records()
    build_index(settings.index_root, readings([*records, *WITHHELD]), load_embedder(""), quiet)
    known = [record for record in records if record.level == "item"][:2]
    about = [
        replace(
            make_pair(100 + number),
            evidence=(
                make_evidence(record.id, record.collection_id, heading=record.heading, text=record.text),
            ),
            answer="It is told [1].",
        )
        for number, record in enumerate(known)
    ]
    closed = replace(make_pair(110), evidence=(make_evidence(WITHHELD[0].id, text="The letter was seen."),))
    approve(database, [*about, closed])
    datasets = make_datasets(settings, database)
    plan = datasets.preview("letters").plan
    told = {one.reason: one.pairs for one in plan.exclusions}
    assert told["not public"] == ("p0110",)
    tables = {table.key: dict(table.rows) for section in plan.sheet.sections for table in section.tables}
    behind = open_records(settings.index_root).find(one.pair for one in plan.parts.train + plan.parts.exam)
    wanted = {name for one in behind.values() for name in (*one.names, *one.senders, *one.recipients)}
    assert set(behind) == {record.id for record in known}
    inside = {pair.pair.id for pair in (*plan.parts.train, *plan.parts.exam)}
    assert {"p0100", "p0101"} <= inside, told
    assert set(tables["person"]) - {"not known"} == wanted != set()
    assert "Quarles" not in str(tables)
