"""How soon an update is seen, at a given number of passages: `python -m tests.bench.updates FOLDER PASSAGES`.

The records of FOLDER are copied under other ids until there are PASSAGES, in files of about 100 records.
One process holds a Library, as the gateway does, and looks for a new snapshot every 10 ms; another one
updates the index file by file. Vectors are made up, so that what is measured is the index and not the
embedding of the few passages that changed. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from retrieval.embedding import Vectors
from retrieval.library import Library
from retrieval.passages import cut_record
from retrieval.records import Record
from retrieval.sources.reading import read_sources
from retrieval.store.builder import build_index
from retrieval.store.compaction import compact_index
from retrieval.store.origins import Origin
from retrieval.store.reading import Reading
from retrieval.store.snapshot import read_current, read_manifest
from retrieval.store.update import update_index

FILE = 100
ROUNDS = 60


class MadeUp:
    """Unit vectors from a digest of each text."""

    name, dimension, digest = "made up", 384, "0" * 64

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.empty((len(texts), 384), dtype=np.float32)
        for place, text in enumerate(texts):
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
            rows[place] = np.random.default_rng(seed).standard_normal(384, dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


@dataclass(frozen=True)
class Changed:
    readings: Sequence[Reading]
    gone: Sequence[tuple[str, str]] = ()


def quiet(step: str, done: int, total: int | None = None) -> None:
    pass


def copy_records(folder: Path, passages: int) -> Iterator[list[Record]]:
    """Files of records, until they have this many passages."""
    records = [record for reading in read_sources([folder]) for record in reading.records]
    sizes = [len(cut_record(record)) for record in records]
    made, copy = 0, 0
    while made < passages:
        for start in range(0, len(records), FILE):
            if made >= passages:
                return
            made += sum(sizes[start : start + FILE])
            yield [rename(record, copy) for record in records[start : start + FILE]]
        copy += 1


def rename(record: Record, copy: int) -> Record:
    if not copy:
        return record
    collection, slash, rest = record.id.partition("/")
    parent, parent_slash, parent_rest = record.parent_id.partition("/")
    return replace(
        record,
        id=f"{collection}-c{copy}{slash}{rest}",
        collection_id=f"{record.collection_id}-c{copy}",
        parent_id=f"{parent}-c{copy}{parent_slash}{parent_rest}" if parent else "",
    )


def read_as(number: int, records: Sequence[Record]) -> Reading:
    origin = Origin(source="bench", name=f"{number}.xml")
    return Reading(Path(f"{number}.xml"), "ead2002", tuple(records), origin=origin)


def change(records: Sequence[Record], mark: str, count: int) -> list[Record]:
    """The records with the titles of some of them changed."""
    return [replace(r, title=f"{r.title} {mark}") if n < count else r for n, r in enumerate(records)]


def keep_updating(root: Path, jobs: Connection) -> None:
    """The updating process: one update for each job."""
    while (job := jobs.recv()) is not None:
        started = time.perf_counter()
        update_index(root, partial(_find, Changed(*job)), MadeUp, quiet)
        jobs.send((time.perf_counter() - started, peak_memory()))


def _find(files: Changed, _catalog: object) -> Changed:
    return files


def peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def time_updates(
    root: Path, library: Library, files: Sequence[Sequence[Record]], jobs: Connection
) -> tuple[list[float], float, float]:
    """Seconds until each update was seen: three records changed in one file, or a file withdrawn."""
    seen: list[float] = []
    peak = 0.0
    for number in range(ROUNDS):
        place = (number * 37) % len(files)
        withdraw = number % 5 == 4
        reading = read_as(place, change(files[place], f"round {number}", 3))
        started = time.perf_counter()
        jobs.send(((), [("bench", f"{place}.xml")]) if withdraw else ((reading,),))
        while not library.refresh():
            time.sleep(0.01)
        seen.append(time.perf_counter() - started)
        index = library.current()
        found = index.record(reading.records[0].id)
        assert (found is None) if withdraw else (found is not None and f"round {number}" in found.title)
        peak = jobs.recv()[1]
    some = len(files) // 100 or 1
    one_percent = [read_as(place, change(files[place], "all", FILE)) for place in range(0, some)]
    started = time.perf_counter()
    jobs.send((one_percent,))
    while not library.refresh():
        time.sleep(0.01)
    return seen, time.perf_counter() - started, max(peak, jobs.recv()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("passages", type=int)
    args = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="updates-"))
    files = list(copy_records(args.folder, args.passages))
    started = time.perf_counter()
    build_index(root, (read_as(n, records) for n, records in enumerate(files)), MadeUp(), quiet)
    built, build_peak = time.perf_counter() - started, peak_memory()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    updater = multiprocessing.get_context("spawn").Process(target=keep_updating, args=(root, theirs))
    updater.start()
    try:
        started = time.perf_counter()
        library = Library(root, MadeUp())
        library.refresh()
        opened = time.perf_counter() - started
        seen, one_percent, peak = time_updates(root, library, files, ours)
        ours.send(None)
        parts = len(read_manifest(root / read_current(root)).parts)
        started = time.perf_counter()
        compact_index(root, MadeUp, quiet)
        compacted = time.perf_counter() - started
    finally:
        updater.terminate()
        updater.join()
        shutil.rmtree(root)
    p50, p95 = np.percentile(seen, [50, 95])
    print(
        json.dumps(
            {
                "passages": library.current().manifest.passages,
                "build_seconds": round(built, 1),
                "build_peak_mb": round(build_peak),
                "open_ms": round(1000 * opened),
                "visible_p50_ms": round(1000 * p50),
                "visible_p95_ms": round(1000 * p95),
                "one_percent_seconds": round(one_percent, 2),
                "parts": parts,
                "updater_peak_mb": round(peak),
                "compact_seconds": round(compacted, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
