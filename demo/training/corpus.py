"""The open corpus as it is trained on: archival records, questions by people, prose; with parts kept out.

Three files in one folder, made by `write_bundle` from the corpus that SOURCES.md describes. Each is held in
memory as one block of bytes with the places of its lines, which worker processes share after a fork.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

ARCHIVAL, READING, PROSE = "archival.jsonl.xz", "reading.jsonl.xz", "prose.txt.xz"
UNUSED = ("synthetic-template", "strategyqa", "qmsum")
"""Sources of reading.jsonl left out: fields of records, which lessons ask for afresh in the product's own
prompt; questions that need knowledge of the world; summaries of talks many pages long."""
RUN = 400
"""Records of one museum that count as a collection of their own."""
KEPT_OUT = 25
"""One collection, text or passage in so many is kept out of training."""

_GAP = b"\n\x1e\n"


def is_kept_out(key: str) -> bool:
    """Whether what goes by this name belongs to the exam and not to training."""
    return crc32(key.encode()) % KEPT_OUT == 0


@dataclass(frozen=True, slots=True)
class Lines:
    """Pieces of a block of bytes: `starts` (n + 1) are their places, separators of `gap` bytes between."""

    block: bytes
    starts: NDArray[np.int64]
    gap: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> bytes:
        return self.block[self.starts[index] : self.starts[index + 1] - self.gap]


@dataclass(frozen=True, slots=True)
class Corpus:
    """All texts, and which of them may be seen: `runs` are [start, stop) of archival records that belong
    together, `asked` lines of questions over one passage; each split into training and exam."""

    archival: Lines
    reading: Lines
    prose: Lines
    runs: NDArray[np.int64]
    exam_runs: NDArray[np.int64]
    asked: NDArray[np.int64]
    exam_asked: NDArray[np.int64]
    documents: NDArray[np.int64]

    def neighbours(self, rng: Random, size: int, *, exam: bool = False) -> list[dict[str, str]]:
        """Up to `size` records that stand next to each other in one collection."""
        start, stop = _pick(self.exam_runs if exam else self.runs, rng)
        first = rng.randrange(start, max(start, stop - size) + 1)
        return [json.loads(self.archival[i]) for i in range(first, min(stop, first + size))]

    def questions(self, rng: Random, *, exam: bool = False) -> list[dict[str, object]]:
        """The questions that people put to one passage."""
        groups = self.exam_asked if exam else self.asked
        start, stop = groups[rng.randrange(len(groups))]
        return [json.loads(self.reading[i]) for i in range(start, stop)]

    def prose_piece(self, rng: Random, size: int) -> str:
        """About `size` bytes of one prose document, from a paragraph's start."""
        start, stop = _pick(self.documents, rng)
        first = rng.randrange(start, max(start, stop - size) + 1)
        at = self.prose.block.find(b"\n", first, stop)
        begin = at + 1 if start < first and at >= 0 else first
        return self.prose.block[begin : min(stop, begin + size)].decode("utf-8", "ignore")


def load_corpus(folder: Path) -> Corpus:
    """Read the three files; takes seconds and 400 MB."""
    archival = _read_lines(folder / ARCHIVAL, b"\n")
    reading = _read_lines(folder / READING, b"\n")
    prose = _read_lines(folder / PROSE, _GAP)
    runs = list(_find_runs(archival))
    asked = list(_find_passages(reading))
    documents = [
        (prose.starts[i], prose.starts[i + 1] - prose.gap, not is_kept_out(_name(prose[i])))
        for i in range(len(prose))
    ]
    return Corpus(
        archival,
        reading,
        prose,
        _spans(runs, seen=True),
        _spans(runs, seen=False),
        _spans(asked, seen=True),
        _spans(asked, seen=False),
        _spans(documents, seen=True),
    )


def write_bundle(source: Path, target: Path) -> None:
    """Copy the corpus to a folder that travels: of the questions, only those that are used."""
    target.mkdir(parents=True, exist_ok=True)
    for name in (ARCHIVAL, PROSE):
        (target / name).write_bytes((source / name).read_bytes())
    with lzma.open(source / READING, "rb") as lines, lzma.open(target / READING, "wb") as kept:
        for line in lines:
            if not json.loads(line)["source"].startswith(UNUSED):
                kept.write(line)


def _read_lines(path: Path, gap: bytes) -> Lines:
    block = lzma.decompress(path.read_bytes())
    block = block if block.endswith(gap) else block + gap
    ends = [found.end() for found in re.finditer(re.escape(gap), block)]
    return Lines(block, np.array([0, *ends], dtype=np.int64), len(gap))


Span = tuple[int, int, bool]


def _find_runs(archival: Lines) -> Iterator[Span]:
    """[start, stop) of each collection's records with whether it may be seen in training."""
    start, name = 0, ""
    for index in range(len(archival)):
        row = json.loads(archival[index])
        crumbs = row["breadcrumb"].split(" > ")
        this = " > ".join(crumbs[:2])
        if row["source"].split("/")[0] in ("cmoa", "tategallery", "wcmaart", "NationalGalleryOfArt"):
            this = f"{row['source']} {index // RUN}"
        if this != name:
            if index > start:
                yield start, index, not is_kept_out(name)
            start, name = index, this
    yield start, len(archival), not is_kept_out(name)


def _find_passages(reading: Lines) -> Iterator[Span]:
    start, name = 0, ""
    for index in range(len(reading)):
        row = json.loads(reading[index])
        this = row["source"] + row["context"][:200]
        if this != name:
            if index > start:
                yield start, index, not is_kept_out(name)
            start, name = index, this
    yield start, len(reading), not is_kept_out(name)


def _spans(spans: list[Span], *, seen: bool) -> NDArray[np.int64]:
    chosen = [(start, stop) for start, stop, may_be_seen in spans if may_be_seen == seen]
    return np.array(chosen, dtype=np.int64).reshape(-1, 2)


def _pick(spans: NDArray[np.int64], rng: Random) -> tuple[int, int]:
    """A span, the longer the likelier."""
    lengths = np.cumsum(spans[:, 1] - spans[:, 0])
    index = int(np.searchsorted(lengths, rng.randrange(int(lengths[-1])), side="right"))
    return int(spans[index, 0]), int(spans[index, 1])


def _name(document: bytes) -> str:
    return document[:80].decode("utf-8", "ignore")
