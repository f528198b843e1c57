"""Questions with known answers: how their file is read, and when a record or a container is the right one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import SourceError
from retrieval.evaluation.gold import GoldQuestion, read_gold
from retrieval.evaluation.gold_match import answers_as_well, is_gold, names_container
from tests.retrieval.shelf import make_record

LETTER = {
    "id": "Q1",
    "question": "And in 1906?",
    "kind": "follow-up",
    "file": "a/letters.xml",
    "record": "ms1/3",
    "gold_snippet": "The flood at the mill",
    "also_snippets": ["Trains have stopped"],
    "also_records": ["ms1/4"],
    "also_in": "letters.pdf",
    "container": "Box 2",
    "answer": "Yes.",
    "filters": {"date": "1906"},
    "trap": "none",
    "history": [
        {"role": "user", "content": "Letters of 1905?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "By Ellen?"},
    ],
}


def test_every_field_is_read(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(LETTER) + "\n\n" + json.dumps({"question": "Letters by nobody?"}) + "\n")
    first, second = read_gold(path).questions
    assert first == GoldQuestion(
        id="Q1",
        text="And in 1906?",
        kind="follow-up",
        file="a/letters.xml",
        record="ms1/3",
        snippet="The flood at the mill",
        also=("Trains have stopped", "ms1/4"),
        also_in="letters.pdf",
        container="Box 2",
        answer="Yes.",
        earlier=("Letters of 1905?", "By Ellen?"),
    )
    assert first.is_answerable
    assert second == GoldQuestion(id="3", text="Letters by nobody?", kind="other")
    assert not second.is_answerable
    assert not GoldQuestion(id="1", text="x", snippet="y", abstain=True).is_answerable


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "found no JSON at column 2"),
        (b"[]", "expected an object with a question, found a list"),
        (b'"text"', "expected an object with a question, found a text"),
        (b"{}", 'expected text in "question", found nothing'),
        (b'{"question": "  "}', 'expected text in "question"'),
        (b'{"question": 7}', 'expected text in "question", found 7'),
        (b'{"question": "a", "history": "b"}', 'expected a list of turns in "history", found a text'),
        (b'{"question": "a", "history": [{"role": "user", "content": []}]}', 'expected text in "content"'),
        (b'{"question": "a", "also_records": [1]}', 'expected a list of texts in "also_records"'),
        (b'{"question": "a", "file": {}}', 'expected text in "file", found an object'),
        (b'{"question": "caf\xe9"}', "expected UTF-8, found the byte 0xe9 in place 18"),
        (b'{"id": "Q1", "question": "a"}', "the id 'Q1' of line 1 again"),
        (b"[" * 100_000, "expected|recursion"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_rest_is_used(
    tmp_path: Path, line: bytes, problem: str
) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(json.dumps(LETTER).encode() + b"\n" + line + b'\n{"question": "more?"}')
    gold = read_gold(path)
    assert [question.id for question in gold.questions] == ["Q1", "3"]
    [told] = gold.problems
    assert told.line == 2
    with pytest.raises(SourceError, match=problem):
        raise told


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "found none, it is empty"),
        (b"{}\n[]", "the first problem: expected text"),
        (None, "cannot be read"),
    ],
)
def test_a_file_without_a_question_is_refused(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "q.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=problem):
        read_gold(path)


def _ask(**fields: Any) -> GoldQuestion:
    return GoldQuestion(id="q", text="?", **fields)


RECORD = make_record(
    id="ms1/9", title="W[illia]m H. Taft TLS", dates="1905, January-June", breadcrumb=("Papers", "Taft, W. H."),
    text="Writes of the flóod:\nat the mill, and of bread.", source="b/letters.xml",
    access="Closed to all.", access_from="Papers",
)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "gold"),
    [
        ({"snippet": "the FLOOD at the mill; and of bread"}, True),
        ({"snippet": "William H Taft TLS, 1905 January June"}, True),
        ({"snippet": "the flood at the mill and of breadth"}, False),
        ({"snippet": "the flood at the mill, and of bread", "file": "b/letters.xml"}, True),
        ({"snippet": "the flood at the mill, and of bread", "file": "x/b/letters.xml"}, True),
        ({"snippet": "the flood at the mill, and of bread", "file": "a/letters.xml"}, False),
        (
            {
                "snippet": "the flood at the mill, and of bread",
                "file": "a/letters.pdf",
                "also_in": "b/letters.xml",
            },
            True,
        ),
        ({"snippet": "1905, January-June", "record": "Taft, W. H. > 1905, January-June"}, True),
        ({"snippet": "1905, January-June", "record": "Wilson, Woodrow > 1905, January-June"}, False),
        ({"snippet": "1905, January-June", "record": "ms1/9"}, True),
        ({"snippet": "1905, January-June"}, True),
        ({"snippet": "of bread", "record": "MS1:9"}, True),
        ({"snippet": "of bread", "record": "letters"}, True),
        ({"snippet": "of bread", "record": "letters2"}, False),
        ({"record": "ms1/9"}, True),
        ({"record": "ms1/8"}, False),
        ({"record": "archdesc/scopecontent"}, False),
        ({"snippet": "Closed to all."}, False),
        ({}, False),
    ],
)
def test_gold_is_the_snippet_inside_its_record(fields: dict[str, str], gold: bool) -> None:
    assert is_gold(RECORD, _ask(**fields)) is gold


def test_a_finding_aids_own_description_is_its_collection() -> None:
    collection = make_record(level="collection", text="Of bread.")
    assert is_gold(collection, _ask(snippet="of bread", record="archdesc/scopecontent"))


def test_other_answers_are_known_by_place() -> None:
    question = _ask(snippet="something else", also=("not here", "writes of the flood", "ms1/9"))
    assert answers_as_well(RECORD, question) == 2
    assert answers_as_well(make_record(id="ms2/ms1/9"), question) == 3
    assert answers_as_well(make_record(id="ms1/10"), question) == 0


@pytest.mark.parametrize(
    ("found", "wanted", "right"),
    [
        ("Box 9", "box 9", True),
        ("Box 9, Folder 2", "Box 9", True),
        ("Box 9", "Box 9, Folder 2", False),
        ("Box 8, Folder 8", "Box 8, Folders 8-9", True),
        ("Box 8, Folder 10", "Box 8, Folders 8-9", False),
        ("Box 8, Folders 7-12", "Box 8, Folder 10", True),
        ("Boxes 3 and 4", "Box 4", True),
        ("Unit 14", "Units 13&14", True),
        ("Mixed Materials 9", "Box 9", True),
        ("mixed_materials 9", "Box 9", True),
        ("Folder 9", "Box 9", False),
        ("Box 12a", "Box 12a", True),
        ("Box 12", "Box 12a", False),
        ("Box 012", "Box 12", True),
        ("Map-case 1", "Map case 1", True),
        ("Vault, shelf", "Vault", True),
        ("", "Box 9", False),
        ("Box 9", "", False),
        ("Box 1-999999999", "Box 5", False),
        ("Offsite Box 7, Folder 4", "Box 7, Folder 4", True),
        ("Oversize Box 7", "Box 7", False),
    ],
)
def test_containers(found: str, wanted: str, right: bool) -> None:
    assert names_container(found, wanted) is right
