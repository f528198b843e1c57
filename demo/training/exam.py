"""The exam: fresh questions of names, phrasings and sources kept out of training.

    python -m demo.training.exam --data DIR --out exam.jsonl [--count 500]
    reading-room evaluate answers --questions exam.jsonl

Each line is a task as `train.evaluation.task` reads it, by whose rule it is judged.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from demo.training.corpus import Corpus, load_corpus
from demo.training.lessons import FULL, Lesson, make_lesson
from demo.training.people import make_people_lesson
from demo.training.questions import Asked
from retrieval.prompt import REFUSAL, build_messages, render_passage

PEOPLE = 0.15
"""Share of the exam that people wrote."""

Item = dict[str, Any]


def write_exam(corpus: Corpus, count: int, seed: int = 2026) -> Iterator[Item]:
    """`count` questions, one of each lesson, with their prompts and what a right answer is."""
    made = number = 0
    while made < count:
        number += 1
        rng = Random(f"exam:{seed}:{number}")
        lesson = (
            make_people_lesson(rng, corpus, exam=True)
            if rng.random() < PEOPLE
            else make_lesson(rng, corpus, FULL, exam=True)
        )
        if lesson is not None:
            yield write_item(lesson, rng.choice(lesson.asked))
            made += 1


def write_item(lesson: Lesson, asked: Asked) -> Item:
    """One question as a line of the exam."""
    messages, _ = build_messages(
        asked.question, lesson.hits, lesson.history, token_budget=1_000_000, count_tokens=lambda _: 0
    )
    return {
        "messages": messages,
        "passages": [render_passage(n, hit) for n, hit in enumerate(lesson.hits, start=1)],
        "kind": asked.kind,
        "question": asked.question,
        "right": asked.answer,
        "cited": asked.cited,
        "needed": asked.needed,
        "answerable": asked.answer != REFUSAL,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    items = write_exam(load_corpus(args.data), args.count)
    lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    args.out.write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
