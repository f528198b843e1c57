"""Other passages come from the product's own search, and only from what the public may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.embedding import load_embedder
from retrieval.index import Index
from retrieval.passages import cut_record
from retrieval.prompt import render_heading, render_passage
from retrieval.records import Hit
from tests.retrieval.shelf import MARSH, build_shelf, make_record, shelf_records
from tests.train.datasets.made_pairs import make_evidence, make_pair
from train.lora.passages import SearchedPassages, make_hit
from train.pairs.pair import Earlier, Evidence

SEALED = make_record(
    id="ms1/sealed",
    parent_id="ms1/letters",
    title="Ellen Marsh ALS to Thomas Marsh",
    text="The flood at the mill, which nobody may read of.",
    breadcrumb=(MARSH, "Correspondence"),
    withheld_until="2090-12-31",
)
QUESTION = "Did Ellen Marsh write to Thomas Marsh of a flood in 1905?"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    root: Path = tmp_path_factory.mktemp("index")
    embedder = load_embedder()
    build_shelf(root, embedder, [*shelf_records(), SEALED])
    yield Index(root / (root / "CURRENT").read_text().strip(), embedder)


def show(index: Index, record_id: str) -> Hit:
    record = index.record(record_id)
    assert record is not None
    return Hit(record=record, passage=cut_record(record)[0], score=0.0)


def keep(hit: Hit) -> Evidence:
    """Evidence as curation takes it of a record."""
    return make_evidence(
        hit.record.id,
        hit.record.collection_id,
        heading=render_heading(hit),
        breadcrumb=hit.record.breadcrumb,
        text=hit.passage.text,
    )


@pytest.mark.parametrize("record_id", ["ms1/3", "ms1", "ph2/1", "ms1/clara/1", "ms1/1"])
def test_evidence_is_shown_as_the_search_s_own_hit_is(index: Index, record_id: str) -> None:
    """A record without text is its heading: then evidence repeats it, and the prompt must not."""
    hit = show(index, record_id)
    assert render_passage(2, make_hit(keep(hit))) == render_passage(2, hit)
    if record_id == "ms1/1":
        assert hit.record.container and hit.passage.text == hit.record.heading


def test_what_is_found_is_what_a_patron_would_get_without_the_answer(index: Index) -> None:
    pair = replace(make_pair(0), question=QUESTION, evidence=(keep(show(index, "ms1/3")),))
    asked = index.search(QUESTION, top_k=6)
    assert asked.hits[0].record.id == "ms1/3"
    found = SearchedPassages(index).find(pair, 4)
    assert [hit.record.id for hit in found] == [
        hit.record.id for hit in asked.quotable if hit.record.id != "ms1/3"
    ][:4]
    assert len(asked.quotable) < len(asked.hits)
    assert SEALED.id not in {hit.record.id for hit in SearchedPassages(index).find(pair, 50)}


def test_a_follow_up_is_made_whole_before_it_is_searched(index: Index) -> None:
    earlier = (Earlier(role="user", content="Letters from Ellen Marsh to Thomas Marsh?"),)
    pair = replace(make_pair(0), question="And in 1894?", history=earlier)
    whole = index.complete("And in 1894?", [earlier[0].content])
    assert whole != "And in 1894?"
    found = SearchedPassages(index).find(pair, 3)
    assert [hit.record.id for hit in found] == [
        hit.record.id for hit in index.search(whole, top_k=3).quotable
    ]


def test_material_closed_since_is_found_out(index: Index) -> None:
    closed = replace(make_pair(0), evidence=(make_evidence(SEALED.id), make_evidence("ms1/3")))
    assert SearchedPassages(index).find_closed(closed) == [SEALED.id]
    assert SearchedPassages(index).find_closed(make_pair(1)) == []
