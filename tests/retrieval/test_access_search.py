"""To patrons an index that holds what is withheld is as one that never held it, whatever they ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from retrieval.audience import Audience
from retrieval.embedding import Embedder
from retrieval.index import Index
from retrieval.spans import WITHOUT_END, of_years
from retrieval.store.builder import build_index
from retrieval.store.snapshot import read_current
from retrieval.store.update import update_index
from tests.retrieval.shelf import MARSH, make_record, shelf_records
from tests.retrieval.test_update import changed, quiet, readings

PATRON = Audience(today=date(2026, 11, 21))
GIFT = "Mr. Quillfeather told the lawyer at Ostrander that the furnace was lit on purpose, with naphtha."

WITHHELD = [
    make_record(
        id="dn7", collection_id="dn7", collection="Quillfeather bequest files", level="collection",
        title="Quillfeather bequest files", call_number="DN 7", dates="1931-1948", spans=of_years((1931, 1948)),
        creator="Quillfeather, Obadiah, 1869-1948", names=("Quillfeather, Obadiah, 1869-1948",),
        places=("Ostrander (Minn.)",), identifiers=("ark:/99166/w6sealed",), withheld_until=WITHOUT_END,
    ),
    make_record(
        id="dn7/1", collection_id="dn7", collection="Quillfeather bequest files", parent_id="dn7",
        title="Obadiah Quillfeather ALS to Thomas Marsh", dates="1905 March 14", call_number="DN 7",
        spans=of_years((1905, 1905)), container="Box 2, Folder 3", senders=("Quillfeather, Obadiah",),
        recipients=("Marsh, Thomas",), names=("Quillfeather, Obadiah", "Marsh, Thomas"), text=GIFT,
        breadcrumb=("Quillfeather bequest files",), withheld_until=WITHOUT_END, kinds=("letter",),
    ),
    make_record(
        id="ms1/sealed-9", parent_id="ms1/letters", title="Prudence Marsh ALS to Dr. Vandeleur",
        dates="1905", spans=of_years((1905, 1905)), container="Box 2, Folder 9", position=30,
        breadcrumb=(MARSH, "Correspondence"), senders=("Prudence Marsh",), recipients=("Dr. Vandeleur",),
        names=("Prudence Marsh", "Dr. Vandeleur"), identifiers=("XR-4471/b",), text=GIFT,
        withheld_until="2060-12-31", kinds=("letter",),
    ),
    *(
        make_record(
            id=f"ms1/sealed-{number}", parent_id="ms1/letters", title="Otto Vance to the trustees",
            position=number, breadcrumb=(MARSH, "Correspondence"), text="Orchard, flood and parade. " * 3,
            names=("Vance, Otto",), withheld_until="2060-12-31",
        )
        for number in range(40, 60)
    ),
]  # fmt: skip

QUESTIONS = [
    "Do you have letters from Obadiah Quillfeather?",
    "letters from Obadiah Quilfeather",
    "letter from obadiah quillfether to thomas marsh 1905",
    "anything about Quillfeather",
    "the Quillfeather bequest files",
    "papers of Obadiah Quillfeather",
    "letters from Prudence Marsh",
    "What did Prudence Marsh write in 1905?",
    "letters to Dr. Vandeleur",
    "letters from Vandeleur to Ellen Marsh",
    "Who lit the furnace with naphtha?",
    "naphta furnace",
    "What happened at Ostrander?",
    "letters from Ostrander",
    "dn7",
    "DN 7",
    "call number DN 7",
    "DN 7, Box 2, Folder 3",
    "MS 1 box 2 folder 9",
    "What is in box 2, folder 9 of the Marsh family papers?",
    "XR-4471/b",
    "XR-4471/c",
    "ark:/99166/w6sealed",
    "dn7/1",
    "ms1/sealed-9",
    "How many letters are there from 1905?",
    "Which letters are from 1905?",
    "Everything of Otto Vance",
    "the flood and the orchard",
    "Was there a parade in the orchard?",
    "Which letters mention the flood?",
    "Tell me of the trustees",
    "letters of Ellen Marsh in 1905",
    "Correspondence of 1905",
]


@dataclass(frozen=True)
class Shown:
    """All that leaves a search but its scores."""

    found: bool
    hits: tuple[tuple[str, str], ...]
    also: frozenset[str]
    read: tuple[tuple[str, str], ...]
    relaxed: tuple[str, ...]
    corrections: tuple[tuple[str, str], ...]
    matches: int | None
    listed: tuple[str, ...]
    passages: int
    collections: tuple[str, ...]


def show(index: Index, question: str, audience: Audience = PATRON) -> Shown:
    result = index.search(question, top_k=20, audience=audience)
    return Shown(
        found=result.found,
        hits=tuple(sorted((hit.record.id, hit.passage.text) for hit in result.hits)),
        also=frozenset(other.id for hit in result.hits for other in hit.also),
        read=tuple((chip.id, chip.label) for chip in result.chips),
        relaxed=result.relaxed,
        corrections=result.corrections,
        matches=result.matches,
        listed=tuple(record.id for record in result.listed),
        passages=result.passages_searched,
        collections=result.collections_searched,
    )


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[dict[str, Index]]:
    """Without what is withheld, with it from the start, and with it withheld by an update only."""
    open_now = [replace(record, withheld_until="") for record in WITHHELD]
    found = {}
    for name, first, then in (
        ("without", shelf_records(), None),
        ("built", [*shelf_records(), *WITHHELD], None),
        ("updated", [*shelf_records(), *open_now], [*shelf_records(), *WITHHELD]),
        ("withdrawn", [*shelf_records(), *open_now], shelf_records()),
    ):
        root: Path = tmp_path_factory.mktemp(name)
        build_index(root, readings(first), embedder, quiet)
        if then is not None:
            gone = {record.collection_id for record in first} - {record.collection_id for record in then}
            update_index(root, changed(readings(then), sorted(gone)), lambda: embedder, quiet)
        found[name] = Index(root / read_current(root), embedder)
    yield found


@pytest.mark.parametrize("how", ["built", "updated", "withdrawn"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_tells_that_it_is_there(indexes: dict[str, Index], how: str, question: str) -> None:
    assert show(indexes[how], question) == show(indexes["without"], question)


def test_a_title_that_an_update_took_away_is_no_reading(tmp_path: Path, embedder: Embedder) -> None:
    """A collection is described anew, without the donor's name in its title."""
    named = make_record(
        id="gf3",
        collection_id="gf3",
        collection="Quillfeather gift",
        level="collection",
        title="Quillfeather gift",
    )
    unnamed = replace(named, collection="Anonymous gift", title="Anonymous gift")
    build_index(tmp_path, readings([*shelf_records(), named]), embedder, quiet)
    before = Index(tmp_path / read_current(tmp_path), embedder)
    update_index(tmp_path, changed(readings([unnamed])), lambda: embedder, quiet)
    after = Index(tmp_path / read_current(tmp_path), embedder)
    question = "What is in the Quillfeather gift collection?"
    assert ("collection:gf3", "Quillfeather gift") in show(before, question).read
    assert "Quillfeather gift" not in {label for _, label in show(after, question).read}
