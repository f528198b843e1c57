"""One way to ask every system: questions in, places of records out, with the time that each took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.builder import build_index
from retrieval.embedding import Embedder
from retrieval.index import Index
from retrieval.measures import quantile
from retrieval.snapshot import read_current
from tests.bench.retrieval_corpus import Corpus, embed
from tests.bench.retrieval_rivals import DEPTH, System, make_rivals

REPEATS = 3
OURS = "ours"

Ask = Callable[[str], list[int]]
"""A question to places of records in the corpus, best first, each record once."""


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


def ask_system(system: System, corpus: Corpus, depth: int = DEPTH) -> Ask:
    """A rival's passages folded to records by the best passage of each."""

    def ask(question: str) -> list[int]:
        return list(dict.fromkeys(int(corpus.owner[number]) for number in system.search(question, depth)))

    return ask


def gather_systems(
    corpus: Corpus, index: Index, embedder: Embedder, cache: Path, *, rivals: bool
) -> dict[str, Ask]:
    """Ours and, unless left out, every rival over passages alone and over passages led by their titles."""
    systems: dict[str, Ask] = {OURS: ask_index(index, corpus)}
    if rivals:
        variants = {"": corpus.bodies, "+titles": corpus.placed}
        for name, texts in variants.items() if corpus.placed != corpus.bodies else [("", corpus.bodies)]:
            made = make_rivals(texts, embed(texts, embedder, cache), embedder)
            systems |= {f"{rival}{name}": ask_system(system, corpus) for rival, system in made.items()}
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
