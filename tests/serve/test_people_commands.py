"""`reading-room staff ...` as it is typed, over a real database."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound, NotReady, ServeError
from serve.people.audit import read_audit
from serve.people.commands import add_commands
from serve.settings import Settings

Run = Callable[..., str]
GOOD = "a map of the harbour"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", engine_urls=("http://127.0.0.1:9",))


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with a line on its standard input; give back what it printed."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True), settings)

    def run(*words: str, given: str = f"{GOOD}\n") -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        arguments = parser.parse_args(["staff", *words])
        assert arguments.run(arguments) == 0
        return capsys.readouterr().out

    return run


def refuse(run: Run, kind: type[ServeError], *words: str, given: str = f"{GOOD}\n") -> str:
    with pytest.raises(kind) as caught:
        run(*words, given=given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_first_is_an_administrator_and_the_next_a_curator(run: Run) -> None:
    assert run("list") == "There is nobody yet. Make the first administrator: reading-room staff add NAME\n"
    assert "There is no administrator yet" in refuse(run, Conflict, "add", "Ben", "--role", "curator")
    assert run("add", "Ada Marsh") == "Ada Marsh can sign in as administrator.\n"
    assert run("add", "Ben") == "Ben can sign in as curator.\n"
    assert run("add", "Cora", "--role", "approver") == "Cora can sign in as approver.\n"
    assert run("list") == "Ada Marsh  administrator\nBen        curator\nCora       approver\n"
    assert "somebody called 'ada marsh' already" in refuse(run, Conflict, "add", "ada marsh")


def test_changes_and_who_made_them(run: Run, settings: Settings) -> None:
    run("add", "Ada")
    run("add", "Ben")
    assert run("role", "ben", "approver", "--why", "new post") == "Ben: approver.\n"
    assert run("disable", "Ben", "--why", "on leave") == "Ben: approver, disabled.\n"
    assert run("enable", "Ben") == "Ben: approver.\n"
    said = run("password", "Ben", given="another good one\r\nnot this\n")
    assert said == "Ben can sign in with the new password; earlier sign-ins have ended.\n"
    assert "Ada is the last administrator" in refuse(run, Conflict, "disable", "Ada")
    assert "There is nobody 'Dora' among the staff" in refuse(run, NotFound, "role", "Dora", "curator")
    database = Database(settings.database)
    entries = read_audit(database)
    database.close()
    assert [(entry.what, entry.why) for entry in entries] == [
        ("changed password", ""), ("enabled", ""), ("disabled", "on leave"),
        ("changed role", "new post"), ("added", ""), ("added", ""),
    ]  # fmt: skip
    assert {entry.who_id for entry in entries} == {"command"}
    assert entries[3].details == {"name": "Ben", "before": "curator", "after": "approver"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "A password has 12 to 1,000 characters, this one has 0."),
        ("eleven chrs\n", "this one has 11."),
        ("x" * 1001, "this one has 1001."),
        ("aaaaaaaaaaaaaaaa\n", "would be guessed at once"),
        ("ADA MARSH OF ROME\n", "would be guessed at once"),
    ],
)
def test_passwords_that_are_refused(run: Run, given: str, said: str) -> None:
    assert said in refuse(run, BadRequest, "add", "Ada Marsh of Rome", given=given)
    assert "There is nobody yet" in run("list")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x1b[31mb", "a\u202eb", "a\udce4b"])
def test_names_that_are_refused(run: Run, name: str) -> None:
    refuse(run, BadRequest, "add", name)


def test_the_command_line_has_no_place_for_a_password(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("add", "Ada", GOOD), ("add", "Ada", "--password", GOOD), ("password", "Ada", GOOD)):
        with pytest.raises(SystemExit):
            run(*words)
    assert "unrecognized arguments" in capsys.readouterr().err


def test_a_database_that_cannot_be_used_is_said_in_one_line(run: Run, settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    (settings.data / "reading-room.sqlite").write_bytes(b"no database at all" * 1000)
    assert "The database cannot be used" in refuse(run, NotReady, "list")
