"""What an index knows by name, over two parts."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from retrieval.asked.spelling import count_slips, near_skeletons, skeleton
from retrieval.asked.vocabulary import Vocabulary, VocabularyWriter
from retrieval.asked.vocabulary_tables import FILE
from retrieval.errors import IndexDamaged
from tests.retrieval.known import write_vocabulary
from tests.retrieval.shelf import make_record


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return write_vocabulary(tmp_path_factory.mktemp("vocabulary"))


def test_words_are_counted_over_all_parts_and_known_as_names_or_not(known: Vocabulary) -> None:
    photographs, marsh, mill = known.look_up("photographs"), known.look_up("marsh"), known.look_up("mill")
    assert (photographs.records, photographs.is_proper) == (3, False)
    assert (marsh.records, marsh.names, marsh.is_proper) == (3, 3, True)
    assert (mill.records, mill.lower) == (2, 2)
    assert known.look_up("nowhere").records == 0


def test_names_are_found_by_any_of_their_words_in_direct_order(known: Vocabulary) -> None:
    assert [name.words for name in known.find_names(["taft"])] == [("william", "howard", "taft")]
    [ellen] = known.find_names(["ellen", "marsh"])
    assert (ellen.words, ellen.records) == (("ellen", "marsh"), 3)
    assert known.find_names(["ellen", "taft"]) == []
    assert known.find_names([]) == []


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("marhs", "marsh"), ("rnarsh", "marsh"), ("elen", "ellen"), ("pennyfather", "pennefather"),
        ("dickenson", "dickinson"), ("0kafor", "okafor"), ("whitcornbe", "whitcombe"), ("lavlnia", "lavinia"),
        ("photgraphs", "photographs"), ("hudfon", "hudson"),
    ],
)  # fmt: skip
def test_slips_of_spelling_and_of_scanning_lead_to_the_word_meant(
    known: Vocabulary, asked: str, nearest: str
) -> None:
    assert [word.word for word in known.find_near(asked)][:1] == [nearest]


@pytest.mark.parametrize("asked", ["curie", "worth", "ten", "x" * 60, "'; DROP", ""])
def test_what_is_like_nothing_known_leads_nowhere(known: Vocabulary, asked: str) -> None:
    assert known.find_near(asked) == []


def test_collections_are_found_by_words_of_their_titles(known: Vocabulary) -> None:
    assert [one.id for one in known.find_collections(["okafor"])] == ["ok1", "ok2"]
    assert [one.id for one in known.find_collections(["okafor", "lindqvist"])] == ["ok2"]
    assert [one.id for one in known.find_titled(["thornbury", "mill", "company", "records"])] == ["ms46"]
    assert known.find_collections([]) == []


def test_identifiers_name_the_uppermost_record_that_has_them(known: Vocabulary) -> None:
    assert known.find_records("MS.45") == [("ms45", "ms45")]
    assert known.find_records("ark:99166/w6xk8s12") == [("ms45", "ms45")]
    assert known.find_records("ms45/2") == [("ms45", "ms45/2")]
    assert known.find_records("45") == []
    assert known.find_contained(["ms45"], ["box4", "folder13"]) == ["ms45/2"]
    assert known.find_contained(["ms46"], ["box4"]) == []


def test_places_are_known_without_what_is_in_parentheses(known: Vocabulary) -> None:
    assert known.find_place(["harrow", "point"]) == "Harrow Point"
    assert known.find_place(["harrow"]) == ""


def test_of_a_withheld_record_nothing_is_known_but_what_it_is_called_by(known: Vocabulary) -> None:
    assert known.look_up("quillfeather").records == known.look_up("bequest").records == 0
    assert known.find_names(["quillfeather"]) == []
    assert known.find_near("quilfeather") == []
    assert known.find_records("ark:/99166/sealed9") == [("ms45", "ms45/3")]


def test_a_collection_withdrawn_since_is_not_named(tmp_path: Path) -> None:
    write_vocabulary(tmp_path)
    left = Vocabulary(sorted(tmp_path.iterdir()), collections={"ms45", "ok1"})
    assert [one.id for one in left.find_collections(["okafor"])] == ["ok1"]
    assert not left.find_titled(["town", "band", "photographs"])
    assert left.find_records("MS 46") == []
    assert left.find_records("MS 45") == [("ms45", "ms45")]


def test_what_is_no_longer_withheld_is_known(tmp_path: Path) -> None:
    writer = VocabularyWriter(tmp_path)
    writer.add(
        make_record(title="Opened at last", names=("Quillfeather, Obadiah",), withheld_until="2001-12-31")
    )
    writer.close()
    assert [one.label for one in Vocabulary([tmp_path]).find_names(["quillfeather"])] == [
        "Quillfeather, Obadiah"
    ]


def test_it_is_read_by_several_threads_at_once(known: Vocabulary) -> None:
    found: list[int] = []

    def look() -> None:
        found.extend(known.look_up("marsh").records for _ in range(50))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 200


def test_a_missing_or_foreign_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged, match="build the index again"):
        Vocabulary([tmp_path])
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("CREATE TABLE about (name TEXT, value TEXT)")
    connection.execute("INSERT INTO about VALUES ('format', 'vocabulary 0')")
    connection.commit()
    connection.close()
    with pytest.raises(IndexDamaged, match="found 'vocabulary 0'"):
        Vocabulary([tmp_path])


def test_no_parts_know_nothing() -> None:
    empty = Vocabulary([])
    assert empty.look_up("marsh").records == 0
    assert not (empty.find_near("marsh") or empty.find_names(["marsh"]) or empty.find_records("MS 45"))


@pytest.mark.parametrize(
    ("asked", "known_word", "slips"),
    [
        ("dickenson", "dickinson", 1), ("modem", "modern", 1), ("goddarcl", "goddard", 1), ("marhs", "marsh", 1),
        ("curie", "curtis", None), ("worth", "north", None), ("jon", "john", None), ("marsh", "marsh", 0),
        ("hurston", "houston", 2), ("carl", "karl", 1), ("smyth", "smith", 1), ("witherspon", "witherspoon", 1),
    ],
)  # fmt: skip
def test_slips_are_counted(asked: str, known_word: str, slips: int | None) -> None:
    assert count_slips(asked, known_word) == slips
    if slips:
        assert skeleton(known_word) in near_skeletons(asked)
