"""Whether a question wants the best match, every one or their number, whatever words it asks for them with."""

from __future__ import annotations

import pytest

from retrieval.asked.questions import read_question

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
