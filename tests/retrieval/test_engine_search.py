"""The whole way over an engine: build, search, update, withdraw, compact, go back, restart, and an engine away."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from qdrant_client import QdrantClient

from retrieval.asked.questions import Question
from retrieval.audience import STAFF, Audience
from retrieval.backends.address import open_engine
from retrieval.backends.engine import Candidates, Place, SearchEngine
from retrieval.backends.mirror import GIVEN, EngineMirror, name_part
from retrieval.backends.opensearch import OpenSearchEngine
from retrieval.backends.qdrant import QdrantEngine
from retrieval.embedding import Embedder
from retrieval.errors import SearchEngineError
from retrieval.index import Index
from retrieval.library import Library
from retrieval.records import Record
from retrieval.store.builder import build_index
from retrieval.store.compaction import compact_index
from retrieval.store.lexical import Scope
from retrieval.store.snapshot import KEEP, list_versions, read_current, read_manifest
from retrieval.store.update import Updated, update_index
from tests.retrieval.opensearch_server import OpenSearchServer
from tests.retrieval.shelf import shelf_records
from tests.retrieval.test_update import HARBOUR, RIVER, changed, quiet, readings

BEST = {
    "Do you have letters by William Howard Taft from 1905?": "ms1/1",
    "What did Ellen Marsh write in 1905?": "ms1/3",
    "the flood at the mill": "ms1/3",
    "Where was Ellen Marsh born?": "ms1",
    "pictures of Otto Vance": "ph2/1",
    "Clara Wadley's letters from autumn 1905": "ms1/clara/2",
    "what is in box 2 folder 4": "ms1/4",
    "trains that stopped in the railway strike": "ms1/4",
    "photographs of the town band": "ph2",
}
"""Questions and the record that the index on disk gives first."""


@pytest.fixture(params=["qdrant", "opensearch"])
def engine(request: pytest.FixtureRequest) -> Iterator[SearchEngine]:
    if request.param == "qdrant":
        yield QdrantEngine(QdrantClient(":memory:"), "shelf")
        return
    with serve(OpenSearchServer()) as server, connect(server) as client:
        yield OpenSearchEngine(client, "shelf")


class serve:
    """A server that answers until the block ends."""

    def __init__(self, server: OpenSearchServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> OpenSearchServer:
        self._thread.start()
        return self._server

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def connect(server: OpenSearchServer) -> httpx.Client:
    return httpx.Client(base_url=server.address, trust_env=False)


@pytest.fixture
def root(tmp_path: Path, embedder: Embedder, engine: SearchEngine) -> Path:
    build(tmp_path / "index", embedder, engine)
    return tmp_path / "index"


def build(root: Path, embedder: Embedder, engine: SearchEngine, records: list[Record] | None = None) -> int:
    mirror = EngineMirror(engine)
    build_index(root, readings(records or shelf_records()), embedder, quiet, mirror)
    return mirror.pushed


def update(
    root: Path, embedder: Embedder, engine: SearchEngine, records: list[Record], gone: tuple[str, ...] = ()
) -> tuple[Updated, int]:
    mirror = EngineMirror(engine)
    updated = update_index(root, changed(readings(records), gone), lambda: embedder, quiet, mirror)
    return updated, mirror.pushed


def open_index(root: Path, embedder: Embedder, engine: SearchEngine | None = None) -> Index:
    return Index(root / read_current(root), embedder, engine=engine)


def find(index: Index, question: str, **options: object) -> list[str]:
    return [hit.record.id for hit in index.search(question, **options).hits]  # type: ignore[arg-type]


def held(root: Path, engine: SearchEngine) -> list[int]:
    """How many passages of each part of the snapshot in use the engine has."""
    manifest = read_manifest(root / read_current(root))
    return [engine.count(name_part(manifest, part.name)) for part in manifest.parts]


def of(*ids: str) -> list[Record]:
    return [record for record in shelf_records() if record.collection_id in ids]


def test_an_engine_gives_the_hits_that_the_index_here_gives(
    root: Path, embedder: Embedder, engine: SearchEngine
) -> None:
    here, there = open_index(root, embedder), open_index(root, embedder, engine)
    assert {question: find(here, question)[0] for question in BEST} == BEST
    assert {question: find(there, question)[0] for question in BEST} == BEST
    both = [(here.search(question), there.search(question)) for question in BEST]
    assert all((one.found, one.matches) == (other.found, other.matches) for one, other in both)
    for one, other in both:  # meaning is compared by the same vectors, so its figures are the same
        near, same = (
            {hit.passage.id: hit.why.dense for hit in result.hits if hit.why and hit.why.dense}
            for result in (one, other)
        )
        assert near.keys() & same.keys()
        for passage in near.keys() & same.keys():
            assert same[passage] == pytest.approx(near[passage], abs=1e-3)


def test_the_vectors_here_are_not_even_opened(root: Path, embedder: Embedder, engine: SearchEngine) -> None:
    index = open_index(root, embedder, engine)
    for path in (root / index.version).rglob("vectors.faiss"):
        path.write_bytes(b"")
    assert find(index, "the flood at the mill")[0] == "ms1/3"


def test_an_update_gives_the_engine_only_what_changed(
    root: Path, embedder: Embedder, engine: SearchEngine
) -> None:
    passages = read_manifest(root / read_current(root)).passages
    assert held(root, engine) == [passages]
    assert update(root, embedder, engine, [*of("ms1"), RIVER])[1] == 1
    assert held(root, engine) == [passages, 1]
    index = open_index(root, embedder, engine)
    assert find(index, "sleighs on the frozen river")[0] == "ms1/new"
    flood = replace(shelf_records()[4], text="The avalanche above the quarry.")
    records = [flood if record.id == "ms1/3" else record for record in of("ms1")]
    updated, pushed = update(root, embedder, engine, [*records, RIVER])
    assert (updated.replaced, pushed) == (1, 2)  # the small part is written again with what is new
    index = open_index(root, embedder, engine)
    assert find(index, "an avalanche at the quarry")[0] == "ms1/3"
    assert (
        index.search("an avalanche at the quarry").hits[0].passage.text == "The avalanche above the quarry."
    )
    assert update(root, embedder, engine, [*records, RIVER])[1] == 0


def test_what_is_withdrawn_is_gone_at_once_and_later_from_the_engine_too(
    root: Path, embedder: Embedder, engine: SearchEngine
) -> None:
    assert find(open_index(root, embedder, engine), "photographs of the town band")[0] == "ph2"
    passages = read_manifest(root / read_current(root)).passages
    update(root, embedder, engine, [], gone=("ph2",))
    index = open_index(root, embedder, engine)
    for question in ("photographs of the town band", "Parade on Main Street", "Otto Vance"):
        assert not {"ph2", "ph2/1"} & set(find(index, question, top_k=50, audience=STAFF))
    assert held(root, engine)[0] == passages  # the snapshots before this one may still be gone back to
    for number in range(KEEP):
        update(root, embedder, engine, [*of("ms1"), replace(RIVER, text=f"Winter {number}")])
    assert held(root, engine)[0] == passages - 2


def test_each_snapshot_is_searched_by_its_own_numbers(
    root: Path, embedder: Embedder, engine: SearchEngine
) -> None:
    before = open_index(root, embedder, engine)
    first = read_current(root)
    answers = {question: find(before, question) for question in BEST}

    def answers_as_before(index: Index) -> bool:
        """The same records and the same one first; engines count how rare words are over all that they hold."""
        found = {question: find(index, question) for question in BEST}
        return all(set(found[one]) == set(answers[one]) and found[one][0] == answers[one][0] for one in BEST)

    update(root, embedder, engine, [HARBOUR], gone=("ms1",))
    assert compact_index(root, lambda: embedder, quiet, EngineMirror(engine))
    after = open_index(root, embedder, engine)
    assert len(after.manifest.parts) == 1
    assert find(after, "harbour photographs")[0] == "hb"
    assert not any(name.startswith("ms1") for question in BEST for name in find(after, question, top_k=50))
    assert answers_as_before(before)
    (root / "CURRENT").write_text(f"{first}\n")  # going back needs nothing
    assert answers_as_before(open_index(root, embedder, engine))


def test_what_no_snapshot_has_any_more_leaves_the_engine(
    root: Path, embedder: Embedder, engine: SearchEngine
) -> None:
    manifest = read_manifest(root / read_current(root))
    first = name_part(manifest, manifest.parts[0].name)
    for number in range(KEEP):
        build(root, embedder, engine, [*shelf_records(), replace(RIVER, text=f"Winter {number}")])
    assert len(list_versions(root)) == KEEP
    assert engine.count(first) == 0
    assert first not in engine.sealed()
    assert len(engine.sealed()) == KEEP == len(list((root / GIVEN).iterdir()))
    assert find(open_index(root, embedder, engine), "the flood at the mill")[0] == "ms1/3"


def test_libraries_that_share_an_engine_leave_each_other_alone(
    root: Path, tmp_path: Path, embedder: Embedder, engine: SearchEngine
) -> None:
    other = tmp_path / "other"
    build(other, embedder, engine, [HARBOUR])
    for number in range(KEEP):
        build(other, embedder, engine, [replace(HARBOUR, text=f"Quay {number}")])
    assert find(open_index(root, embedder, engine), "the flood at the mill")[0] == "ms1/3"
    assert find(open_index(other, embedder, engine), "the flood at the mill", top_k=50) == ["hb"]


CLOSED = replace(
    shelf_records()[4], id="ms1/closed", title="Ellen Marsh, medical file", text="The physician's notes on fever.",
    withheld_until="2030-01-01", position=30,
)  # fmt: skip
TODAY, LATER = Audience(today=date(2026, 11, 21)), Audience(today=date(2030, 1, 2))


class Leaky(QdrantEngine):
    """An engine whose filter fails."""

    def gather(
        self, question: Question, vector: NDArray[np.float32], k: int, scope: Scope, parts: Sequence[str],
        only: Sequence[Place] = (),
    ) -> Candidates:  # fmt: skip
        return super().gather(question, vector, k, Scope(), parts, only)


@pytest.mark.parametrize("kind", [QdrantEngine, Leaky])
def test_closed_records_never_come_back(tmp_path: Path, embedder: Embedder, kind: type[QdrantEngine]) -> None:
    engine = kind(QdrantClient(":memory:"), "shelf")
    build(tmp_path, embedder, engine, [*shelf_records(), CLOSED])
    index = open_index(tmp_path, embedder, engine)
    asked = "the physician's notes on the fever of Ellen Marsh"
    assert find(index, asked, audience=STAFF)[0] == "ms1/closed"
    assert find(index, asked, audience=LATER)[0] == "ms1/closed"
    for question in (asked, "medical file", "fever", *BEST):
        assert "ms1/closed" not in find(index, question, top_k=50, audience=TODAY)


KILLED = """
import os, signal, sys
from pathlib import Path
from qdrant_client import QdrantClient
from retrieval.backends.mirror import EngineMirror
from retrieval.backends.qdrant import QdrantEngine
from retrieval.embedding import load_embedder
from retrieval.store.update import update_index
from tests.retrieval.test_update import HARBOUR, changed, quiet, readings

class Dying(QdrantEngine):
    def seal(self, part):
        os.kill(os.getpid(), signal.SIGKILL)

engine = Dying(QdrantClient(path=sys.argv[2]), "reading-room")
update_index(Path(sys.argv[1]), changed(readings([HARBOUR])), load_embedder, quiet, EngineMirror(engine))
"""


def test_an_update_killed_while_the_engine_is_given_its_passages(tmp_path: Path, embedder: Embedder) -> None:
    root, folder = tmp_path / "index", tmp_path / "engine"
    engine = open_engine(f"qdrant:{folder}")
    build(root, embedder, engine)
    engine.close()
    done = subprocess.run([sys.executable, "-c", KILLED, root, folder], capture_output=True, timeout=120)
    assert done.returncode == -9, done.stderr.decode()[-2000:]
    engine = open_engine(f"qdrant:{folder}")  # and so does a restart of the service
    index = open_index(root, embedder, engine)
    assert {question: find(index, question)[0] for question in BEST} == BEST
    assert "hb" not in find(index, "harbour photographs", top_k=50)
    (left_over,) = {path.name for path in (root / GIVEN).iterdir()} - engine.sealed()
    assert engine.count(left_over) == 1
    update(root, embedder, engine, [HARBOUR])
    assert find(open_index(root, embedder, engine), "harbour photographs")[0] == "hb"
    assert {path.name for path in (root / GIVEN).iterdir()} == engine.sealed()
    engine.close()


def test_an_engine_that_is_away_is_told_and_comes_back(tmp_path: Path, embedder: Embedder) -> None:
    server = OpenSearchServer()
    port, kept = server.server_address[1], server
    with serve(server), connect(server) as client:
        build(tmp_path, embedder, OpenSearchEngine(client, "shelf"))
    engine = open_engine(f"opensearch+http://127.0.0.1:{port}/shelf")
    library = Library(tmp_path, embedder, engine=engine)
    assert library.current().record("ms1/3") is not None  # what is read here is there all the same
    with pytest.raises(SearchEngineError, match=f"see that it runs at http://127.0.0.1:{port}"):
        library.current().search("the flood at the mill")
    library.look()
    assert f"see that it runs at http://127.0.0.1:{port}" in library.problem
    with pytest.raises(SearchEngineError):
        update(tmp_path, embedder, engine, [HARBOUR])
    assert len(list_versions(tmp_path)) == 1  # what the engine has not is not switched to
    emptied = OpenSearchServer(port)
    with serve(emptied):
        with pytest.raises(SearchEngineError, match="has 0 of 1 parts .* run: reading-room index push"):
            library.current().search("the flood at the mill")
        emptied.mappings, emptied.written, emptied.seen = kept.mappings, kept.written, kept.seen
        library.look()
        assert library.problem == ""
        assert find(library.current(), "the flood at the mill")[0] == "ms1/3"
        emptied.mappings, emptied.written, emptied.seen = {}, {}, {}
        with pytest.raises(SearchEngineError, match="index_not_found_exception|no such index"):
            library.current().search("the flood at the mill")
        with pytest.raises(SearchEngineError, match="has 0 of 1 parts"):
            library.current().search("the flood at the mill")
    engine.close()


ALONE = """
import sys
from pathlib import Path
asked = []
sys.addaudithook(lambda event, args: asked.append(args[1]) if event == "socket.connect" else None)
sys.addaudithook(lambda event, args: asked.append(args[:2]) if event == "socket.getaddrinfo" else None)
from retrieval.backends.address import open_engine
from retrieval.backends.mirror import EngineMirror
from retrieval.embedding import load_embedder
from retrieval.index import Index
from retrieval.store.builder import build_index
from retrieval.store.snapshot import read_current
from tests.retrieval.shelf import shelf_records
from tests.retrieval.test_update import quiet, readings
root, engine = Path(sys.argv[1]), open_engine(f"qdrant:{sys.argv[2]}")
build_index(root, readings(shelf_records()), load_embedder(), quiet, EngineMirror(engine))
index = Index(root / read_current(root), load_embedder(), engine=engine)
print(index.search("the flood at the mill").hits[0].record.id, asked)
engine.close()
open_engine("qdrant+http://127.0.0.1:9/x")
import time; time.sleep(0.2)
print(asked)
"""


def test_qdrant_s_client_asks_nobody_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, tmp_path / "index", tmp_path / "q"], capture_output=True, timeout=120
    )
    assert done.stdout.decode().splitlines() == ["ms1/3 []", "[]"], done.stderr.decode()[-2000:]


@pytest.mark.parametrize(
    "address",
    ["qdrant:", "qdrant+ftp://h/x", "elastic+http://h/x", "http://h/x", "opensearch+http://", "qdrant+http://h/A B",
     "qdrant+http://h/../x", "opensearch+https://me:secret@h/x", "nothing"],
)  # fmt: skip
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(SearchEngineError, match="expected qdrant\\+http://HOST:6333/NAME") as told:
        open_engine(address)
    assert "secret" not in str(told.value)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # qdrant-client leaves its lock file
def test_a_folder_that_another_process_has_open_is_told(tmp_path: Path) -> None:
    engine = open_engine(f"qdrant:{tmp_path / 'q'}")
    with pytest.raises(SearchEngineError, match="end the other process that uses it, or use a Qdrant server"):
        open_engine(f"qdrant:{tmp_path / 'q'}")
    engine.close()
