"""Search over the shelf: what comes first, what filters keep out, what counts as found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from retrieval.errors import QueryError
from retrieval.implied.enrichment import enrich_all
from retrieval.index import Filters, Index
from tests.retrieval.shelf import shelf_records


def first(index: Index, question: str) -> str:
    return index.search(question).hits[0].record.id


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Do you have letters by William Howard Taft from 1905?", "ms1/1"),
        ("Do you have letters by William Howard Taft from 1912?", "ms1/2"),
        ("What did Ellen Marsh write in 1905?", "ms1/3"),
        ("Ellen Marsh's letter from before 1900", "ms1/4"),
        ("Clara Wadley's letters from March 1905", "ms1/clara/1"),
        ("Clara Wadley's letters from autumn 1905", "ms1/clara/2"),
        ("How large are the Marsh family papers?", "ms1"),
        ("Where was Ellen Marsh born?", "ms1"),
        ("Which collection has pictures of marching musicians?", "ph2"),
        ("pictures of Otto Vance", "ph2/1"),
        ("locomotives standing idle", "ms1/4"),
        ("what is in box 2 folder 4", "ms1/4"),
    ],
)
def test_the_best_hit(shelf_index: Index, question: str, wanted: str) -> None:
    assert first(shelf_index, question) == wanted


def test_a_wrong_year_is_pushed_down_and_not_dropped(shelf_index: Index) -> None:
    ids = [hit.record.id for hit in shelf_index.search("Taft letters from 1905", top_k=10).hits]
    assert ids.index("ms1/1") < ids.index("ms1/2")


def test_one_hit_for_each_record_in_falling_order(shelf_index: Index) -> None:
    hits = shelf_index.search("Ellen Marsh of the Marsh family papers", top_k=20).hits
    assert len({hit.record.id for hit in hits}) == len(hits)
    assert all(hit.passage.record_id == hit.record.id for hit in hits)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[0] <= 1


def test_filters_are_hard(shelf_index: Index) -> None:
    def ids(**filters: object) -> set[str]:
        given = Filters(**filters)  # type: ignore[arg-type]
        return {hit.record.id for hit in shelf_index.search("letters", top_k=100, filters=given).hits}

    everything = {record.id for record in shelf_records()}
    assert ids() == everything
    assert ids(collections=("ph2",)) == {"ph2", "ph2/1"}
    assert ids(collections=("gone",)) == set()
    assert ids(levels=("collection",)) == {"ms1", "ph2"}
    assert ids(year_from=1906, year_to=1911) == {"ms1", "ms1/letters", "ms1/clara"}
    assert ids(year_from=1941) == {"ph2", "ph2/1"}
    assert ids(year_to=1873) == {"ms1"}
    assert ids(collections=("ms1",), levels=("file",), year_from=1905) == {"ms1/clara/1", "ms1/clara/2"}


def test_an_undated_record_meets_no_year_filter(shelf_index: Index) -> None:
    given = Filters(year_from=1000, year_to=2099)
    hits = shelf_index.search("orchard and the new bridge", top_k=100, filters=given).hits
    assert "ms1/5" not in {hit.record.id for hit in hits}
    assert first(shelf_index, "orchard and the new bridge") == "ms1/5"


def test_a_search_says_how_far_it_looked(shelf_index: Index) -> None:
    result = shelf_index.search("letters from before 1910", filters=Filters(collections=("ph2",)))
    assert (result.passages_searched, result.collections_searched) == (2, ("Town band photographs",))
    assert result.years == (1000, 1909)
    whole = shelf_index.search("letters")
    assert whole.passages_searched == shelf_index.manifest.passages
    assert whole.collections_searched == ("Marsh family papers", "Town band photographs")


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Do you have letters by William Howard Taft?", True),
        ("Do you have letters by Wiliam Howard Tafft?", True),
        ("Do you hold anything by Zora Neale Hurston?", False),
        ("Is there a letter by William Howard Taft from 1899?", False),
        ("Ellen Marsh letters of 1899", True),  # one of hers is undated
        ("quantum chromodynamics", False),
        ("the suffrage movement", True),
    ],
)
def test_found(shelf_index: Index, question: str, found: bool) -> None:
    assert shelf_index.search(question).found is found


def test_records_and_their_children(shelf_index: Index) -> None:
    by_id = {record.id: record for record in enrich_all(shelf_records())}
    assert shelf_index.record("ms1/3") == by_id["ms1/3"]
    assert shelf_index.record("ms1") == by_id["ms1"]
    assert shelf_index.record("ms1' OR 1=1 --") is None
    assert [record.id for record in shelf_index.children("ms1/clara")] == [
        f"ms1/clara/{number}" for number in range(3)
    ]
    assert [record.id for record in shelf_index.children("ms1")] == ["ms1/letters"]
    assert shelf_index.children("ms1/3") == []


def test_collections(shelf_index: Index) -> None:
    marsh, band = shelf_index.collections()
    assert (marsh.id, marsh.title, marsh.records) == ("ms1", "Marsh family papers", 11)
    assert (marsh.dates, marsh.extent) == ("1850-1940", "4.5 linear feet (9 boxes)")
    assert marsh.abstract == "Papers of a family of mill owners."
    assert (band.call_number, band.records) == ("PH.00002", 2)


@pytest.mark.parametrize(("question", "top_k"), [("", 5), (" \n", 5), ("Taft", 0), ("Taft", 101)])
def test_values_that_cannot_be_used(shelf_index: Index, question: str, top_k: int) -> None:
    with pytest.raises(QueryError):
        shelf_index.search(question, top_k=top_k)


@pytest.mark.parametrize(
    "question", ["?", "\x00", "a" * 100_000, "AND OR NOT (", "日本語の手紙", "\ud800 letters"]
)
def test_strange_questions_are_answered(shelf_index: Index, question: str) -> None:
    assert len(shelf_index.search(question, top_k=3).hits) <= 3


def test_threads_get_what_one_thread_gets(shelf_index: Index) -> None:
    questions = [
        f"{name} letters of {year}" for name in ("Taft", "Ellen Marsh") for year in range(1890, 1915)
    ]
    alone = [shelf_index.search(question) for question in questions]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(shelf_index.search, questions)) == alone
