"""`reading-room pairs ...` as staff type it, over a real database."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from serve.curation.commands import add_commands
from serve.curation.pairs import read_pairs
from serve.database import Database
from serve.errors import BadRequest, NotReady
from serve.settings import Settings

Run = Callable[..., list[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", engine_urls=("http://127.0.0.1:9",), port=9)


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; give back the lines that it printed."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True), settings)

    def run(*words: str, code: int = 0) -> list[str]:
        arguments = parser.parse_args(["pairs", *words])
        assert arguments.run(arguments) == code
        return capsys.readouterr().out.splitlines()

    return run


def test_in_and_out_and_in_again(run: Run, settings: Settings, tmp_path: Path) -> None:
    table, out = tmp_path / "ours.csv", tmp_path / "out.xlsx"
    table.write_text("question;answer\nWho?;\x1b[31mShe.\nWhat?;\nWhere\x1b[0m?;Here.;There\n")
    assert run("import", str(table), "--try", code=2)[-1] == (
        "CSV table: 1 would be brought in as drafts, 0 here already, 2 would be refused."
    )
    told = run("import", str(table), "--licence", "CC0-1.0", "--consent", code=2)
    assert told == [
        "Row 3, column “answer”: is empty. Write the answer.",
        "Row 4: has 3 cells where the headers have 2. Put quotes around text that holds the delimiter.",
        "CSV table: 1 brought in as drafts, 0 here already, 2 refused.",
    ]
    database = Database(settings.database)
    with database.readings() as session:
        (stored,) = read_pairs(session)
    database.close()
    assert (stored.pair.question, stored.pair.answer, stored.state) == ("Who?", "[31mShe.", "draft")
    assert (stored.pair.contributor, stored.pair.consent) == (getpass.getuser(), "file")
    assert run("export", str(out)) == [f"1 pair written to {out}."]
    assert out.stat().st_mode & 0o777 == 0o600
    assert run("import", str(out)) == ["Excel workbook: 0 brought in as drafts, 1 here already, 0 refused."]
    assert run("export", str(tmp_path / "faq.txt"), "--state", "draft")[-1].startswith("1 pair written")
    assert run("export", str(tmp_path / "none.jsonl"), "--state", "approved")[-1].startswith("0 pairs")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "nowhere.csv"), "nowhere.csv cannot be read: No such file or directory. Name another file."),
        (("import", "."), ". cannot be read: Is a directory. Name another file."),
        (("export", "pairs.doc"), "pairs.doc does not say its form. Name it: --form csv, xlsx, json, ..."),
        (("export", "x.csv", "--form", "word"), "There is no form “word”."),
        (("draft", "ms1"), "Drafts are made by the running service. Set READING_ROOM_STAFF_KEY, for it too."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(run: Run, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        run(*words)
    assert str(refused.value).startswith(said)


def test_no_file_is_written_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(BadRequest, match="is there already"):
        run("export", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text() == "mine"


def test_a_service_that_is_not_there_is_told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True), Settings(port=9, staff_key=SecretStr("a key")))
    arguments = parser.parse_args(["pairs", "draft", "ms1"])
    with pytest.raises(NotReady, match="does not answer on 127.0.0.1:9"):
        arguments.run(arguments)
