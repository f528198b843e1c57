"""Size: latency, memory and updates of a large library, each measured in a process of its own.

Run by the bench as `python -m tests.bench.retrieval_scale ROOT QUESTIONS`: opens the index, asks the
questions, three rounds, and prints one line of JSON. Memory is what the process holds more after the
searches than with the embedder alone, the mapped files it touched included. With --updates N one
inventory of a line more is taken in N times, and each time the new line is asked for until it is found.

The questions are those of `retrieval_patrons`. Processor time is given beside the clock's, and beside both
what embedding the question alone takes of it: about 2 ms on an idle core, and many times that on a machine
whose memory others use as well, which then holds for all the rest too.

The library is real finding aids and copies of them (`retrieval_copies`). Its vectors are drawn from
those of the real passages: each text takes one of them by its digest and moves it a little, so that no
hour goes into embedding. Time and memory are those of real vectors; ranking is not measured on them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.embedding import Embedder, Vectors, load_embedder
from retrieval.errors import SnapshotError
from retrieval.evaluation.measures import quantile
from retrieval.index import Index
from retrieval.library import Library
from retrieval.records import Record
from retrieval.spans import of_years
from retrieval.store.builder import build_index
from retrieval.store.origins import Origin
from retrieval.store.reading import Reading
from retrieval.store.snapshot import read_current
from retrieval.store.update import update_index
from tests.bench.retrieval_asking import REPEATS
from tests.bench.retrieval_copies import enlarge
from tests.bench.retrieval_corpus import Corpus, embed
from tests.bench.retrieval_patrons import ask_as_patrons

UPDATES = 40
_POOL = 5000
"""Real vectors that those of the large libraries are drawn from, about."""
_JITTER = 0.15
"""Length of what is added to a vector: its cosine to the one drawn is about 0.99."""


@dataclass(frozen=True, slots=True)
class _OneFile:
    """What changed: one file."""

    readings: tuple[Reading, ...]
    gone: tuple[tuple[str, str], ...] = ()


class JitteredEmbedder:
    """The embedder for questions; for passages, vectors drawn from a pool and moved a little."""

    def __init__(self, embedder: Embedder, pool: Vectors) -> None:
        self.name, self.dimension, self.digest = embedder.name, embedder.dimension, embedder.digest
        self._embedder = embedder
        self._pool = pool

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(texts) < 5:
            return self._embedder.encode(texts)
        seeds = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) for text in texts]
        drawn = self._pool[[seed % len(self._pool) for seed in seeds]]
        noise = np.random.default_rng(seeds[0]).standard_normal(drawn.shape, dtype=np.float32)
        moved = drawn + noise * (_JITTER / np.sqrt(drawn.shape[1]))
        return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


def run_scale(corpus: Corpus, sizes: Sequence[int], embedder: Embedder, cache: Path) -> dict[str, object]:
    """Latency and memory at every size, on one thread at the smallest and two beyond; updates at the smallest."""
    pool = embed(corpus.bodies[:: max(1, len(corpus.bodies) // _POOL)], embedder, cache)
    questions = ask_as_patrons(corpus.records)
    told: dict[str, object] = {}
    for size in sorted(sizes):
        first = size == min(sizes)
        root = cache / f"records-{size}"
        build_enlarged(corpus.readings, size, embedder, pool, root)
        found = measure_apart(root, questions, threads=1 if first else 2, updates=UPDATES if first else 0)
        print(f"{size:,} records: " + ", ".join(f"{name} {value:.1f}" for name, value in found.items()))
        label = f"{size // 1000}k" if size < 1_000_000 else f"{size // 1_000_000}m"
        for name in ("p50_ms", "p95_ms", "p50_cpu_ms", "p95_cpu_ms", "embedding_cpu_ms"):
            told[f"{name}_{label}"] = round(found[name], 2)
        told[f"memory_mb_per_million_{label}"] = round(
            found["own_mb_per_million"] + found["mapped_mb_per_million"]
        )
        if "update_visible_p95_s" in found:
            told["update_visible_p95_s"] = round(found["update_visible_p95_s"], 3)
    return told


def build_enlarged(
    readings: Sequence[Reading], count: int, embedder: Embedder, pool: Vectors, root: Path
) -> None:
    """An index of `count` records or more with drawn vectors; kept while this program can open it."""
    try:
        Index(root / read_current(root), embedder)
        return
    except SnapshotError:
        pass
    started = time.perf_counter()
    jittered = JitteredEmbedder(embedder, pool)
    built = build_index(root, enlarge(readings, count), jittered, lambda step, done, total=None: None)
    seconds = time.perf_counter() - started
    records, passages = built.manifest.records, built.manifest.passages
    print(f"{records:,} records, {passages:,} passages written in {seconds:.0f} s", flush=True)


def measure_apart(root: Path, questions: Sequence[str], threads: int, updates: int = 0) -> dict[str, float]:
    """`measure` in a process of its own, with that many threads for numeric libraries."""
    path = root / "questions.json"
    path.write_text(json.dumps(list(questions)))
    count = str(threads)
    command = ["env", f"OMP_NUM_THREADS={count}", f"MKL_NUM_THREADS={count}", f"RAYON_NUM_THREADS={count}",
               sys.executable, "-m", "tests.bench.retrieval_scale", str(root), str(path), f"--updates={updates}"]  # fmt: skip
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def measure(root: Path, questions: Sequence[str], updates: int) -> dict[str, float]:
    """Latency over the questions, megabytes held for a million passages, seconds to open and to update."""
    embedder = load_embedder()
    embedder.encode(["letters and photographs of a family"])
    before = read_memory()
    started = time.perf_counter()
    library = Library(root, embedder)
    index = library.current()
    found: dict[str, float] = {"passages": index.manifest.passages, "open_s": time.perf_counter() - started}
    index.search("letters and photographs of a family")
    rounds = [[ask(index, question) for question in questions] for _ in range(REPEATS)]
    for place, unit in enumerate(("ms", "cpu_ms")):
        for share in (0.5, 0.95):
            times = [quantile([asked[place] for asked in one], share) for one in rounds]
            found[f"p{share * 100:.0f}_{unit}"] = quantile(times, 0.5)
    found["embedding_cpu_ms"] = quantile([time_embedding(embedder, question) for question in questions], 0.5)
    held = read_memory()
    for kind in held:
        found[f"{kind}_mb_per_million"] = (held[kind] - before[kind]) * 1e6 / index.manifest.passages
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if updates:
        times = [update_once(root, library, embedder, number) for number in range(updates)]
        found |= {"update_visible_p50_s": quantile(times, 0.5), "update_visible_p95_s": quantile(times, 0.95)}
    return found


def ask(index: Index, question: str) -> tuple[float, float]:
    """Milliseconds that one search took, its embedding included: by the clock, and of processor time.

    The second moves little on a machine that others use too.
    """
    started, worked = time.perf_counter(), time.process_time()
    index.search(question)
    return (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000


def time_embedding(embedder: Embedder, question: str) -> float:
    """Milliseconds of processor time to embed a question."""
    worked = time.process_time()
    embedder.encode([question])
    return (time.process_time() - worked) * 1000


def update_once(root: Path, library: Library, embedder: Embedder, number: int) -> float:
    """Seconds from the start of an update of one changed file until its new record is found."""
    word = "Quillfeather" + "".join(chr(97 + int(digit)) for digit in f"{number:03}")
    record = Record(
        id=f"bench/{number}", collection_id="bench", level="item", title=f"Amos {word} to the harbour board",
        collection="Bench inventory", dates="1911", spans=of_years((1911, 1911)), container=f"Box {number + 1}",
    )  # fmt: skip
    reading = Reading(
        Path(f"bench-{number}.csv"), "csv", (record,), origin=Origin(source="bench", name=f"{number}.csv")
    )
    started = time.perf_counter()
    update_index(
        root, lambda catalog: _OneFile((reading,)), lambda: embedder, lambda step, done, total=None: None
    )
    library.refresh()
    hits = library.current().search(f"letters from Amos {word}", top_k=1).hits
    if not hits or hits[0].record.id != record.id:
        raise SystemExit(f"the update of {record.title} is not found")
    return time.perf_counter() - started


def read_memory() -> dict[str, float]:
    """Megabytes this process holds now: its own, and pages of mapped files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, files = (int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return {"own": own, "mapped": files}


def main() -> int:
    """Measure one index and print one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--updates", type=int, default=0)
    arguments = parser.parse_args()
    questions = json.loads(arguments.questions.read_text())
    print(json.dumps(measure(arguments.root, questions, arguments.updates)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
