"""The index in use changes without a restart, and never to one that is damaged."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from retrieval.embedding import Embedder
from retrieval.errors import IndexDamaged, IndexMissing
from retrieval.library import Library
from retrieval.store.snapshot import list_versions, read_current
from tests.retrieval.shelf import build_shelf, make_record, shelf_records

NEW = make_record(id="ms1/new", parent_id="ms1/letters", title="Sleighs on the frozen river")


@pytest.fixture
def root(tmp_path: Path, shelf_root: Path) -> Path:
    return Path(shutil.copytree(shelf_root, tmp_path / "index"))


def test_without_an_index(tmp_path: Path, embedder: Embedder) -> None:
    library = Library(tmp_path / "none", embedder)
    with pytest.raises(IndexMissing):
        library.refresh()
    with pytest.raises(IndexMissing, match="reading-room index build"):
        library.current()


def test_a_new_snapshot_is_picked_up_and_the_old_one_stays_usable(root: Path, embedder: Embedder) -> None:
    library = Library(root, embedder)
    assert library.refresh() is True
    assert library.refresh() is False
    old = library.current()
    for _ in range(4):  # enough to have the old folder removed from disk
        build_shelf(root, embedder, [*shelf_records(), NEW])
    assert old.version not in list_versions(root)
    assert library.current() is old
    assert library.refresh() is True
    assert library.current().version == read_current(root)
    assert library.current().search("sleighs on the river").hits[0].record.id == "ms1/new"
    assert old.record("ms1/new") is None
    assert old.search("letters by William Howard Taft from 1905").hits[0].record.id == "ms1/1"


def test_a_damaged_new_snapshot_leaves_the_one_in_use(root: Path, embedder: Embedder) -> None:
    library = Library(root, embedder)
    old = library.current()
    build_shelf(root, embedder, [*shelf_records(), NEW])
    path = root / read_current(root) / "parts" / "000001" / "vectors.faiss"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    for _ in range(2):
        with pytest.raises(IndexDamaged, match="vectors.faiss"):
            library.refresh()
        assert library.current() is old
    build_shelf(root, embedder, [*shelf_records(), NEW])
    assert library.refresh() is True
    assert library.current().record("ms1/new") == NEW


def test_current_gone_while_in_use(root: Path, embedder: Embedder) -> None:
    library = Library(root, embedder)
    old = library.current()
    (root / "CURRENT").unlink()
    assert library.refresh() is False
    assert library.current() is old


def test_searches_go_on_while_indexes_change(root: Path, embedder: Embedder) -> None:
    library = Library(root, embedder)
    library.refresh()
    stop = threading.Event()
    seen: list[tuple[str, str]] = []

    def search() -> None:
        while not stop.is_set():
            index = library.current()
            hit = index.search("letters by William Howard Taft from 1905").hits[0]
            seen.append((index.version, hit.record.id))

    searching = threading.Thread(target=search)
    searching.start()
    try:
        for _ in range(3):
            build_shelf(root, embedder)
            assert library.refresh() is True
    finally:
        stop.set()
        searching.join()
    assert {record_id for _, record_id in seen} == {"ms1/1"}
    assert len({version for version, _ in seen}) >= 2
