"""`reading-room index ...` as a user runs it, over a small inventory and a broken file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from retrieval.commands import add_commands
from retrieval.errors import IndexDamaged, IndexMissing, QueryError, SnapshotError, SourceError

INVENTORY = """Identifier,Title,Date,Box,Folder,Description
A1,Ellen Marsh to Thomas Marsh,1905,1,2,The flood at the mill
A2,Ellen Marsh to Thomas Marsh,1894,1,3,The railway strike
A3,Harvest on the home farm,1921,2,1,Threshing photographs
"""
QUESTIONS = [
    {"id": "1", "question": "Ellen Marsh letters of 1905", "kind": "person", "gold_snippet": "the flood: at the mill"},
    {"id": "2", "question": "What about wheat threshing?", "kind": "subject", "gold_snippet": "Threshing photographs"},
    {"id": "3", "question": "Do you have letters by Zora Neale Hurston?", "kind": "unanswerable"},
    {"id": "4", "question": "the harvest", "kind": "subject", "gold_snippet": "not in any record"},
]  # fmt: skip


def run(root: Path, *arguments: str, group: str = "index") -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True), root / "data")
    parsed = parser.parse_args([group, *arguments])
    result: int = parsed.run(parsed)
    return result


def evaluate(root: Path, questions: Path, *arguments: str) -> int:
    return run(root, "retrieval", "--questions", str(questions), *arguments, group="evaluate")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sources, and an index built from them."""
    place = tmp_path_factory.mktemp("place")
    (place / "sources").mkdir()
    (place / "sources" / "inventory.csv").write_text(INVENTORY)
    (place / "sources" / "broken.xml").write_text("<ead><unclosed></ead>")
    (place / "questions.jsonl").write_text("\n".join(json.dumps(question) for question in QUESTIONS))
    assert run(place, "build", str(place / "sources")) == 0
    return place


def test_build_says_what_was_read_and_skipped(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "build", str(place / "sources"), "--root", str(place / "other")) == 0
    lines = capsys.readouterr().out.splitlines()
    [skipped] = [line for line in lines if line.startswith("skipped")]
    assert "broken.xml:1" in skipped
    [summary] = [line for line in lines if "peak memory" in line]
    assert summary.startswith("1 files, 4 records, 4 passages, 1 collections; 1 skipped; ")
    assert (place / "other" / "CURRENT").is_file()


def test_search_prints_the_hits(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "search", "Ellen Marsh letters of 1905", "--top-k", "1") == 0
    out = capsys.readouterr().out
    assert "Ellen Marsh to Thomas Marsh, 1905 (Box 1, Folder 2)" in out
    assert "Found; searched 4 passages, 1 collections." in out


def test_search_as_json(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "search", "Ellen Marsh letters of 1894", "--top-k", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["found"], told["years"], len(told["hits"])) == (True, [1894, 1894], 2)
    assert told["hits"][0]["container"] == "Box 1, Folder 3"


def test_search_in_an_unknown_collection(place: Path) -> None:
    with pytest.raises(QueryError, match="no collection 'gone'"):
        run(place, "search", "letters", "--collection", "gone")


def test_verify(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "verify") == 0
    assert "whole. 4 records, 4 passages" in capsys.readouterr().out


def test_verify_finds_damage(place: Path, tmp_path: Path) -> None:
    assert run(place, "build", str(place / "sources"), "--root", str(tmp_path / "r")) == 0
    [vectors] = (tmp_path / "r").glob("*/parts/*/vectors.faiss")
    vectors.write_bytes(vectors.read_bytes()[:-1])
    with pytest.raises(IndexDamaged, match="vectors.faiss"):
        run(place, "verify", "--root", str(tmp_path / "r"))


def test_evaluate_prints_the_measures_last_as_json(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(place, place / "questions.jsonl", "--failures", "3") == 0
    *table, last = capsys.readouterr().out.splitlines()
    assert "recall_at_5              0.667   0.208 to 0.939   over 3" in table
    told = json.loads(last)
    assert (told["questions"], told["answerable"], told["left_out"]) == (4, 3, 0)
    assert told["recall_at_5"] == told["mrr"] == told["ndcg_10"] == pytest.approx(2 / 3, abs=1e-4)
    assert told["by_kind"]["subject"]["recall_at_5"] == 0.5
    assert (told["refusal_recall"], told["over_refusal"], told["container_right"]) == (1.0, 0.0, None)
    assert 0 < told["p50_ms"] <= told["p95_ms"]
    [failure] = told["failures"]
    assert failure["id"] == "4"
    assert failure["reason"].startswith("no record of the index holds the gold snippet; first instead: ")


def test_evaluate_leaves_out_lines_that_are_no_questions(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(QUESTIONS[0]) + "\n{}\n")
    assert evaluate(place, path, "--json") == 0
    told = capsys.readouterr()
    [line] = told.out.splitlines()
    assert (json.loads(line)["recall_at_5"], json.loads(line)["left_out"]) == (1.0, 1)
    assert "q.jsonl:2: expected text in" in told.err


@pytest.mark.parametrize("k", ["0", "101", "five"])
def test_evaluate_looks_at_1_to_100_hits(place: Path, k: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate(place, place / "questions.jsonl", "--k", k)
    assert f"expected 1 to 100, found '{k}'" in capsys.readouterr().err


def test_nothing_to_read(place: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not there"):
        run(place, "build", str(tmp_path / "gone"))
    with pytest.raises(SnapshotError, match="nothing to index"):
        run(place, "build", str(tmp_path))
    with pytest.raises(IndexMissing):
        run(place, "verify", "--root", str(tmp_path / "gone"))
