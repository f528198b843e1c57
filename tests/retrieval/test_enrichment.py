"""What records imply is put into their fields once, and what a reader stated is kept."""

from __future__ import annotations

from dataclasses import replace

from retrieval.implied.enrichment import enrich_all
from retrieval.records import AUTHORITY_FILE, Record
from retrieval.spans import WITHOUT_END, Span

TOP = Record(
    id="c", collection_id="c", level="collection", title="Davis family papers", collection="Davis family papers",
    creator="Davis family", text="Letters of Nellie Davis (ND) and her kin.", subjects=("Letters (correspondence)",),
)  # fmt: skip
LETTER = Record(
    id="c/1", collection_id="c", level="item", title="May 1907", collection="Davis family papers", parent_id="c",
    breadcrumb=("Davis family papers",), text="Correspondence to: ND From: Leidy Olmsted", names=("Davis, Nellie",),
    access="Closed for 75 years from creation.", spans=(Span("1907-05-01", "1907-05-31"),),
)  # fmt: skip


def test_a_description_gets_its_people_its_kind_and_its_closure_but_is_not_withheld() -> None:
    top, letter = enrich_all([TOP, LETTER])
    assert top == replace(TOP, kinds=("letter",))
    assert letter == replace(
        LETTER,
        senders=("Leidy Olmsted",),
        recipients=("Nellie Davis",),
        names=("Davis, Nellie", "Leidy Olmsted", "Nellie Davis"),
        kinds=("letter",),
        closed_until="1982-05-31",
    )


def test_the_words_of_closed_material_are_withheld() -> None:
    (letter,) = enrich_all([replace(LETTER, transcribed=True, access="[RESTRICTED]")])
    assert (letter.closed_until, letter.withheld_until) == (WITHOUT_END, WITHOUT_END)


def test_what_a_reader_stated_is_kept() -> None:
    stated = replace(
        LETTER, senders=("Ruth Cole",), kinds=("diary",), closed_until="2030-01-01", withheld_until="2040-01-01",
        transcribed=True,
    )  # fmt: skip
    (record,) = enrich_all([stated])
    assert (record.senders, record.recipients) == (("Ruth Cole",), ())
    assert record.kinds == ("diary",)
    assert (record.closed_until, record.withheld_until) == ("2030-01-01", "2040-01-01")


def test_initials_of_one_collection_do_not_serve_another() -> None:
    (letter,) = enrich_all([replace(LETTER, collection_id="other")])
    assert (letter.senders, letter.recipients) == (("Leidy Olmsted",), ())


def test_who_somebody_was_is_no_letter_of_theirs() -> None:
    file = Record(
        id="people",
        collection_id="people",
        level="collection",
        title=AUTHORITY_FILE,
        collection=AUTHORITY_FILE,
    )
    person = Record(
        id="people/1", collection_id="people", level="item", title="Davis, Nellie, 1871-1938", parent_id="people",
        collection=AUTHORITY_FILE, breadcrumb=(AUTHORITY_FILE,), names=("Davis, Nellie, 1871-1938",),
        text="Person.\nLetter from Nellie Davis to Leidy Olmsted, on the harvest.",
    )  # fmt: skip
    assert list(enrich_all([file, person])) == [file, person]
