"""Questions as patrons ask them, and exactly what is read from each with a known index."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.asked.questions import Question, read_question
from retrieval.asked.vocabulary import Vocabulary
from tests.retrieval.known import write_vocabulary

TABLE = Path(__file__).parent / "questions" / "asked.tsv"


def _rows() -> list[tuple[str, str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("\t") for line in lines if line.strip() and not line.startswith("#")]
    return [(question, chips.strip()) for question, _, chips in pairs]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return write_vocabulary(tmp_path_factory.mktemp("vocabulary"))


@pytest.mark.parametrize(("text", "chips"), _rows())
def test_chips(known: Vocabulary, text: str, chips: str) -> None:
    assert "; ".join(chip.id for chip in read_question(text, known).chips) == chips


def _labels(question: Question) -> list[str]:
    return [chip.label for chip in question.chips]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("letters from elen marsh to Mrs. Hudson", ["from Ellen Marsh", "to Mrs. Hudson", "letters"]),
        ("letters from before 1910", ["before 1910", "letters"]),
        ("the spring of 1905", ["spring of 1905"]),
        ("W. H. Adams in harrow point", ["W. H. Adams", "Harrow Point"]),
        ("What is in Box 4 of the marsh papers?", ["Marsh family papers", "Box 4"]),
        ("the Thornbury Mill Company records", ["Thornbury Mill Company records, 1880-1931"]),
        ("call number UC.00007", ["UC.00007"]),
    ],
)
def test_labels_are_what_a_patron_would_say(known: Vocabulary, text: str, labels: list[str]) -> None:
    assert _labels(read_question(text, known)) == labels


def test_a_reading_taken_away_is_not_made_and_its_words_stay(known: Vocabulary) -> None:
    text = "letters from Ellen Marsh in 1905 in box 4 of MS 45"
    whole = read_question(text, known)
    ids = [chip.id for chip in whole.chips]
    assert ids == [
        "sender:ellen marsh", "date:1905-01-01/1905-12-31", "material:letter", "call_number:ms45", "container:box4",
    ]  # fmt: skip
    bare = read_question(text, known, without=ids)
    assert bare.chips == ()
    assert (bare.people, bare.span, bare.years, bare.materials) == ((), None, None, ())
    assert (bare.collections, bare.call_numbers, bare.record_ids, bare.containers) == ((), (), (), ())
    assert (bare.names, bare.identifiers) == ((), ())
    assert bare.words == whole.words == ("letters", "ellen", "marsh", "1905", "box", "4", "ms", "45")
    for chip_id in ids:
        left = read_question(text, known, without={chip_id})
        assert [chip.id for chip in left.chips] == [one for one in ids if one != chip_id]


def test_a_collection_taken_away_frees_its_words_for_a_person(known: Vocabulary) -> None:
    text = "photographs in the Clara Whitcombe papers"
    assert read_question(text, known).collections == ("uc7",)
    left = read_question(text, known, without={"collection:uc7"})
    assert [person.words for person in left.people] == [("clara", "whitcombe")]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("What is in Box 4, Folder 12 of the Marsh family papers?", ("ms45/1",)),
        ("MS 45 box 4 folder 13", ("ms45/2",)),
        ("MS 45", ("ms45",)),
        ("https://n2t.net/ark:/99166/w6xk8s12?", ("ms45",)),
        ("record ms45/2", ("ms45/2",)),
        ("Box 4, Folder 12", ()),
        ("MS 999", ()),
    ],
)
def test_exact_identifiers_name_their_records(known: Vocabulary, text: str, records: tuple[str, ...]) -> None:
    assert read_question(text, known).record_ids == records


@pytest.mark.parametrize(
    ("text", "corrections"),
    [
        ("letters from Elen Marsh", (("elen", "ellen"),)),
        ("Clara Whitcomb photgraphs", (("whitcomb", "whitcombe"), ("photgraphs", "photographs"))),
        ("the orchrad and the sufrage petitions", (("orchrad", "orchard"), ("sufrage", "suffrage"))),
        ("letters from Ellen Marsh", ()),
        ("a perfumer and her factories", ()),
        ("how did the milling trade photograph itself", ()),
        ("paintings of orchids", ()),
        ("letters by Tom Marsh", (("tom", "thomas"),)),
        ("what is it worth to her descendants", ()),
        ("Quilfeather", ()),
    ],
)
def test_corrections(known: Vocabulary, text: str, corrections: tuple[tuple[str, str], ...]) -> None:
    assert read_question(text, known).corrections == corrections


@pytest.mark.parametrize(
    ("text", "wants_all", "wants_count"),
    [
        ("How many letters are in the Marsh family papers?", True, True),
        ("how many photographs from 1975", True, True),
        ("how many boxes are there", False, False),
        ("How many children did Ellen Marsh have?", False, False),
        ("Which letters did Ellen Marsh write in 1905?", True, False),
        ("What letters by Ellen Marsh do you have from 1905 to 1909?", True, False),
        ("List all diaries", True, False),
        ("Are there letters by Thomas Marsh from 1813?", True, False),
        ("Do you have photographs of the band?", True, False),
        ("Is there a letter from Clara Whitcombe?", False, False),
        ("Which box has the Marsh letters?", False, False),
        ("Who was Ellen Marsh?", False, False),
        ("Haben Sie Briefe von Ellen Marsh?", True, False),
    ],
)
def test_wants(known: Vocabulary, text: str, wants_all: bool, wants_count: bool) -> None:
    found = read_question(text, known)
    assert (found.wants_all, found.wants_count) == (wants_all, wants_count)


def test_what_was_corrected_is_searched_for_and_so_are_damaged_spellings_of_a_name(known: Vocabulary) -> None:
    assert read_question("letters from Elen Marsh", known).words == ("letters", "elen", "marsh", "ellen")
    assert read_question("letters from Samuel Goodwin", known).added == ("correspondence", "gooclwin")


def test_words_of_another_language_bring_english_ones_and_lose_their_small_ones() -> None:
    found = read_question("Haben Sie Briefe von Ellen Marsh?")
    assert found.words == ("briefe", "ellen", "marsh")
    assert "letters" in found.added


@pytest.mark.parametrize(
    ("text", "years", "certainty"),
    [
        ("letters from the Civil War", None, "uncertain"),
        ("letters around 1905", (1900, 1910), "approximate"),
        ("letters of 1905", (1905, 1905), "certain"),
    ],
)
def test_a_war_is_a_hint_and_no_year(text: str, years: tuple[int, int] | None, certainty: str) -> None:
    found = read_question(text)
    assert found.span is not None
    assert (found.years, found.span.certainty) == (years, certainty)


@pytest.mark.parametrize(
    "text",
    [
        "Do you have letters from Winslow Homer to Mrs. Hudson in 1905?",
        "Winslow Homer's letters",
        "W. H. Adams",
    ],
)
def test_people_are_read_without_an_index_too(text: str) -> None:
    assert read_question(text).people[0].words in (("winslow", "homer"), ("w", "h", "adams"))


@pytest.mark.parametrize(
    "text", ["", " ", "?" * 4000, "\x00\ud800", "а́" * 999, "9" * 4000, "A. " * 1300, "Box " * 900]
)
def test_strange_text_is_read_without_failing(known: Vocabulary, text: str) -> None:
    assert read_question(text, known).text == text
