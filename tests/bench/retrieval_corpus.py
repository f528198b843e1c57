"""What the systems of the retrieval bench search: records, their passages, and vectors kept between runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Embedder, Vectors
from retrieval.implied.enrichment import enrich_all
from retrieval.passages import cut_record, render_body, render_breadcrumb
from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, read_sources
from retrieval.store.reading import Reading

DEMO = Path(__file__).parents[2] / "demo"


@dataclass(frozen=True)
class Corpus:
    """Records as read, and the passages that every system is given: the same cuts, in the same order.

    `owner` has one row per passage, the place of its record. `bodies` are heading and text of each
    passage, `placed` the same led by the titles above it; rivals are tried on both.
    """

    readings: tuple[Reading, ...]

    @cached_property
    def records(self) -> list[Record]:
        """Every record, in reading order, with what enrichment adds."""
        return [record for reading in self.readings for record in enrich_all(reading.records)]

    @cached_property
    def places(self) -> dict[str, int]:
        """Record id to its place in `records`."""
        return {record.id: place for place, record in enumerate(self.records)}

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        return np.array([place for place, _, _ in self._passages], dtype=np.int64)

    @cached_property
    def bodies(self) -> list[str]:
        return [body for _, body, _ in self._passages]

    @cached_property
    def placed(self) -> list[str]:
        return [f"{above} > {body}" if above else body for _, body, above in self._passages]

    @cached_property
    def _passages(self) -> list[tuple[int, str, str]]:
        return [
            (place, render_body(record, passage), render_breadcrumb(record))
            for place, record in enumerate(self.records)
            for passage in cut_record(record)
        ]


def read_corpus(paths: Sequence[Path]) -> Corpus:
    """All files under `paths`; an item without a container takes the one before it, as the files mean it."""
    return Corpus(tuple(read_sources(paths, SourceOptions(carry_containers=True))))


def read_documents(path: Path) -> Corpus:
    """A public test collection, one JSON object {id, title, text} on each line, as plain records."""
    records = []
    for line in path.read_text("utf-8").splitlines():
        document = json.loads(line)
        records.append(
            Record(
                id=str(document["id"]), collection_id=path.parent.name, level="item", title=document["title"],
                collection=path.parent.name, text=document["text"], source=path.name,
            )
        )  # fmt: skip
    return Corpus((Reading(path, "plain", tuple(records)),))


def embed(texts: Sequence[str], embedder: Embedder, cache: Path) -> Vectors:
    """Vectors of texts; what this model has embedded before is read from `cache`, by the text's digest."""
    name = hashlib.sha256(embedder.digest.encode()).hexdigest()[:12]
    path = cache / f"vectors-{name}.npz"
    known: dict[bytes, Vectors] = {}
    if path.is_file():
        stored = np.load(path)
        known = dict(zip((bytes(key) for key in stored["keys"]), stored["vectors"], strict=True))
    keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        ordered = sorted(missing, key=lambda key: len(missing[key]))
        for start in range(0, len(ordered), _SLICE):
            part = ordered[start : start + _SLICE]
            known |= zip(part, embedder.encode([missing[key] for key in part]), strict=True)
        cache.mkdir(parents=True, exist_ok=True)
        all_keys = np.frombuffer(b"".join(known), dtype=np.uint8).reshape(-1, 16)
        np.savez(path, keys=all_keys, vectors=np.stack(list(known.values())))
    return np.ascontiguousarray([known[key] for key in keys], dtype=np.float32)


_SLICE = 2048
