"""Updates: what they find is what an index built anew of the same records finds, and they may be killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from retrieval.audience import STAFF
from retrieval.embedding import Embedder
from retrieval.errors import SnapshotError
from retrieval.index import Index
from retrieval.library import Library
from retrieval.records import Record
from retrieval.store.builder import build_index
from retrieval.store.change import FindFiles
from retrieval.store.compaction import compact_index, needs_compaction
from retrieval.store.origins import Origin
from retrieval.store.reading import Reading
from retrieval.store.snapshot import (
    building,
    check_files,
    compacting,
    list_versions,
    read_current,
    read_manifest,
)
from retrieval.store.update import Updated, update_index
from tests.retrieval.shelf import make_record, shelf_records

QUESTIONS = [
    "Do you have letters by William Howard Taft from 1905?", "What did Ellen Marsh write in 1905?",
    "sleighs on the frozen river", "Where was Ellen Marsh born?", "pictures of Otto Vance",
    "Clara Wadley's letters from autumn 1905", "what is in box 2 folder 4", "harbour photographs",
]  # fmt: skip


def quiet(step: str, done: int, total: int | None = None) -> None:
    pass


def read(name: str, records: Sequence[Record]) -> Reading:
    return Reading(Path(name), "ead2002", tuple(records), origin=Origin(source="s", name=name))


def readings(records: Sequence[Record]) -> list[Reading]:
    """One file for each collection."""
    names = dict.fromkeys(record.collection_id for record in records)
    return [read(name, [record for record in records if record.collection_id == name]) for name in names]


@dataclass(frozen=True)
class Changed:
    readings: Sequence[Reading]
    gone: Sequence[tuple[str, str]]


def changed(given: Sequence[Reading], gone: Sequence[str] = ()) -> FindFiles:
    files = Changed(given, [("s", name) for name in gone])
    return lambda catalog: files


def open_current(root: Path, embedder: Embedder) -> Index:
    return Index(root / read_current(root), embedder)


def update(root: Path, embedder: Embedder, records: Sequence[Record], gone: Sequence[str] = ()) -> Updated:
    return update_index(root, changed(readings(records), gone), lambda: embedder, quiet)


def ask(index: Index) -> list[list[tuple[str, str, float]]]:
    """For every question (record, passage, score) of the hits, equal scores in order of ids."""
    found = []
    for question in QUESTIONS:
        hits = index.search(question, top_k=30).hits
        found.append(
            sorted(
                ((hit.record.id, hit.passage.text, round(hit.score, 6)) for hit in hits),
                key=lambda hit: (-round(hit[2], 4), hit[0]),
            )
        )
    return found


def no_embedder() -> Embedder:
    raise AssertionError("nothing is to be embedded")


@pytest.fixture
def root(tmp_path: Path, embedder: Embedder) -> Path:
    build_index(tmp_path / "index", readings(shelf_records()), embedder, quiet)
    return tmp_path / "index"


def fresh(tmp_path: Path, embedder: Embedder, records: Sequence[Record]) -> Index:
    """An index built whole, with the vectors of the updated one: they differ a little from batch to batch."""
    shutil.copytree(tmp_path / "index", tmp_path / "fresh")
    build_index(tmp_path / "fresh", readings(records), embedder, quiet)
    return open_current(tmp_path / "fresh", embedder)


RIVER = make_record(
    id="ms1/new", parent_id="ms1/letters", title="Sleighs on the frozen river", position=20,
    breadcrumb=("Marsh family papers", "Correspondence"),
)  # fmt: skip
HARBOUR = make_record(
    id="hb",
    collection_id="hb",
    kinds=("photograph",),
    collection="Harbour photographs",
    title="Harbour photographs",
    level="collection",
)


def test_what_is_added_is_found_as_in_an_index_built_anew(
    tmp_path: Path, root: Path, embedder: Embedder
) -> None:
    records = [*shelf_records(), RIVER, HARBOUR]
    first = update(root, embedder, [*[r for r in shelf_records() if r.collection_id == "ms1"], RIVER])
    assert (first.added, first.replaced, first.removed) == (1, 0, 0)
    second = update(root, embedder, [HARBOUR])
    assert (second.added, second.manifest.records, second.manifest.collections) == (1, len(records), 3)
    index, whole = open_current(root, embedder), fresh(tmp_path, embedder, records)
    assert ask(index) == ask(whole)
    assert index.collections() == whole.collections()
    assert index.children("ms1/letters") == whole.children("ms1/letters")


def test_what_is_replaced_or_withdrawn_is_gone_and_the_rest_is_found_as_before(
    tmp_path: Path, root: Path, embedder: Embedder
) -> None:
    """Scores count what was deleted until the index is compacted; what is found, and where, does not."""
    records = [
        r for r in shelf_records() if r.collection_id == "ms1" and r.id not in ("ms1/2", "ms1/clara/0")
    ]
    records[0] = replace(records[0], text=records[0].text.replace("taught", "drew maps"))
    told = update(root, embedder, records, gone=["ph2"])
    assert (told.added, told.replaced, told.removed) == (0, 1, 4)
    assert (told.manifest.records, told.manifest.collections) == (len(records), 1)
    index, whole = open_current(root, embedder), fresh(tmp_path, embedder, records)
    assert [[hit[0] for hit in hits[:1]] for hits in ask(index)] == [
        [hit[0] for hit in hits[:1]] for hits in ask(whole)
    ]
    assert all(
        {h[0] for h in some} == {h[0] for h in other}
        for some, other in zip(ask(index), ask(whole), strict=True)
    )
    for gone in ("ms1/2", "ms1/clara/0", "ph2", "ph2/1"):
        assert index.record(gone, STAFF) is None
    assert "ms1/2" not in {r.id for r in index.children("ms1/letters", STAFF)}
    assert index.collections(STAFF) == whole.collections(STAFF)
    assert index.search("maps").passages_searched == whole.search("maps").passages_searched
    compacted = compact_index(root, lambda: embedder, quiet)
    assert compacted is not None
    assert len(compacted.parts) == 1
    assert ask(open_current(root, embedder)) == ask(whole)


def test_an_unchanged_file_makes_no_new_record_and_needs_no_embedder(root: Path) -> None:
    before = read_manifest(root / read_current(root))
    told = update_index(root, changed(readings(shelf_records())), no_embedder, quiet)
    assert (told.added, told.replaced, told.removed) == (0, 0, 0)
    assert told.manifest.records == before.records
    told = update_index(root, changed([]), no_embedder, quiet)
    assert told.manifest.version == read_current(root)


def test_withdrawing_needs_no_embedder_and_leaves_an_empty_index_usable(
    root: Path, embedder: Embedder
) -> None:
    told = update_index(root, changed([], ["ms1", "ph2", "never"]), no_embedder, quiet)
    assert (told.removed, told.manifest.records, told.manifest.passages) == (len(shelf_records()), 0, 0)
    index = open_current(root, embedder)
    assert index.search("letters of 1905").hits == ()
    assert index.collections(STAFF) == []
    update(root, embedder, shelf_records())
    assert ask(open_current(root, embedder))[0][0][0] == "ms1/1"


def test_a_parent_that_comes_back_is_its_childrens_parent_again(
    tmp_path: Path, root: Path, embedder: Embedder
) -> None:
    marsh = [record for record in shelf_records() if record.collection_id == "ms1"]
    update(root, embedder, [record for record in marsh if record.id != "ms1/clara"])
    told = update(root, embedder, marsh)
    assert (told.added, told.replaced) == (1, 3)
    compact_index(root, lambda: embedder, quiet)
    assert ask(open_current(root, embedder)) == ask(fresh(tmp_path, embedder, shelf_records()))


def test_many_small_updates_make_few_parts_and_old_parts_are_the_same_files(
    tmp_path: Path, root: Path, embedder: Embedder
) -> None:
    first = read_manifest(root / read_current(root))
    base = (root / first.version / "parts" / "000001" / "records.sqlite").stat().st_ino
    letters = [
        make_record(id=f"lt/{n}", collection_id="lt", collection="Letters", title=f"Letter {n} of the ferry company")
        for n in range(12)
    ]  # fmt: skip
    for number in range(1, 13):
        told = update(root, embedder, letters[:number])
        assert told.added == 1
        assert (told.reused, len(told.manifest.parts)) == (number - 1, 2)
    now = root / read_current(root)
    assert (now / "parts" / "000001" / "records.sqlite").stat().st_ino == base
    index = open_current(root, embedder)
    assert ask(index) == ask(fresh(tmp_path, embedder, [*shelf_records(), *letters]))
    assert {hit.record.id for hit in index.search("ferry company", top_k=12).hits} == {r.id for r in letters}
    check_files(now, told.manifest, thoroughly=True)


def test_an_update_is_seen_by_a_library_that_keeps_the_old_parts_open(root: Path, embedder: Embedder) -> None:
    library = Library(root, embedder)
    old = library.current()
    update(root, embedder, [HARBOUR])
    assert library.refresh() is True
    assert library.current().record("hb") == HARBOUR
    assert old.record("hb") is None
    for _ in range(4):  # enough to have the old folders removed from disk
        update(root, embedder, [HARBOUR, replace(HARBOUR, id=f"hb/{len(list_versions(root))}", level="item")])
        update(root, embedder, [HARBOUR])
    assert old.search("letters by William Howard Taft from 1905").hits[0].record.id == "ms1/1"


def test_another_embedder_is_refused_and_changes_nothing(root: Path, embedder: Embedder) -> None:
    class Other:
        name, dimension, digest, encode = "other", 384, "f" * 64, embedder.encode

    before = read_current(root)
    with pytest.raises(SnapshotError, match=r"built with the embedder all-MiniLM-L6-v2 .* found other"):
        update_index(root, changed([read("hb", [HARBOUR])]), Other, quiet)
    assert read_current(root) == before


def test_an_update_in_between_makes_a_compaction_void(root: Path, embedder: Embedder) -> None:
    def update_meanwhile(step: str, done: int, total: int | None = None) -> None:
        if read_manifest(root / read_current(root)).records == len(shelf_records()):
            update(root, embedder, [HARBOUR])

    assert compact_index(root, lambda: embedder, update_meanwhile) is None
    assert open_current(root, embedder).record("hb") == HARBOUR
    assert not list(root.glob("*.tmp"))


def test_compacting_twice_at_once_is_refused_and_building_goes_on_beside_it(root: Path) -> None:
    with compacting(root) as folder, building(root):
        assert folder.is_dir()
        with pytest.raises(SnapshotError, match="being compacted already"), compacting(root):
            pass


def test_when_to_compact(root: Path) -> None:
    manifest = read_manifest(root / read_current(root))
    [part] = manifest.parts
    large = replace(part, passages=100_000)

    def needs(beside: int, live: int) -> bool:
        return needs_compaction(
            replace(manifest, parts=(large, replace(part, passages=beside)), passages=live)
        )

    assert not needs(5_000, 104_000)
    assert needs(5_400, 105_400)
    assert not needs(1, 91_000)
    assert needs(1, 89_000)


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from retrieval.store import snapshot, update
from tests.retrieval.test_update import HARBOUR, changed, quiet, read
class Calls:
    def __init__(self, at): self.left = at
    def __call__(self, frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(str(Path("retrieval").resolve())):
            self.left -= 1
            if self.left == 0: os.kill(os.getpid(), signal.SIGKILL)
class Ones:
    name, dimension, digest = "ones", 384, sys.argv[3]
    def encode(self, texts): return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)
root, old = Path(sys.argv[1]), snapshot.read_current(Path(sys.argv[1]))
for at in range(1, 10**6, int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        sys.setprofile(Calls(at))
        update.update_index(root, changed([read("hb", [HARBOUR])], ["ph2"]), Ones, quiet)
        sys.setprofile(None)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    line = snapshot.read_current(root)
    print(killed, "old" if line == old else "new", flush=True)
    if line != old: break
"""


def test_an_update_killed_at_any_step_leaves_the_old_or_the_new_index(root: Path, embedder: Embedder) -> None:
    """The updating process is killed after more and more of its calls; each time CURRENT is the old index."""
    old = read_current(root)
    known = ask(open_current(root, embedder))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(root), "17", embedder.digest],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], check=True,
    )  # fmt: skip
    killed = done.stdout.splitlines()
    assert len(killed) > 15
    assert set(killed[:-1]) == {"True old"}
    assert killed[-1].endswith(" new")
    index = open_current(root, embedder)
    check_files(root / index.version, index.manifest, thoroughly=True)
    assert index.record("hb") == HARBOUR
    assert index.record("ph2") is None
    (root / "CURRENT").write_text(old)
    assert ask(open_current(root, embedder)) == known
    update(root, embedder, [HARBOUR])
    assert not list(root.glob("*.tmp"))
