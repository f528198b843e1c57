"""A search and what it tells: readings kept and set aside, all matches, and why a hit ranks where it does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from retrieval.audience import STAFF, Audience
from retrieval.embedding import Embedder
from retrieval.index import Filters, Index
from retrieval.spans import Span, of_years
from tests.retrieval.shelf import build_shelf, make_record, shelf_records

FEATHERS, NETS = "Ostrich feather trade of the harbour", "Nets drying on the harbour wall"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Index:
    """The shelf with a run of letters, an item held twice, and one that is not open yet."""
    letters = [
        make_record(
            id=f"ms1/vane{number}", parent_id="ms1/letters", title=f"Otto Vane ALS to Ellen Marsh, {dates}",
            dates=dates, spans=(Span(day, day),), position=20 + number, senders=("Vane, Otto",),
            recipients=("Marsh, Ellen",), breadcrumb=("Marsh family papers", "Correspondence"),
            kinds=("letter",), container="Box 3",
            identifiers=("ark:/99999/vane",) if number == 3 else (),
        )
        for number, (dates, day) in enumerate(
            [("1911 June 2", "1911-06-02"), ("1910 May 1", "1910-05-01"),
             ("1911 January 9", "1911-01-09"), ("1912 March 1", "1912-03-01")]
        )
    ]  # fmt: skip
    nets = [
        make_record(
            id=f"{source}/nets", collection_id="ph2", collection="Harbour views", title=NETS, dates="1903",
            spans=of_years((1903, 1903)), source=f"{source}.xml", call_number="PH 9", names=("Lund, Greta",),
            identifiers=("ark:/99999/nets",),
        )
        for source in ("ead", "mods")
    ]  # fmt: skip
    closed = make_record(
        id="ms1/closed", parent_id="ms1/letters", title=f"Otto Vane to Ellen Marsh: {FEATHERS}", dates="1911",
        spans=of_years((1911, 1911)), senders=("Vane, Otto",), kinds=("letter",), withheld_until="2040-12-31",
        identifiers=("ark:/99999/closed",),
    )  # fmt: skip
    root: Path = tmp_path_factory.mktemp("search")
    shelf = shelf_records()
    given = [*[one for one in shelf if one.collection_id == "ms1"], *letters, closed]
    build_shelf(root, embedder, [*given, *nets])
    return Index(root / (root / "CURRENT").read_text().strip(), embedder)


def test_all_matches_are_listed_and_counted_by_query(index: Index) -> None:
    result = index.search("How many letters did Otto Vane write to Ellen Marsh in 1911?")
    assert result.matches == 2
    result = index.search("List all letters from Otto Vane to Ellen Marsh in 1911")
    assert [record.id for record in result.listed] == ["ms1/vane2", "ms1/vane0"]
    assert result.relaxed == ()


def test_what_is_not_open_is_not_counted(index: Index) -> None:
    question = "List all letters from Otto Vane in 1911"
    assert index.search(question).matches == 2
    staff = index.search(question, audience=STAFF)
    later = index.search(question, audience=Audience(today=date(2041, 1, 1)))
    assert staff.matches == later.matches == 3
    assert "ms1/closed" in {record.id for record in staff.listed}


def test_a_year_without_letters_is_set_aside_by_name(index: Index) -> None:
    result = index.search("letters from Otto Vane in 1930")
    assert result.relaxed == ("date:1930-01-01/1930-12-31",)
    assert (result.found, result.matches) == (False, 4)
    assert {chip.id for chip in result.chips} >= set(result.relaxed)


def test_a_reading_can_be_taken_away(index: Index) -> None:
    result = index.search("letters from Otto Vane in 1930", without=("date:1930-01-01/1930-12-31",))
    assert (result.found, result.relaxed, result.matches) == (True, (), 4)


def test_the_wrong_role_ranks_lower(index: Index) -> None:
    hits = index.search("letters from Ellen Marsh", top_k=20).hits
    ids = [hit.record.id for hit in hits]
    assert ids.index("ms1/3") < ids.index("ms1/vane0")


def test_a_hit_says_why_it_is_there(index: Index) -> None:
    best = index.search("letters from Otto Vane in 1910").hits[0]
    assert best.record.id == "ms1/vane1"
    assert best.why is not None
    amounts = {one.name: one.amount for one in best.why.adjustments}
    assert amounts["date"] == 0.4
    assert amounts["person"] == 0.4
    assert "all that was asked" in amounts
    assert best.why.lexical is not None
    assert best.why.dense is not None
    assert 0 < best.why.dense <= 1
    assert best.why.lexical_rank is not None
    assert 1 <= best.why.lexical_rank <= 5


def test_a_date_that_does_not_fit_says_so(index: Index) -> None:
    hits = index.search("letters from Otto Vane in 1910", top_k=20).hits
    [other] = [hit for hit in hits if hit.record.id == "ms1/vane3"]
    assert other.why is not None
    assert {one.name: one.amount for one in other.why.adjustments}["date"] == -0.4


def test_one_item_in_two_formats_is_one_hit(index: Index) -> None:
    result = index.search("Nets drying on the harbour wall 1903", top_k=20)
    ids = [hit.record.id for hit in result.hits]
    assert ids[0] == "ead/nets"
    assert "mods/nets" not in ids
    assert [record.id for record in result.hits[0].also] == ["mods/nets"]


def test_filters_hold_for_what_is_counted(index: Index) -> None:
    limits = Filters(year_from=1912)
    assert index.search("List all letters from Otto Vane", filters=limits).matches == 1


def test_nothing_to_count_by_counts_nothing(index: Index) -> None:
    assert index.search("the orchard and the new bridge").matches is None


@pytest.mark.parametrize("question", ["ark:/99999/vane", "Where is ark:/99999/vane?"])
def test_an_exact_identifier_goes_straight_to_its_record(index: Index, question: str) -> None:
    result = index.search(question)
    assert result.found
    assert result.hits[0].record.id == "ms1/vane3"
    assert result.hits[0].why is not None
    assert result.hits[0].why.adjustments[0].name == "the identifier asked for"


def test_the_identifier_of_what_is_closed_leads_nowhere(index: Index) -> None:
    assert "ms1/closed" not in {hit.record.id for hit in index.search("ark:/99999/closed", top_k=50).hits}
    assert index.search("ark:/99999/closed", audience=STAFF).hits[0].record.id == "ms1/closed"


@pytest.mark.parametrize(
    ("question", "quotable"),
    [
        pytest.param("Where is the letter of William Howard Taft from April 1905?", ["ms1/1"], id="a person"),
        pytest.param("What is in Box 2, Folder 1?", ["ms1/1"], id="a box"),
        pytest.param("Are there letters of 1905?", None, id="nobody in particular"),
        pytest.param("What did Zebulon Quist write?", None, id="nobody who is known"),
    ],
)
def test_an_answer_rests_on_what_fits_all_of_a_question_that_names(
    index: Index, question: str, quotable: list[str] | None
) -> None:
    found = index.search(question, top_k=6)
    assert len(found.hits) > 1
    wanted = [hit.record.id for hit in found.hits] if quotable is None else quotable
    assert [hit.record.id for hit in found.quotable] == wanted
