"""Closed material, its description kept to staff too: no open folder in it tells what it is called."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from retrieval.audience import STAFF, Audience, begun_everywhere
from retrieval.embedding import Embedder
from retrieval.implied.conditions import find_closure
from retrieval.index import Index
from retrieval.records import Record
from retrieval.spans import of_years
from retrieval.store.builder import build_index
from retrieval.store.reading import Reading
from retrieval.store.snapshot import read_current
from tests.retrieval.shelf import make_record, shelf_records
from tests.retrieval.test_update import quiet

SERIES, TERM = "Quillfeather arson trial", "Closed for 75 years from the date of creation."
PATRON = Audience(today=date(2026, 11, 21))
TOP = "Ostrander Court records"


def _describe() -> tuple[Record, ...]:
    common = {"collection_id": "oc", "collection": TOP, "access": TERM, "access_from": SERIES}
    return (
        make_record(id="oc", level="collection", title=TOP, **(common | {"access": "", "access_from": ""})),
        make_record(
            id="oc/1", parent_id="oc", level="series", title=SERIES, breadcrumb=(TOP,), dates="1899-1990",
            spans=of_years((1899, 1990)), **common,
        ),
        make_record(
            id="oc/1/old", parent_id="oc/1", level="file", title="Docket books", breadcrumb=(TOP, SERIES),
            dates="1899", spans=of_years((1899, 1899)), preferred_citation=f"[Item], {SERIES}, {TOP}",
            **(common | {"access": f"{SERIES}: {TERM}"}),
        ),
        make_record(
            id="oc/1/new", parent_id="oc/1", level="file", title="Parole papers", breadcrumb=(TOP, SERIES),
            dates="1990", spans=of_years((1990, 1990)), **common,
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Index:
    root: Path = tmp_path_factory.mktemp("closed")
    closed = Reading(Path("court.xml"), "ead2002", _describe(), hides_closed=True)
    build_index(root, [Reading(Path("a.xml"), "ead2002", tuple(shelf_records())), closed], embedder, quiet)
    return Index(root / read_current(root), embedder)


def test_the_open_folder_of_a_closed_series_is_found_without_its_title(index: Index) -> None:
    assert index.record("oc/1", PATRON) is index.record("oc/1/new", PATRON) is None
    folder = index.record("oc/1/old", PATRON)
    assert folder is not None
    assert folder.breadcrumb == (TOP, "[closed]")
    assert folder.access == f"[closed]: {TERM}"
    for field in fields(folder):
        assert "quillfeather" not in str(getattr(folder, field.name)).lower(), field.name


@pytest.mark.parametrize("question", ["the Quillfeather arson trial", "Quillfeather", "arson trial files"])
def test_its_title_finds_nothing_and_is_no_reading(index: Index, question: str) -> None:
    result = index.search(question, top_k=50, audience=PATRON)
    assert "oc/1" not in {hit.record.id for hit in result.hits}
    told = [hit.why for hit in result.hits if hit.record.id == "oc/1/old" and hit.why]
    assert all(why.lexical is None for why in told)
    assert not any("Quillfeather" in chip.label and chip.kind == "collection" for chip in result.chips)
    assert "oc/1" in {hit.record.id for hit in index.search(question, audience=STAFF).hits}


def test_a_day_has_ended_only_where_it_has_ended_everywhere() -> None:
    """New Year's Eve in Honolulu is 10:00 of the next day in UTC: the embargo still holds there."""
    assert begun_everywhere(datetime(2031, 1, 1, 10, 0, tzinfo=UTC)) == date(2030, 12, 31)
    assert begun_everywhere(datetime(2031, 1, 1, 11, 59, tzinfo=UTC)) == date(2030, 12, 31)
    assert begun_everywhere(datetime(2031, 1, 1, 12, 0, tzinfo=UTC)) == date(2031, 1, 1)
    last = make_record(withheld_until="2030-12-31")
    assert not Audience(today=date(2030, 12, 31)).may_see(last)
    assert Audience(today=date(2031, 1, 1)).may_see(last)


def test_the_public_looks_by_that_clock() -> None:
    before = begun_everywhere(datetime.now(UTC))
    day = Audience().day
    assert f"{before:%Y%m%d}" <= str(day) <= f"{begun_everywhere(datetime.now(UTC)):%Y%m%d}"


@pytest.mark.parametrize(
    ("note", "last"),
    [
        ("Closed until December 31, 2060.", "2060-12-31"),
        ("Restricted until 30 June 2060.", "2060-06-30"),
        ("Closed until January 1, 2061.", "2060-12-31"),
        ("Closed until 2061.", "2060-12-31"),
    ],
)
def test_a_note_that_names_the_last_day_of_a_month_closes_that_day_too(note: str, last: str) -> None:
    assert find_closure(make_record(access=note)) == last
