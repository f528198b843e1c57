"""Lessons without words: cards of random tokens, so that nothing can be learnt but copying and choosing.

They have the shape of passages; a question names a few tokens of one card, whose whole heading is the answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tokenizers import Tokenizer

from demo.reader_batches import Branch, Tree
from demo.reader_tokenizer import END
from retrieval.prompt import REFUSAL


@dataclass(frozen=True, slots=True)
class CardMaker:
    """Trees over cards of random tokens in the product's own punctuation."""

    tokenizer: Tokenizer

    def tree(self, rng: random.Random, cards: int, *, facets: int, body: int, refusals: float) -> Tree:
        """`cards` cards; each question names `facets` tokens of one; some name tokens of several or none."""
        pool = [rng.randrange(300, self.tokenizer.get_vocab_size()) for _ in range(cards * 4)]
        headings = [self._heading(rng, pool) for _ in range(cards)]
        start = self._ids("<|user|>Passages:")
        gaps = []
        for number, heading in enumerate(headings, start=1):
            gaps.append(len(start) + 1)
            start += [*self._ids(f"\n\n[{number}] "), *heading]
            extra = rng.randrange(body + 1)
            start += [*self._ids("\n"), *(self._any(rng) for _ in range(extra))] if extra else []
        start += self._ids("\n\nQuestion:")
        asked = [rng.randrange(cards) for _ in range(rng.randint(4, 8))]
        branches = [self._branch(rng, headings, number, facets, refusals) for number in asked]
        return Tree(start, branches, tuple(gaps))

    def _heading(self, rng: random.Random, pool: list[int]) -> list[int]:
        space = self._ids(" ")[0]
        tokens: list[int] = []
        for _ in range(rng.randint(4, 10)):
            if tokens and rng.random() < 0.2:
                tokens.append(space)
            tokens.append(rng.choice(pool) if rng.random() < 0.6 else self._any(rng))
        return tokens

    def _branch(
        self, rng: random.Random, headings: list[list[int]], gold: int, facets: int, refusals: float
    ) -> Branch:
        space = self._ids(" ")[0]
        named = [token for token in headings[gold] if token != space]
        chosen = sorted(rng.sample(range(len(named)), min(len(named), rng.randint(1, facets))))
        wanted = [named[i] for i in chosen]
        if rng.random() < refusals:
            wanted = self._spoilt(rng, wanted, headings)
        fits = [i for i, heading in enumerate(headings) if set(wanted) <= set(heading)]
        noise = [self._any(rng) for _ in range(rng.randrange(4))]
        question = [*noise, *wanted, *self._ids("?<|end|><|assistant|>")]
        if rng.random() < 0.35:
            question[-2:-2] = self._ids(" Only the number.")
            numbers = " and ".join(f"[{i + 1}]" for i in fits[:2]) or "None"
            return Branch([*question, *self._ids(f"{numbers}."), END], len(question))
        answer = self._answer(headings, fits[:2])
        return Branch([*question, *answer, END], len(question))

    def _spoilt(self, rng: random.Random, wanted: list[int], headings: list[list[int]]) -> list[int]:
        if rng.random() < 0.5:
            return [self._any(rng) for _ in wanted]
        other = [token for heading in headings for token in heading if token >= 300]
        return [*wanted[:-1], rng.choice([self._any(rng), rng.choice(other or wanted)])]

    def _answer(self, headings: list[list[int]], fits: list[int]) -> list[int]:
        if not fits:
            return self._ids(REFUSAL)
        out = self._ids("Yes:")
        for count, number in enumerate(fits):
            quote = ' "' if count == 0 else ' and "'
            out += [*self._ids(quote), *headings[number], *self._ids(f'" [{number + 1}]')]
        return [*out, *self._ids(".")]

    def _any(self, rng: random.Random) -> int:
        return rng.randrange(300, self.tokenizer.get_vocab_size())

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text).ids
        return ids
