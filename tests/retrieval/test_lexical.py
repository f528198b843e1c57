"""Words: brackets, shorthand, names, identifiers, filters, and text that looks like query syntax."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.asked.questions import read_question
from retrieval.errors import IndexDamaged
from retrieval.passages import cut_record
from retrieval.store.catalog import LEVELS
from retrieval.store.lexical import LexicalIndex, LexicalWriter, Scope
from tests.retrieval.shelf import shelf_records

RECORDS = shelf_records()
ALL = Scope()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    folder = tmp_path_factory.mktemp("words") / "lexical"
    with LexicalWriter(folder) as writer:
        for number, record in enumerate(RECORDS):
            writer.add(
                number, record, cut_record(record)[0],
                collection=0 if record.collection_id == "ms1" else 1, level=LEVELS.index(record.level),
            )  # fmt: skip
    assert not list(folder.glob("*.lock"))
    return LexicalIndex(folder, passages=len(RECORDS))


def found(index: LexicalIndex, text: str, scope: Scope = ALL) -> list[str]:
    return [RECORDS[number].id for number, _ in index.search(read_question(text), 10, scope)]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("William Howard Taft", {"ms1/1", "ms1/2"}),
        ("Taft's typed letter", {"ms1/1", "ms1/2"}),
        ("photographs by Otto Vance", {"ph2/1"}),
        ("floods at the mills", {"ms1/3"}),
        ("PH.00002", {"ph2", "ph2/1"}),
        ("ph 00002", {"ph2", "ph2/1"}),
        ("what is in folder 4", {"ms1/4"}),
        ("régime of wömen's suffrage", {"ms1"}),
    ],
)
def test_the_first_hit(index: LexicalIndex, question: str, first: set[str]) -> None:
    assert found(index, question)[0] in first


def test_a_name_in_either_order_beats_its_scattered_words(index: LexicalIndex) -> None:
    [best, second, *_] = index.search(read_question("letters of Vance Otto on Main Street"), 10)
    assert RECORDS[best[0]].id == "ph2/1"
    assert best[1] > second[1]


@pytest.mark.parametrize(
    "hostile",
    ['heading:"Taft" AND (', 'flood" OR *:*', "a^9999 [1 TO 2]", "\\", "flood~5 +mill -letter", "\x00flood"],
)
def test_query_syntax_is_only_words(index: LexicalIndex, hostile: str) -> None:
    assert len(found(index, hostile)) <= len(RECORDS)


def test_nothing_to_search_for_finds_nothing(index: LexicalIndex) -> None:
    assert found(index, "what do you have?") == []
    assert found(index, "?!") == []


def test_a_repeated_word_counts_as_often(index: LexicalIndex) -> None:
    once = dict(index.search(read_question("flood"), 10))
    twice = dict(index.search(read_question("flood flood"), 10))
    assert once.keys() == twice.keys()
    assert all(twice[number] == pytest.approx(2 * once[number], rel=1e-4) for number in once)


def test_filters_limit_and_leave_scores_alone(index: LexicalIndex) -> None:
    open_scores = dict(index.search(read_question("Ellen Marsh letters"), 20))
    dated = dict(index.search(read_question("Ellen Marsh letters"), 10, Scope(years=(1905, 1905))))
    assert {RECORDS[number].id for number in dated} >= {"ms1", "ms1/3"}
    assert "ms1/5" not in {RECORDS[number].id for number in dated}
    assert all(dated[number] == pytest.approx(open_scores[number], rel=1e-5) for number in dated)
    assert set(found(index, "band parade letters", Scope(collections=(1,)))) == {"ph2", "ph2/1"}
    assert found(index, "Marsh family", Scope(levels=(LEVELS.index("collection"),))) == ["ms1"]
    assert found(index, "Marsh", Scope(collections=(-1,))) == []


def test_another_number_of_passages_is_refused(tmp_path: Path) -> None:
    with LexicalWriter(tmp_path / "w"):
        pass
    with pytest.raises(IndexDamaged, match="expected 2 passages, found 0"):
        LexicalIndex(tmp_path / "w", passages=2)


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(IndexDamaged, match="tantivy cannot read it"):
        LexicalIndex(tmp_path, passages=1)
