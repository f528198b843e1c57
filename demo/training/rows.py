"""Rows of training: lessons as trees of token ids, packed with running text to rows of one length.

A tree is a shared beginning (system text and passages) with branches (a question with its answer). Each
branch sees the beginning and itself and takes up positions where the beginning ends, so it is exactly the
prompt that the product would send, at a fraction of the cost. A row is worked out from its number alone:
any process can make any row, and training goes on after a stop with the row it would have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from demo.training.corpus import Corpus
from demo.training.lessons import EASY, FULL, Lesson, make_lesson, read_row, show_record
from demo.training.people import make_people_lesson
from demo.training.questions import Asked
from demo.training.tokens import END, PAD, SPECIAL
from retrieval.prompt import SYSTEM, Message, build_messages, render_passage

TEXT, PROMPT, ANSWER, FIRST = 1.0, 0.1, 3.0, 6.0
"""How much a token counts in the loss: of text, of passages and questions, of an answer, its first."""
SHORTEST = 48
"""Tokens left in a row that are still worth a piece of text."""
ROUND = 32
"""Trees are filled up to whole numbers of so many tokens: matrix kernels are made anew for each size."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What rows are made of, by weights per piece: text, echoes, easy, full and people's lessons."""

    until: float
    text: float
    echoes: float
    easy: float
    full: float
    people: float


STAGES = (
    Stage(0.06, 0.20, 0.10, 0.50, 0.15, 0.05),
    Stage(0.30, 0.15, 0.02, 0.23, 0.45, 0.15),
    Stage(0.85, 0.06, 0.0, 0.08, 0.61, 0.25),
    Stage(1.01, 0.02, 0.0, 0.04, 0.72, 0.22),
)
"""Short lessons and language first, then a mixture, then reading; `until` is a share of all rows."""


def find_stage(progress: float) -> int:
    """The stage for a progress of 0 to 1."""
    return next(n for n, stage in enumerate(STAGES) if progress < stage.until)


@dataclass(slots=True)
class Tree:
    """Token ids with their loss weights, positions and branch numbers (0 is the shared beginning)."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)

    def cut(self, length: int) -> Tree:
        """The first `length` tokens."""
        return Tree(self.ids[:length], self.weights[:length], self.positions[:length], self.branches[:length])

    def fill(self) -> None:
        """Fill up to a multiple of ROUND."""
        spare = -len(self.ids) % ROUND
        last = self.branches[-1]
        self.ids += [PAD] * spare
        self.weights += [0.0] * spare
        self.positions += [0] * spare
        self.branches += [last] * spare

    def add(self, ids: Sequence[int], weights: Sequence[float], start: int, branch: int) -> None:
        """Append a piece that begins at position `start`; nothing predicts a piece's first token."""
        self.ids += ids
        self.weights += [0.0, *weights[1:]]
        self.positions += range(start, start + len(ids))
        self.branches += [branch] * len(ids)


@dataclass(frozen=True, slots=True)
class Writer:
    """Turns lessons and texts into trees."""

    tokenizer: Tokenizer
    system: tuple[int, ...]

    @classmethod
    def load(cls, folder: Path) -> Writer:
        """With the tokenizer of a model folder."""
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        said = f"<|system|>{SYSTEM}{SPECIAL[END]}"
        return cls(tokenizer, tuple(tokenizer.encode(said).ids))

    def write_lesson(self, lesson: Lesson) -> Tree:
        """All of a lesson's questions over its passages, each with its answer."""
        messages, _ = build_messages(
            "", lesson.hits, lesson.history, token_budget=1_000_000, count_tokens=lambda _: 0
        )
        # "Question:" and what follows fall apart here in the tokenizer as well (see its test).
        before = _render(messages[1:]).removesuffix(" ")
        texts = [
            before,
            *(_render_turn(item) for item in lesson.asked),
            *(item.answer for item in lesson.asked),
        ]
        encoded = [found.ids for found in self.tokenizer.encode_batch(texts)]
        count = len(lesson.asked)
        start, turns, answers = encoded[0], encoded[1 : count + 1], encoded[count + 1 :]
        tree = Tree()
        tree.add([*self.system, *start], [0.0] * len(self.system) + [PROMPT] * len(start), 0, 0)
        for number, (turn, answer) in enumerate(zip(turns, answers, strict=True), start=1):
            weights = [PROMPT] * (len(turn) - 1) + [0.0, FIRST] + [ANSWER] * len(answer)
            tree.add([*turn, *answer, END], weights, len(self.system) + len(start), number)
        return tree

    def write_text(self, text: str) -> Tree:
        """Running text."""
        ids = [*self.tokenizer.encode(text).ids, END]
        tree = Tree()
        tree.add(ids, [TEXT] * len(ids), 0, 0)
        return tree

    def write_echo(self, text: str, rng: Random) -> Tree:
        """A piece of text twice, the second time learnt: what forms heads that copy."""
        ids = self.tokenizer.encode(text).ids
        at = rng.randrange(max(1, len(ids) - 120))
        piece = ids[at : at + rng.randint(20, 120)]
        tree = Tree()
        tree.add([*piece, *piece, END], [0.0] * len(piece) + [TEXT] * (len(piece) + 1), 0, 0)
        return tree


def _render(messages: Sequence[Message]) -> str:
    said = "".join(f"<|{message['role']}|>{message['content']}{SPECIAL[END]}" for message in messages)
    return said.removesuffix(SPECIAL[END])


def _render_turn(item: Asked) -> str:
    return f" {item.question}{SPECIAL[END]}<|assistant|>"


Key = tuple[int, int]
"""Stage and number of a row."""
Row = dict[str, NDArray[np.generic]]


class Rows:
    """Rows by (stage, number): ids, positions, document, branch (int) and weight (float), each (length,)."""

    def __init__(self, corpus: Corpus, writer: Writer, length: int, seed: int = 0) -> None:
        self.corpus, self.writer, self.length, self.seed = corpus, writer, length, seed

    def __getitem__(self, key: Key) -> Row:
        stage, number = key
        rng = Random(f"{self.seed}:{stage}:{number}")
        row = Tree()
        documents: list[int] = []
        misses, count = 0, 0
        while len(row.ids) < self.length:
            room = self.length - len(row.ids)
            tree = self._draw(rng, STAGES[stage]) if misses < 3 else self._fill(rng, room)
            if tree is None:
                continue
            tree.fill()
            if len(tree.ids) > room and tree.branches[-1] == 0:
                tree = tree.cut(room)
            if len(tree.ids) > room:
                misses += 1
                continue
            row.ids += tree.ids
            row.weights += tree.weights
            row.positions += tree.positions
            row.branches += tree.branches
            documents += [count] * len(tree.ids)
            count += 1
        return {
            "ids": np.array(row.ids, dtype=np.int32),
            "positions": np.array(row.positions, dtype=np.int32),
            "documents": np.array(documents, dtype=np.int32),
            "branches": np.array(row.branches, dtype=np.int32),
            "weights": np.array(row.weights, dtype=np.float32),
        }

    def _draw(self, rng: Random, stage: Stage) -> Tree | None:
        kind = rng.choices(range(5), (stage.text, stage.echoes, stage.easy, stage.full, stage.people))[0]
        if kind == 0:
            return self.writer.write_text(self._text(rng))
        if kind == 1:
            return self.writer.write_echo(self._text(rng, 900), rng)
        if kind == 4:
            lesson = make_people_lesson(rng, self.corpus)
        else:
            lesson = make_lesson(rng, self.corpus, EASY if kind == 2 else FULL)
        return self.writer.write_lesson(lesson) if lesson else None

    def _fill(self, rng: Random, room: int) -> Tree:
        if room >= SHORTEST:
            return self.writer.write_text(self._text(rng, room * 6 + 200))
        return Tree([PAD] * room, [0.0] * room, list(range(room)), [0] * room)

    def _text(self, rng: Random, size: int = 5000) -> str:
        kind = rng.random()
        if kind < 0.45:
            return self.corpus.prose_piece(rng, size)
        if kind < 0.85:
            rows = self.corpus.neighbours(rng, max(2, size // 250))
            return "\n\n".join(
                render_passage(n, show_record(read_row(row))) for n, row in enumerate(rows, start=1)
            )
        return str(self.corpus.questions(rng)[0]["context"])[:size]
