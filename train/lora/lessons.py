"""Pairs to lessons: the prompt byte for byte as serving sends it, and the answer that ought to follow.

An answer's passages go in at places drawn by the seed, among passages that the product's own search finds
for the question and that belong to other records; the answer's numbers follow them. A pair that says "not
found" gets such passages only. Where all that does not fit the context the passages found last go first,
and an answer is never cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from retrieval.prompt import Message, build_messages, neutralise, render_passage
from retrieval.records import Hit
from train.lora.base import Reader
from train.lora.passages import PassageFinder, make_hit, make_random
from train.lora.recipe import Recipe
from train.pairs.pair import Pair

Part = Literal["answer", "refusal", "replay"]
CITED = re.compile(r"\[(\d{1,2})\]")
"""A citation; [1834] is a date that an archivist worked out."""
_KEPT_FREE = 16
_LEAST_PROMPT = 256


@dataclass(frozen=True, slots=True)
class Lesson:
    """One prompt and its answer as token ids; only `answer`, which ends with the turn's end, is learnt."""

    id: str
    part: Part
    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True)
class Posed:
    """A pair as a model gets it: messages, the hits they show, in order, and the answer that ought to come.

    `gold` are the numbers, from 1, of the hits that the answer rests on.
    """

    messages: tuple[Message, ...]
    hits: tuple[Hit, ...]
    gold: frozenset[int]
    answer: str


class Unteachable(Exception):
    """A pair of which no lesson can be made; the message says why and what to do, without the pair's id."""


@dataclass(frozen=True, slots=True)
class LessonMaker:
    """Makes lessons for one reader. `instructions` are the library's own for its prompts."""

    reader: Reader
    passages: PassageFinder
    recipe: Recipe
    instructions: str = ""

    @property
    def budget(self) -> int:
        """Tokens a prompt may have, as `serve.answers` reckons it."""
        answer = min(self.recipe.answer_tokens, self.recipe.context // 2)
        return max(_LEAST_PROMPT, self.recipe.context - answer - _KEPT_FREE)

    def make(self, pair: Pair) -> Lesson:
        """The lesson of a pair. Raises Unteachable."""
        posed = self.pose(pair)
        prompt = self.reader.encode(self.reader.render(posed.messages))
        answer = [*self.reader.encode(neutralise(posed.answer)), self.reader.turn_end]
        most = self.recipe.context - len(prompt)
        if len(answer) > most:
            raise Unteachable(
                f"expected an answer of {most} tokens at most beside a prompt of {len(prompt)}, found "
                f"{len(answer)}; shorten it, or train with a longer context"
            )
        return Lesson(pair.id, pair.kind, tuple(prompt), tuple(answer))

    def pose(self, pair: Pair) -> Posed:
        """The pair as a patron's question would reach the model. Raises Unteachable."""
        own = [make_hit(item) for item in pair.evidence]
        if pair.kind == "answer" and not own:
            raise Unteachable("it answers without a passage; add the passage that shows it")
        found = self.passages.find(pair, max(0, self.recipe.passages - len(own)))
        if not own and not found:
            raise Unteachable("no passage was found to show with it; build the index, or add passages")
        while True:
            hits, places = self._arrange(pair, own, found)
            messages, shown = self._build(pair, hits)
            if shown == len(hits) and self._is_whole(messages, hits):
                break
            if not found:
                raise Unteachable(
                    f"its passages do not fit the {self.budget} tokens of a prompt; choose shorter ones, or "
                    "train with a longer context"
                )
            found = found[:-1]
        answer = _renumber(pair.answer, places) if pair.kind == "answer" else pair.answer
        return Posed(tuple(messages), tuple(hits), frozenset(places), answer)

    def _arrange(self, pair: Pair, own: Sequence[Hit], found: Sequence[Hit]) -> tuple[list[Hit], list[int]]:
        """The hits in a drawn order of places, those found in their own; and the numbers of `own`."""
        if pair.kind == "refusal":
            return [*own, *found], []
        total = len(own) + len(found)
        places = make_random(self.recipe.seed, "places", pair.id).sample(range(1, total + 1), len(own))
        at = dict(zip(places, own, strict=True))
        rest = iter(found)
        return [at[number] if number in at else next(rest) for number in range(1, total + 1)], places

    def _build(self, pair: Pair, hits: Sequence[Hit]) -> tuple[list[Message], int]:
        history: list[Message] = [{"role": turn.role, "content": turn.content} for turn in pair.history]
        return build_messages(
            pair.question,
            hits,
            history,
            token_budget=self.budget,
            count_tokens=self.reader.count,
            instructions=self.instructions,
        )

    def _is_whole(self, messages: Sequence[Message], hits: Sequence[Hit]) -> bool:
        """Whether the first passage was not cut: serving cuts it rather than showing none."""
        return render_passage(1, hits[0]) in messages[-1]["content"]


@dataclass(frozen=True, slots=True)
class Lessons:
    """What was made of pairs, and (id, why) of those of which nothing was."""

    made: tuple[Lesson, ...]
    left: tuple[tuple[str, str], ...]


def make_lessons(pairs: Iterable[Pair], maker: LessonMaker) -> Lessons:
    """A lesson of every pair of which one can be made, in the order of the pairs."""
    made: list[Lesson] = []
    left: list[tuple[str, str]] = []
    for pair in pairs:
        try:
            made.append(maker.make(pair))
        except Unteachable as problem:
            left.append((pair.id, str(problem)))
    return Lessons(tuple(made), tuple(left))


def _renumber(answer: str, places: Sequence[int]) -> str:
    """The answer with [1] as [places[0]] and so on. Raises Unteachable for a number without a passage."""

    def place(found: re.Match[str]) -> str:
        number = int(found[1])
        if not 1 <= number <= len(places):
            raise Unteachable(f"it cites {found[0]} of {len(places)} passages; mend its numbers")
        return f"[{places[number - 1]}]"

    return CITED.sub(place, answer)
