"""Snapshots: whole or refused; a build that fails, is empty or is killed leaves the index in use alone."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import Embedder, Vectors
from retrieval.errors import IndexDamaged, IndexMissing, SnapshotError
from retrieval.index import Index
from retrieval.store.builder import build_index
from retrieval.store.reading import Reading
from retrieval.store.snapshot import (
    building,
    check_files,
    choose_version,
    list_versions,
    read_current,
    read_manifest,
)
from retrieval.store.vectors import VectorIndex
from tests.retrieval.shelf import build_shelf, make_record, shelf_readings, shelf_records

FILES = [
    "parts/000001/records.sqlite", "parts/000001/columns.npy", "parts/000001/vectors.faiss",
    "parts/000001/vectors.keys", "parts/000001/vocabulary.sqlite", "lexical/meta.json", "deleted.npy",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, shelf_root: Path) -> Path:
    """A copy of the shelf's snapshot that a test may damage."""
    return Path(shutil.copytree(shelf_root, tmp_path / "index"))


def current(root: Path) -> Path:
    return root / read_current(root)


def state(root: Path) -> dict[str, bytes]:
    """Every file below the root, but for the lock."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


def quiet(step: str, done: int, total: int | None = None) -> None:
    pass


def test_the_manifest_says_what_was_indexed(shelf_root: Path, embedder: Embedder) -> None:
    manifest = read_manifest(current(shelf_root))
    assert (manifest.records, manifest.collections) == (len(shelf_records()), 2)
    assert manifest.passages >= manifest.records
    assert manifest.sources == ("marsh.xml", "band.csv")
    assert manifest.skipped == ("broken.xml:3: is not well formed (close the tag)",)
    assert (manifest.embedder, manifest.dimension) == (embedder.name, 384)
    assert set(manifest.formats) == {"catalog", "vectors", "lexical", "vocabulary"}
    assert set(FILES) <= set(manifest.checksums)
    check_files(current(shelf_root), manifest)


def test_trouble_with_a_file_that_was_read_is_a_remark(tmp_path: Path, embedder: Embedder) -> None:
    [broken] = [reading for reading in shelf_readings() if not reading.records]
    reading = Reading(Path("part.xml"), "ead2002", (make_record(),), broken.problems)
    manifest = build_index(tmp_path, [reading], embedder, quiet).manifest
    assert (manifest.skipped, len(manifest.remarks)) == ((), 1)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_any_damage_is_found_before_the_file_is_used(
    root: Path, embedder: Embedder, name: str, harm: str
) -> None:
    path = current(root) / name
    content = bytearray(path.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif harm == "cut":
        path.write_bytes(content[:-1])
    else:
        path.unlink()
    with pytest.raises(IndexDamaged, match=path.name):
        Index(current(root), embedder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1}', "\xff"])
def test_a_manifest_that_is_none_is_refused(root: Path, embedder: Embedder, text: str) -> None:
    (current(root) / "manifest.json").write_text(text, "latin-1")
    with pytest.raises(IndexDamaged, match="manifest"):
        Index(current(root), embedder)


def test_another_embedder_is_refused_by_name(root: Path) -> None:
    class Other:
        name, dimension, digest = "other", 384, "f" * 64

        def encode(self, texts: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
            raise AssertionError("never asked")

    with pytest.raises(IndexDamaged, match="all-MiniLM-L6-v2 .* found other"):
        Index(current(root), Other())


def test_another_format_is_refused(root: Path, embedder: Embedder) -> None:
    path = current(root) / "manifest.json"
    path.write_text(path.read_text().replace("layout 2, breadcrumb", "layout 1, breadcrumb"))
    with pytest.raises(IndexDamaged, match="vectors was written by 'faiss .*layout 1"):
        Index(current(root), embedder)


@pytest.mark.parametrize("line", ["", "../elsewhere", "/etc", ".hidden", "gone-away\nx"])
def test_a_current_line_that_is_no_version_is_refused(root: Path, embedder: Embedder, line: str) -> None:
    (root / "CURRENT").write_text(line)
    with pytest.raises(IndexDamaged):
        Index(root / read_current(root), embedder)


def test_no_index_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="reading-room index build"):
        read_current(tmp_path)


def test_an_empty_build_leaves_the_index_in_use_alone(root: Path, embedder: Embedder) -> None:
    before = state(root)
    with pytest.raises(SnapshotError, match="nothing to index: 1 files gave no record"):
        build_index(root, [r for r in shelf_readings() if not r.records], embedder, quiet)
    assert state(root) == before


def test_a_build_that_fails_half_way_leaves_the_index_in_use_alone(root: Path, embedder: Embedder) -> None:
    def readings() -> Iterator[Reading]:
        yield shelf_readings()[0]
        raise OSError("the disk is full")

    before = state(root)
    with pytest.raises(OSError, match="full"):
        build_index(root, readings(), embedder, quiet)
    assert state(root) == before


def test_two_builds_at_once_are_refused(root: Path) -> None:
    with building(root), pytest.raises(SnapshotError, match="another build is under way"), building(root):
        pass


def read_vectors(folder: Path, passages: int) -> Vectors:
    path = folder / "parts" / "000001" / "vectors.faiss"
    return VectorIndex(path, passages=passages, dimension=384).reconstruct(np.arange(passages))


def test_an_old_snapshot_lends_its_vectors(root: Path, embedder: Embedder) -> None:
    records = shelf_records()
    new = make_record(id="ms1/new", parent_id="ms1/letters", title="Sleighs on the frozen river")
    built = build_shelf(root, embedder, [*records, new])
    old = read_manifest(root / list_versions(root)[0])
    assert (built.reused, built.manifest.passages) == (old.passages, old.passages + 1)
    first = read_vectors(root / old.version, old.passages)
    second = read_vectors(current(root), old.passages + 1)
    same = [row for row in second if (first == row).all(axis=1).any()]
    assert len(same) == old.passages


def test_a_damaged_snapshot_lends_nothing_and_stops_no_build(root: Path, embedder: Embedder) -> None:
    (current(root) / "parts" / "000001" / "vectors.faiss").write_bytes(b"not a vector")
    built = build_shelf(root, embedder)
    assert built.reused == 0
    assert Index(current(root), embedder).search("the flood at the mill").found


def test_only_the_newest_three_are_kept(root: Path, embedder: Embedder) -> None:
    for number in range(4):
        build_shelf(root, embedder, [*shelf_records()[:3], make_record(title=f"Report {number}")])
    versions = list_versions(root)
    assert len(versions) == 3
    assert versions[-1] == read_current(root)


def test_versions_sort_by_age_whatever_the_clock_does(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 5, 30, tzinfo=UTC)
    assert choose_version(tmp_path, "1a2b3c4d5e", now) == "20261121T053000-1a2b3c4d"
    later = tmp_path / "20261121T053500-ffffffff"
    later.mkdir()
    (later / "manifest.json").write_text("{}")
    assert choose_version(tmp_path, "1a2b3c4d5e", now) == "20261121T053501-1a2b3c4d"


def test_a_killed_build_leaves_the_index_in_use_and_the_next_build_tidies_up(
    root: Path, embedder: Embedder
) -> None:
    program = """
import sys, time
from pathlib import Path
from retrieval.store.builder import build_index
from tests.retrieval.shelf import shelf_readings
def readings():
    yield shelf_readings()[0]
    print("half way", flush=True)
    time.sleep(600)
build_index(Path(sys.argv[1]), readings(), None, lambda step, done, total=None: None)
"""
    before = state(root)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(root)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    ) as build:  # fmt: skip
        assert build.stdout is not None
        assert build.stdout.readline() == "half way\n"
        build.send_signal(signal.SIGKILL)
    assert list(root.glob("*.tmp"))
    assert {name: body for name, body in state(root).items() if ".tmp" not in name} == before
    Index(current(root), embedder)
    build_shelf(root, embedder)
    assert not list(root.glob("*.tmp"))
    assert len(list_versions(root)) == 2
