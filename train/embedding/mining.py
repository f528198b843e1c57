"""Hard negatives: what the product's own search finds for a question and what does not answer it.

Left out are records that may answer after all: the right ones, their duplicates, what holds them and their
parts; those that fit all that was read from the question; passages almost equal to a right one; and those
that the model in use finds nearly as close as the right one (positive-aware mining, TopK-PercPos at 95 %:
Moreira et al. 2024, arXiv 2407.15831). What staff said is wrong is taken as it is, and first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from retrieval.embedding import Embedder
from retrieval.index import Index
from train.embedding.example import Example, Shown
from train.embedding.lesson import Lesson
from train.embedding.shelf import Shelf, is_like

SEARCHED = 30
"""Hits looked through for negatives."""
NEARLY = 0.95
"""Of the right passage's cosine: a passage as close as that may be right as well."""
_AT_ONCE = 4
MOST_POSITIVES = 2
"""Lessons made of one question."""


@dataclass(frozen=True, slots=True)
class Miner:
    """Makes lessons with `count` negatives each; `embedder` is that of the index."""

    index: Index
    embedder: Embedder
    count: int
    seed: int

    def make_lessons(
        self, examples: Sequence[Example], tell: Callable[[int], None] = lambda done: None
    ) -> list[Lesson]:
        """Lessons in the order of the examples; none of one whose records the public may not see.

        `tell` hears how many examples are done, and may raise to stop.
        """
        shelf = Shelf(self.index)
        made: list[Lesson] = []
        for done, example in enumerate(examples):
            tell(done)
            made += self._make(example, shelf)
        return [self._fill_up(lesson, made) for lesson in made]

    def _make(self, example: Example, shelf: Shelf) -> Iterator[Lesson]:
        texts = [text for shown in example.positives if (text := shelf.find_text(shown, example.question))]
        positives = list(dict.fromkeys(texts))
        if not positives:
            return
        told = [text for shown in example.negatives if (text := shelf.find_text(shown, example.question))]
        told = [text for text in dict.fromkeys(told) if text not in positives][: self.count]
        mined = self._mine(example, positives, told, shelf) if len(told) < self.count else []
        chosen = (*told, *mined)[: self.count]
        for positive in positives[:MOST_POSITIVES]:
            yield Lesson(
                example=example.id,
                group=example.group,
                question=example.question,
                positive=positive,
                negatives=chosen,
                keys=(example.group, *sorted(example.records), *positives),
                told=len(told),
                mined=len(chosen) - len(told),
            )

    def _mine(self, example: Example, positives: list[str], told: list[str], shelf: Shelf) -> list[str]:
        hits = self.index.search(example.question, top_k=SEARCHED).hits
        others = [
            hit
            for hit in hits
            if not hit.fits and not any(shelf.is_near(record, example) for record in (hit.record, *hit.also))
        ]
        texts = [shelf.find_text(Shown(record=hit.record.id, text=hit.passage.text), "") for hit in others]
        texts = [text for text in dict.fromkeys(texts) if text and text not in told]
        texts = [text for text in texts if not is_like(text, positives)]
        return list(islice(self._keep_far(example.question, positives, texts), self.count))

    def _keep_far(self, question: str, positives: list[str], texts: list[str]) -> Iterator[str]:
        """The texts less close to the question than the closest right one, in their order; embedded a few
        at a time, since few are wanted."""
        if not texts:
            return
        vectors = self.embedder.encode([question, *positives])
        bound = NEARLY * float((vectors[1:] @ vectors[0]).max())
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            for text, near in zip(some, self.embedder.encode(some) @ vectors[0], strict=True):
                if near < bound:
                    yield text

    def _fill_up(self, lesson: Lesson, made: Sequence[Lesson]) -> Lesson:
        """The lesson with as many negatives as all have: passages of other lessons, drawn by the seed."""
        chosen = list(lesson.negatives)
        draw = random.Random(f"{self.seed} {lesson.example} {lesson.positive}")
        others = [other for other in made if other.group != lesson.group]
        for other in draw.sample(others, min(len(others), 4 * self.count)):
            if len(chosen) >= self.count:
                break
            if other.positive not in chosen and not set(other.keys) & set(lesson.keys):
                chosen.append(other.positive)
        return replace(lesson, negatives=tuple(chosen))
