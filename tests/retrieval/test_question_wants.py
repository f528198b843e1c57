"""Whether a question wants the best match, every one or their number, whatever words it asks for them with."""

from __future__ import annotations

import pytest

from retrieval.asked.questions import read_question
from retrieval.embedding import Embedder
from retrieval.implied.enrichment import enrich_all
from retrieval.index import Index
from retrieval.records import AUTHORITY_FILE
from retrieval.spans import Span
from tests.retrieval.shelf import build_shelf, make_record

CHIPS = "sender:otto vane; date:1905-01-01/1905-12-31; material:letter"


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("List all letters from Otto Vane in 1905", "all"),
        ("List every letter written by Otto Vane during 1905", "all"),
        ("Can you list the letters from Otto Vane in 1905?", "all"),
        ("give me a list of letters from Otto Vane in 1905", "all"),
        ("Which letters from Otto Vane in 1905 do you have?", "all"),
        ("What letters did Otto Vane write in 1905?", "all"),
        ("what letters do you have from Otto Vane in 1905", "all"),
        ("Show me every letter from Otto Vane in 1905", "all"),
        ("show me letters by Otto Vane from 1905", "all"),
        ("every letter of 1905 from Otto Vane", "all"),
        ("find all letters by Otto Vane in 1905", "all"),
        ("Do you have any letters from Otto Vane in 1905?", "all"),
        ("Any letters from Otto Vane in 1905?", "all"),
        ("Are there letters from Otto Vane, 1905?", "all"),
        ("I'd like to see all the letters from Otto Vane dated 1905", "all"),
        ("How many letters from Otto Vane in 1905?", "number"),
        ("how many letters did Otto Vane write in 1905", "number"),
        ("number of letters by Otto Vane 1905", "number"),
        ("Do you have a letter from Otto Vane in 1905?", "best"),
        ("Did Otto Vane write a letter in 1905?", "best"),
    ],
)
def test_the_same_letters_are_asked_for_in_every_way(text: str, wants: str) -> None:
    question = read_question(text)
    assert "; ".join(chip.id for chip in question.chips) == CHIPS
    asked = "number" if question.wants_count else "all" if question.wants_all else "best"
    assert (asked, question.wants_all) == (wants, wants != "best")


@pytest.mark.parametrize(
    "text",
    [
        "How many boxes are in the Vane papers?",
        "Which box holds the letters?",
        "Which collection has letters from Otto Vane?",
        "How many feet of records are there?",
        "what year did Otto Vane die?",
    ],
)
def test_boxes_feet_and_years_are_not_counted(text: str) -> None:
    question = read_question(text)
    assert (question.wants_all, question.wants_count) == (False, False)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Index:
    """Letters of three years from and to one man, and what an authority file says of him."""
    letters = [
        make_record(
            id=f"ms1/{number}", title=f"{sender} to {recipient}, {day}", dates=day, spans=(Span(day, day),),
            position=number, senders=(sender,), recipients=(recipient,), kinds=("letter",),
            names=(sender, recipient), breadcrumb=("Marsh family papers",), parent_id="ms1",
        )
        for number, (sender, recipient, day) in enumerate(
            [
                ("Otto Vane", "Ellen Marsh", "1904-12-30"), ("Otto Vane", "Ellen Marsh", "1905-01-02"),
                ("Otto Vane", "Clara Hill", "1905-07-09"), ("Ellen Marsh", "Otto Vane", "1905-07-12"),
                ("Otto Vane", "Ellen Marsh", "1905-11-30"), ("Otto Vane", "Ellen Marsh", "1906-01-04"),
            ]
        )
    ]  # fmt: skip
    top = make_record(id="ms1", level="collection", title="Marsh family papers")
    people = [
        make_record(
            id="people", collection_id="people", level="collection", title=AUTHORITY_FILE,
            collection=AUTHORITY_FILE, call_number="",
        ),
        make_record(
            id="people/vane", collection_id="people", collection=AUTHORITY_FILE, title="Vane, Otto, 1870-1931",
            names=("Vane, Otto, 1870-1931",), call_number="", parent_id="people", breadcrumb=(AUTHORITY_FILE,),
            text="Person.\nLetters from Otto Vane to Ellen Marsh, 1905, are in the Marsh family papers.",
        ),
    ]  # fmt: skip
    root = tmp_path_factory.mktemp("wants")
    build_shelf(root, embedder, list(enrich_all([top, *letters, *people])))
    return Index(root / (root / "CURRENT").read_text().strip(), embedder)


@pytest.mark.parametrize(
    "text",
    [
        "List all letters from Otto Vane in 1905",
        "How many letters from Otto Vane in 1905?",
        "how many letters did otto vane write in 1905",
        "Which letters did Otto Vane write in 1905?",
        "Show me every letter from Otto Vane in 1905",
        "Do you have any letters from Otto Vane from 1905?",
        "Any letters by Otto Vane dated 1905?",
    ],
)
def test_the_same_letters_are_listed_and_counted(index: Index, text: str) -> None:
    result = index.search(text)
    assert [record.id for record in result.listed] == ["ms1/1", "ms1/2", "ms1/4"]
    assert (result.matches, result.relaxed) == (3, ())


def test_what_an_authority_file_says_is_not_counted_among_letters(index: Index) -> None:
    result = index.search("How many letters from Otto Vane?")
    assert result.matches == 5
    assert "people/vane" not in {record.id for record in result.listed}
