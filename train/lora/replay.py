"""The base's own greedy answers to general questions, learnt beside the lessons so that it stays what it was.

A hundred such answers keep most of what fine-tuning would have made a model forget (interleaved replay of
what the model itself says; Llama 2's and later reports). They are written down before training, so that a
run that goes on learns the same ones. Some are never learnt: by their loss is told how far a model has moved
from what it was.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.prompt import Message
from train.lora.base import Reader
from train.lora.files import REPLAY, write_whole
from train.lora.lessons import Lesson
from train.lora.model import generate
from train.lora.passages import make_random
from train.lora.pausing import Pause
from train.lora.recipe import Recipe
from train.lora.replay_questions import QUESTIONS

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_TOKENS = 96
HELD = 12
"""Questions whose answers are held back."""
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Replay:
    """The base's own answers as lessons: those that are learnt, and those that only the loss is taken of."""

    learnt: tuple[Lesson, ...]
    held: tuple[Lesson, ...]


def count_replay(lessons: int, share: float) -> int:
    """How many make up `share` of all lessons, `lessons` of which are pairs'; no more than there are."""
    return min(len(QUESTIONS) - HELD, round(lessons * share / (1 - share)))


def make_replay(
    model: PreTrainedModel, reader: Reader, recipe: Recipe, many: int, folder: Path, pause: Pause
) -> Replay:
    """Lessons of `many` general questions, and those held back, from the run's folder where they are there
    already."""
    kept = folder / REPLAY
    if not kept.is_file():
        drawn = make_random(recipe.seed, "replay").sample(sorted(QUESTIONS), many + HELD)
        lines = [
            *_answer(model, reader, drawn[:many], "learnt", pause),
            *_answer(model, reader, drawn[many:], "held", pause),
        ]
        write_whole(kept, b"".join(line + b"\n" for line in lines))
    made: dict[str, list[Lesson]] = {"learnt": [], "held": []}
    for number, line in enumerate(kept.read_bytes().splitlines()):
        told = json.loads(line)
        lesson = Lesson(f"replay-{number}", "replay", tuple(told["prompt"]), tuple(told["answer"]))
        if len(lesson) <= recipe.context:
            made[told["of"]].append(lesson)
    return Replay(tuple(made["learnt"]), tuple(made["held"]))


def _answer(
    model: PreTrainedModel, reader: Reader, questions: Sequence[str], part: str, pause: Pause
) -> list[bytes]:
    prompts = {}
    for question in questions:
        chat: list[Message] = [{"role": "user", "content": question}]
        prompts[question] = reader.encode(reader.render(chat))
    lines = []
    ordered = sorted(questions, key=lambda one: (len(prompts[one]), one))
    for at in range(0, len(ordered), _AT_ONCE):
        pause.check()
        batch = ordered[at : at + _AT_ONCE]
        written = generate(model, [prompts[one] for one in batch], reader.stops, reader.padding, MOST_TOKENS)
        for question, answer in zip(batch, written, strict=True):
            ended = next((place for place, token in enumerate(answer) if token in reader.stops), None)
            kept = answer[:MOST_TOKENS] if ended is None else [*answer[:ended], reader.turn_end]
            if kept:
                told = {"of": part, "question": question, "prompt": prompts[question], "answer": kept}
                lines.append(json.dumps(told, ensure_ascii=False).encode())
    return lines
