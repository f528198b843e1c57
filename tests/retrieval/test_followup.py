"""Follow-ups made whole: what is carried from before, what a new question replaces, when it stands alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.asked.followup import complete, complete_question
from retrieval.asked.questions import read_question
from tests.retrieval.known import write_vocabulary

HOMER = "Do you have letters from Winslow Homer in 1905?"


def _chips(question: str, *earlier: str) -> str:
    return "; ".join(chip.id for chip in read_question(complete_question(question, earlier)).chips)


@pytest.mark.parametrize(
    ("earlier", "question", "chips"),
    [
        (HOMER, "what about 1906?", "sender:winslow homer; date:1906-01-01/1906-12-31; material:letter"),
        (HOMER, "And from before 1900?", "sender:winslow homer; date:1000-01-01/1899-12-31; material:letter"),
        (HOMER, "and from Clara Whitcombe?", "sender:clara whitcombe; date:1905-01-01/1905-12-31; material:letter"),
        (HOMER, "And to Thomas Clarke?",
         "sender:winslow homer; recipient:thomas clarke; date:1905-01-01/1905-12-31; material:letter"),
        (HOMER, "And to him?", "recipient:winslow homer; date:1905-01-01/1905-12-31; material:letter"),
        (HOMER, "And from her sister?", "person:winslow homer; date:1905-01-01/1905-12-31; material:letter"),
        (HOMER, "any photographs of it?", "person:winslow homer; date:1905-01-01/1905-12-31; material:photograph"),
        (HOMER, "any later ones?", "sender:winslow homer; date:1906-01-01/2099-12-31; material:letter"),
        (HOMER, "Anything earlier?", "sender:winslow homer; date:1000-01-01/1904-12-31; material:letter"),
        (HOMER, "and the year after?", "sender:winslow homer; date:1906-01-01/1906-12-31; material:letter"),
        (HOMER, "And the previous year?", "sender:winslow homer; date:1904-01-01/1904-12-31; material:letter"),
        (HOMER, "How many are there?", "sender:winslow homer; date:1905-01-01/1905-12-31; material:letter"),
        (HOMER, "Emma Dickson?", "person:emma dickson; date:1905-01-01/1905-12-31; material:letter"),
        (HOMER, "What did he write about the sea?",
         "sender:winslow homer; date:1905-01-01/1905-12-31; material:letter"),
        ("Do you have Sarah Wadley's letters from January 1905?", "And were there any later in the year?",
         "person:sarah wadley; date:1905-02-01/1905-12-31; material:letter"),
        ("letters of Sarah Wadley, 10 June 1905", "any later that month?",
         "person:sarah wadley; date:1905-06-11/1905-06-30; material:letter"),
        ("letters of Sarah Wadley, 10 June 1905", "and earlier that year?",
         "person:sarah wadley; date:1905-01-01/1905-06-09; material:letter"),
        ("Do you have a letter by Thomas Dixon from 1902?", "Who was it written to?",
         "sender:thomas dixon; date:1902-01-01/1902-12-31; material:letter"),
        ("What is in box 14 of MS 45?", "and folder 3?", "call_number:ms45; container:box14; container:folder3"),
        ("What is in box 14 of MS 45?", "What about box 15?", "call_number:ms45; container:box15"),
        ("photographs of Boston before 1920", "And of Chicago?",
         "date:1000-01-01/1919-12-31; material:photograph; place:chicago"),
    ],
)  # fmt: skip
def test_a_follow_up_keeps_what_it_does_not_replace(earlier: str, question: str, chips: str) -> None:
    assert _chips(question, earlier) == chips


@pytest.mark.parametrize(
    "question",
    [
        "Are there letters by James Madison from September 1813?",
        "Who was Isaac Bailey and when did he die?",
        "Which collections have diaries about farming?",
        "Is there a letter from Karl Kraus to Schnitzler in October 1892?",
        "Did Charles Dickens write to anyone in 1842, and do you have it?",
        "MS 46",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert complete_question(question, [HOMER]) == question


def test_the_conversation_is_carried_through_several_turns() -> None:
    turns = [f"{HOMER[:-1]} about the flood?", "what about 1906?"]
    assert _chips("and 1907?", *turns) == "sender:winslow homer; date:1907-01-01/1907-12-31; material:letter"
    assert "flood" in complete_question("and 1907?", turns)


def test_a_question_in_between_that_stands_alone_ends_what_was_before() -> None:
    assert _chips("and in 1850?", HOMER, "Which collections have diaries about farming?") == (
        "date:1850-01-01/1850-12-31; material:diary"
    )


def test_what_it_is_comes_from_the_source_last_cited() -> None:
    found = complete(
        "Who was it written to?", ["anything about a yacht?"], cited=["ALS to Laura Marrs, 1905 May 22"]
    )
    assert "ALS to Laura Marrs, 1905 May 22" in found.carried
    assert found.text.endswith("Who was it written to?")


def test_names_in_small_letters_are_carried_where_the_index_knows_them(tmp_path: Path) -> None:
    known = write_vocabulary(tmp_path)
    text = complete_question("and 1906?", ["letters from ellen marsh in 1905"], known)
    assert [chip.id for chip in read_question(text, known).chips] == [
        "sender:ellen marsh", "date:1906-01-01/1906-12-31", "material:letter",
    ]  # fmt: skip


@pytest.mark.parametrize("earlier", [(), ("",), ("?",), (" ", "\x00")])
def test_nothing_before_leaves_the_question_as_it_is(earlier: tuple[str, ...]) -> None:
    assert complete_question("And from her sister?", earlier) == "And from her sister?"
