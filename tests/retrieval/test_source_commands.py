"""`reading-room sources ...` as a user runs it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from retrieval import commands
from retrieval.errors import SourceError
from retrieval.sources import commands as source_commands

INVENTORY = (
    "Identifier,Title,Date,Box\nA1,Ellen Marsh to Thomas Marsh,1905,1\nA2,Harvest on the home farm,1921,2\n"
)


def run(root: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers(required=True)
    commands.add_commands(subparsers, root / "data")
    source_commands.add_commands(subparsers, root / "data")
    parsed = parser.parse_args(arguments)
    result: int = parsed.run(parsed)
    return result


def told(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(root, *arguments) == 0
    return capsys.readouterr().out


def test_a_source_from_its_first_day_to_its_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "farm.csv").write_text(INVENTORY)
    (tmp_path / "lists" / "broken.xml").write_text("<ead><unclosed></ead>")
    assert "No sources yet" in told(tmp_path, capsys, "sources", "list")
    out = told(tmp_path, capsys, "sources", "add", str(tmp_path / "lists"), "--name", "farm")
    assert "3 records added, 0 replaced, 0 removed; 3 records in 1 collections" in out
    [source] = json.loads(told(tmp_path, capsys, "sources", "list", "--json"))["sources"]
    assert (source["name"], source["kind"], source["files"]) == ("farm", "files", 2)
    assert source["location"] == str(tmp_path / "lists")
    [problem] = source["file_problems"]
    assert "broken.xml:1" in problem
    (tmp_path / "lists" / "farm.csv").write_text(INVENTORY + "A3,The flood at the mill,1907,3\n")
    assert "1 records added, 0 replaced, 0 removed" in told(tmp_path, capsys, "sources", "refresh", "farm")
    found = told(tmp_path, capsys, "index", "search", "flood at the mill", "--top-k", "1")
    assert "The flood at the mill, 1907 (Box 3)" in found
    assert "0 records added, 0 replaced, 0 removed" in told(tmp_path, capsys, "sources", "refresh", "--full")
    out = told(tmp_path, capsys, "sources", "remove", "farm")
    assert "0 records added, 0 replaced, 4 removed; 0 records in 0 collections" in out
    assert "made one part of the index" in out
    assert "No sources yet" in told(tmp_path, capsys, "sources", "list")
    assert "searched 0 passages" in told(tmp_path, capsys, "index", "search", "flood at the mill")


def test_what_index_build_was_given_is_a_source_until_the_next_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.csv").write_text(INVENTORY)
    told(tmp_path, capsys, "sources", "add", str(tmp_path / "one.csv"))
    told(tmp_path, capsys, "index", "build", str(tmp_path / "two.csv"))
    told(tmp_path, capsys, "index", "build", str(tmp_path / "three.csv"))
    sources = json.loads(told(tmp_path, capsys, "sources", "list", "--json"))["sources"]
    assert [(source["name"], source["files"]) for source in sources] == [("one.csv", 1), ("three.csv", 1)]
    assert "6 records, 6 passages, 2 collections" in told(tmp_path, capsys, "index", "verify")
    assert "0 records added" in told(tmp_path, capsys, "sources", "refresh")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["gone"], "is not there"),
        (["here", "--name", "a b"], "is no name"),
        (["here", "--embargo", "next year"], "is no day"),
        (["https://"], "is no address of a server"),
    ],
)
def test_what_cannot_be_a_source_is_refused_and_not_registered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    (tmp_path / "here").mkdir()
    location = arguments[0] if "//" in arguments[0] else str(tmp_path / arguments[0])
    try:
        code = run(tmp_path, "sources", "add", location, *arguments[1:])
        assert (code, problem in capsys.readouterr().err) == (1, True)
    except SourceError as error:
        assert problem in str(error)
        assert "No sources yet" in told(tmp_path, capsys, "sources", "list")


def test_one_place_is_one_source(tmp_path: Path) -> None:
    (tmp_path / "farm.csv").write_text(INVENTORY)
    assert run(tmp_path, "sources", "add", str(tmp_path / "farm.csv")) == 0
    with pytest.raises(SourceError, match=r"is the source farm\.csv already"):
        run(tmp_path, "sources", "add", str(tmp_path / "farm.csv"), "--name", "other")
    with pytest.raises(SourceError, match="is no source"):
        run(tmp_path, "sources", "refresh", "other")
