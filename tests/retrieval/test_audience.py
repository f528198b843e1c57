"""What is withheld is not found, counted, listed or shown to patrons: in search itself, until its day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from retrieval.audience import PUBLIC, STAFF, Audience
from retrieval.embedding import Embedder
from retrieval.index import Index
from retrieval.spans import WITHOUT_END, of_years
from retrieval.store.builder import build_index
from retrieval.store.reading import Reading
from retrieval.store.snapshot import read_current
from tests.retrieval.shelf import make_record, shelf_records

SECRET = "Zebulon Quarles confessed to the arson at the creamery"
QUESTIONS = [
    SECRET,
    "Zebulon Quarles",
    "Who set the creamery on fire?",
    "letters of 1931",
    "Which letters did Zebulon Quarles write in 1931?",
    "How many letters are there?",
    "what is in box 7",
    "MS 77",
    "ms77/1",
]
BEFORE, LAST, AFTER = date(2029, 6, 1), date(2030, 12, 31), date(2031, 1, 1)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Index:
    root: Path = tmp_path_factory.mktemp("withheld")
    closed = make_record(
        id="ms1/closed", parent_id="ms1/letters", title="Zebulon Quarles ALS to Ellen Marsh", dates="1931",
        spans=of_years((1931, 1931)), breadcrumb=("Marsh family papers", "Correspondence"), text=SECRET,
        container="Box 7, Folder 1", access="Closed until 2031.", closed_until="2030-12-31",
        withheld_until="2030-12-31", position=40,
    )  # fmt: skip
    top = make_record(
        id="ms77", collection_id="ms77", collection="Donor files", level="collection", title="Donor files",
        call_number="MS 77", withheld_until=WITHOUT_END,
    )  # fmt: skip
    file = make_record(
        id="ms77/1", collection_id="ms77", collection="Donor files", parent_id="ms77", call_number="MS 77",
        title="Letter of Zebulon Quarles about his gift", container="Box 7", withheld_until=WITHOUT_END,
        breadcrumb=("Donor files",), text=SECRET,
    )  # fmt: skip
    records = shelf_records()
    readings = [Reading(Path("all.xml"), "ead2002", tuple([*records, closed, top, file]))]
    build_index(root, readings, embedder, lambda step, done, total=None: None)
    return Index(root / read_current(root), embedder)


def ids(index: Index, question: str, audience: Audience) -> set[str]:
    result = index.search(question, top_k=100, audience=audience)
    also = {other.id for hit in result.hits for other in hit.also}
    return {hit.record.id for hit in result.hits} | also | {record.id for record in result.listed}


@pytest.mark.parametrize("question", QUESTIONS)
def test_patrons_never_find_it_and_staff_do(index: Index, question: str) -> None:
    hidden = {"ms1/closed", "ms77", "ms77/1"}
    assert not ids(index, question, Audience(today=BEFORE)) & hidden
    assert not ids(index, question, Audience(today=LAST)) & hidden
    assert ids(index, question, STAFF) & hidden


def test_the_day_after_the_embargo_it_is_found(index: Index) -> None:
    found = ids(index, "Zebulon Quarles", Audience(today=AFTER))
    assert "ms1/closed" in found
    assert not found & {"ms77", "ms77/1"}


def test_it_adds_nothing_to_what_is_counted(index: Index) -> None:
    everything, seen = (index.search("letters", audience=who) for who in (STAFF, Audience(today=BEFORE)))
    assert everything.passages_searched - seen.passages_searched == 3
    assert "Donor files" in everything.collections_searched
    assert "Donor files" not in seen.collections_searched


def test_record_children_and_collections_hide_it_too(index: Index) -> None:
    patron = Audience(today=BEFORE)
    assert index.record("ms1/closed", patron) is None
    assert index.record("ms77/1") is None
    staff_record = index.record("ms77/1", STAFF)
    assert staff_record is not None and staff_record.title == "Letter of Zebulon Quarles about his gift"
    below = [record.id for record in index.children("ms1/letters", patron)]
    assert "ms1/closed" not in below
    assert [record.id for record in index.children("ms1/letters", STAFF)] == sorted(
        [*below, "ms1/closed"], key=lambda name: 40 if name.endswith("closed") else 0
    )
    assert [one.id for one in index.collections()] == ["ms1", "ph2"]
    assert [one.id for one in index.collections(STAFF)] == ["ms1", "ph2", "ms77"]
    counts = {one.id: one.records for one in index.collections(patron)}
    assert counts["ms1"] == next(one.records for one in index.collections(STAFF) if one.id == "ms1") - 1


def test_the_public_looks_with_the_day_of_the_moment() -> None:
    soon = make_record(withheld_until="2020-01-01")
    later = make_record(withheld_until="2999-01-01")
    assert (PUBLIC.may_see(soon), PUBLIC.may_see(later), STAFF.may_see(later)) == (True, False, True)


def test_days_and_eyes_take_turns_on_one_index(index: Index) -> None:
    """What a day lets be seen is kept for the next search: never for another day, nor for staff."""
    before, after = Audience(today=BEFORE), Audience(today=AFTER)
    total = index.manifest.passages
    expected = {before: (total - 3, False), after: (total - 2, False), STAFF: (total, True)}
    for audience in (before, after, STAFF, before, STAFF, after):
        result = index.search("letters", audience=audience)
        titled = "Donor files" in result.collections_searched
        assert (result.passages_searched, titled) == expected[audience]
