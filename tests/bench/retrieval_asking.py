"""One way to ask every system: questions in, places of records out, with the time that each took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Embedder
from retrieval.evaluation.measures import quantile
from retrieval.index import Index
from retrieval.store.builder import build_index
from retrieval.store.snapshot import read_current
from tests.bench.retrieval_corpus import Corpus, embed
from tests.bench.retrieval_rivals import DEPTH, System, make_rivals

REPEATS = 3
OURS = "ours"

Ask = Callable[[str], list[int]]
"""A question to places of records in the corpus, best first, each record once."""
Variants = dict[str, tuple[list[str], NDArray[np.int64]]]
"""Texts to search and the place of the record that each belongs to, by name."""


@dataclass(slots=True)
class Asked:
    """What one system gave: the places of records per question, and milliseconds of every repeat."""

    found: list[list[int]]
    milliseconds: list[list[float]] = field(default_factory=list)

    def latency(self, share: float) -> float:
        """Median over the repeats of that quantile of the questions."""
        return quantile([quantile(times, share) for times in self.milliseconds], 0.5)


def build_ours(corpus: Corpus, root: Path, embedder: Embedder) -> Index:
    """Our index over a corpus; vectors are taken over from the run before."""
    build_index(root, corpus.readings, embedder, lambda step, done, total=None: None)
    return Index(root / read_current(root), embedder)


def ask_index(index: Index, corpus: Corpus, depth: int = DEPTH) -> Ask:
    """Our search; a hit counts as its own record and as those merged into it."""

    def ask(question: str) -> list[int]:
        hits = index.search(question, top_k=depth).hits
        return [
            corpus.places[record.id]
            for hit in hits
            for record in (hit.record, *hit.also)
            if record.id in corpus.places
        ]

    return ask


def ask_system(system: System, owner: NDArray[np.int64], depth: int = DEPTH) -> Ask:
    """A rival's passages folded to records by the best passage of each; `owner` is a passage's record."""

    def ask(question: str) -> list[int]:
        return list(dict.fromkeys(int(owner[number]) for number in system.search(question, depth)))

    return ask


def gather_systems(
    corpus: Corpus, index: Index, rival_embedder: Embedder | None, cache: Path, more: Variants | None = None
) -> dict[str, Ask]:
    """Ours and, where there is an embedder for them, every rival.

    Rivals are tried over the passages alone and over passages led by the titles above them, and over
    `more`, other ways to cut the same records, by a name that is added to theirs.
    """
    systems: dict[str, Ask] = {OURS: ask_index(index, corpus)}
    if rival_embedder is None:
        return systems
    variants: Variants = {"": (corpus.bodies, corpus.owner), **(more or {})}
    if corpus.placed != corpus.bodies:
        variants["+titles"] = (corpus.placed, corpus.owner)
    for name, (texts, owner) in variants.items():
        made = make_rivals(texts, embed(texts, rival_embedder, cache), rival_embedder)
        systems |= {f"{rival}{name}": ask_system(system, owner) for rival, system in made.items()}
    return systems


def ask_all(systems: dict[str, Ask], questions: Sequence[str], repeats: int = REPEATS) -> dict[str, Asked]:
    """Every question to every system, `repeats` times in turn, starting with another one each time."""
    names = list(systems)
    for name in names:
        systems[name]("letters and photographs of a family")  # loads what is loaded at the first search
    asked = {name: Asked([]) for name in names}
    for turn in range(repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found, times = [], []
            for question in questions:
                started = time.perf_counter()
                found.append(systems[name](question))
                times.append((time.perf_counter() - started) * 1000)
            asked[name].found = found
            asked[name].milliseconds.append(times)
    return asked
