"""Follow-ups made whole: what is carried from before, what a new question replaces, when it stands alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.asked.followup import complete, complete_question
from retrieval.asked.questions import read_question
from retrieval.asked.vocabulary import Vocabulary
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


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return write_vocabulary(tmp_path_factory.mktemp("known"))


MARSH = "Do you have letters from Ellen Marsh in 1905?"
_SAME = "sender:ellen marsh; date:1905-01-01/1905-12-31; material:letter"


@pytest.mark.parametrize(
    "question",
    [
        "Where is it?",
        "Can I see them?",
        "Is it restricted?",
        "who is she?",
        "Any others?",
        "What else did she write?",
        "Are those open to researchers?",
        "which box is that in?",
        "Is there a transcript?",
        "can i get copies",
        "tell me more about the second one",
        "When was that written?",
        "And what box?",
        "who wrote it?",
        "How big is the collection?",
        "what does it say about the flood?",
        "could you show me the first letter",
        "does he mention the strike?",
        "Who was he writing to?",
        "more like this",
        "only the postcards please",
    ],
)
def test_a_question_that_only_points_back_asks_for_the_same(question: str) -> None:
    assert _chips(question, MARSH) == _SAME


@pytest.mark.parametrize(
    ("question", "chips"),
    [
        ("any from 1906?", "sender:ellen marsh; date:1906-01-01/1906-12-31; material:letter"),
        ("the same for 1907", "sender:ellen marsh; date:1907-01-01/1907-12-31; material:letter"),
        ("from the 1890s instead", "sender:ellen marsh; date:1890-01-01/1899-12-31; material:letter"),
        ("1910?", "sender:ellen marsh; date:1910-01-01/1910-12-31; material:letter"),
        ("and from her sister?", "person:ellen marsh; date:1905-01-01/1905-12-31; material:letter"),
        ("what about her husband?", "person:ellen marsh; date:1905-01-01/1905-12-31; material:letter"),
        ("and the replies?", "recipient:ellen marsh; date:1905-01-01/1905-12-31; material:letter"),
        ("what about photographs?", "person:ellen marsh; date:1905-01-01/1905-12-31; material:photograph"),
        ("did she keep a diary?", "person:ellen marsh; date:1905-01-01/1905-12-31; material:diary"),
        ("not letters, diaries", "sender:ellen marsh; date:1905-01-01/1905-12-31; material:diary"),
        ("in Boston?", f"{_SAME}; place:boston"),
        ("What's in folder 3?", f"{_SAME}; container:folder3"),
    ],
)
def test_a_question_that_leans_takes_what_it_does_not_say(question: str, chips: str) -> None:
    assert _chips(question, MARSH) == chips


@pytest.mark.parametrize("earlier", [[MARSH], ["who were the Okafors?", "any photographs of the town band?"]])
@pytest.mark.parametrize(
    "question",
    [
        "In which box are William Burroughs's letters to Anne Waldman?",
        "Who was Clara Whitcombe?",
        "Which box holds the minutes of the Thornbury Mill Company?",
        "Do you have diaries from the Civil War?",
        "Is the Albert Okafor collection open to the public?",
        "How many boxes are in the Marsh family papers?",
        "photographs of the town band on parade",
        "What is the call number of the Thornbury records?",
        "I'm looking for maps of harbours before 1850",
        "my grandmother worked in a cotton mill, do you have anything about that?",
        "Are there any letters that mention the flood of 1902?",
        "Do you have recordings of folk songs?",
        "Where can I find the diary that Josiah Pennefather kept?",
        "Show me letters by Samuel Goodwin about his press",
        "Was there a strike at the mill?",
        "Are these papers in English: Thornbury Mill Company records?",
        "letters about smallpox vaccination",
        "Can I copy photographs from the band collection?",
        "what is the oldest item you have",
        "do you have anything on suffrage petitions",
        "Is there a letter in which Lincoln mentions his sister?",
        "In which folder is the will of Thomas Marsh?",
        "Who wrote the letter about the orchard flood?",
        "Which collections document their own founding?",
        "How do I cite a letter by Ellen Marsh?",
        "Did Taft ever write about his illness?",
        "What did Clara Whitcombe write to her mother?",
        "I want to see the telegram that Ellen Marsh sent on 4 May 1905",
        "Any other railway collections?",
        "Do you have material on the same-sex marriage debate?",
    ],
)  # fmt: skip
def test_a_question_with_a_subject_of_its_own_is_left_alone(
    question: str, earlier: list[str], known: Vocabulary
) -> None:
    assert complete_question(question, earlier, known) == question
