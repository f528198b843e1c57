"""`reading-room evaluate answers`: what the model answers, held against what is known to be right."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from serve.errors import BadRequest
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.evaluation.asking import Sitting
    from train.evaluation.scoring import Judgement, Scores
    from train.evaluation.task import Task

SEED = 7
"""Of the answers that `--show` prints."""


def add_command(evaluate: argparse._SubParsersAction[argparse.ArgumentParser], settings: Settings) -> None:
    """Add `answers` to `evaluate`."""
    answers = evaluate.add_parser(
        "answers",
        help="correctness, citations and refusals of the model's answers",
        description="Asks the engine greedily: the running service's, the engines of the settings, or one "
        "started for it. The rule by which answers are judged stands in train/evaluation/scoring.py.",
    )
    answers.add_argument(
        "--questions", type=Path, required=True, metavar="FILE",
        help="questions as for `evaluate retrieval`, or ready-made tasks",
    )  # fmt: skip
    answers.add_argument(
        "--passages", choices=("retrieval", "gold"), default="retrieval",
        help="what search finds, or that with the answering record among it (default: %(default)s)",
    )  # fmt: skip
    answers.add_argument("--model", default="", metavar="NAME", help="an adapter version; default: the base")
    answers.add_argument(
        "--show", type=int, default=0, metavar="N", help="print N answers whole, drawn by a seed"
    )
    answers.add_argument("--json", action="store_true", help="print only one line of JSON")
    answers.set_defaults(run=lambda arguments: asyncio.run(run_answers(arguments, settings)))


async def run_answers(args: argparse.Namespace, settings: Settings) -> int:
    """Ask all questions and print the figures, last as one line of JSON."""
    from serve.evaluation.asking import Asker
    from serve.evaluation.reaching import reach_engine

    def say(line: str) -> None:
        if not args.json:
            print(line, file=sys.stderr, flush=True)

    async with reach_engine(settings, say) as engine:
        names = [model.name for model in await engine.models()]
        version = args.model or names[0]
        if version not in names:
            raise BadRequest(
                f"The engine has no {version!r}. It has: {', '.join(names)}. Name one of these, or put the "
                "version into the adapters' folder and start the service."
            )
        context = (await engine.models())[0].context or 4096
        tasks = await asyncio.to_thread(_make_tasks, args, settings, context)
        say(f"{len(tasks)} questions to {version} ...")
        sitting = await Asker(engine, version, settings.answer_tokens).ask_all(tasks)
    _print(args, sitting, version)
    return 0


def _make_tasks(args: argparse.Namespace, settings: Settings, context: int) -> list[Task]:
    from retrieval.embedding import load_embedder
    from retrieval.evaluation.gold import read_gold
    from retrieval.library import Library
    from serve.tokens import load_token_counter
    from train.evaluation.gold_tasks import TaskMaker
    from train.evaluation.task import is_task_file, read_tasks

    if is_task_file(args.questions):
        return read_tasks(args.questions)
    gold = read_gold(args.questions)
    for problem in gold.problems:
        print(f"left out  {problem}", file=sys.stderr)
    library = Library(settings.index_root, load_embedder(settings.embedder, settings.data / "models"))
    maker = TaskMaker(
        index=library.current(),
        passages=args.passages,
        top_k=settings.top_k,
        token_budget=max(256, context - settings.answer_tokens - 16),
        count_tokens=load_token_counter(settings.model),
    )
    return list(maker.make_all(gold.questions))


def _print(args: argparse.Namespace, sitting: Sitting, version: str) -> None:
    from train.evaluation.scoring import score

    scores = score(sitting.judged)
    if not args.json:
        for line in _render(scores):
            print(line)
        drawn = Random(SEED).sample(list(sitting.judged), min(args.show, len(sitting.judged)))
        for judgement in drawn:
            print(_show(judgement))
    print(json.dumps(summarise(scores, sitting, version, args.passages), ensure_ascii=False))


def summarise(scores: Scores, sitting: Sitting, version: str, passages: str) -> dict[str, object]:
    """All figures by name, rounded, with intervals; one that no question bears on is None."""
    figures = {field.name: getattr(scores, field.name) for field in fields(scores)}
    kinds, questions = figures.pop("kinds"), figures.pop("questions")
    return {
        **{name: round(share.value, 4) if share.count else None for name, share in figures.items()},
        "questions": questions,
        "intervals": {
            name: [round(share.low, 4), round(share.high, 4)]
            for name, share in figures.items()
            if share.count
        },
        "by_kind": {kind: [round(share.value, 4), share.count] for kind, share in kinds.items()},
        "model": version,
        "passages": passages,
        "seconds": round(sitting.seconds, 1),
        "tokens_read": sitting.read,
        "tokens_written": sitting.written,
        "tokens_per_second": round(sitting.written / sitting.seconds, 1) if sitting.seconds else None,
    }


def _render(scores: Scores) -> Sequence[str]:
    lines = []
    for field in fields(scores):
        share = getattr(scores, field.name)
        if field.name not in ("questions", "kinds") and share.count:
            interval = f"{share.low:.3f} to {share.high:.3f}"
            lines.append(f"{field.name:<22} {share.value:.3f}   {interval}   over {share.count}")
    lines += [f"  {kind:<20} {share.value:.3f}   over {share.count}" for kind, share in scores.kinds.items()]
    return lines


def _show(judgement: Judgement) -> str:
    task = judgement.task
    verdict = "RIGHT" if judgement.is_right else f"WRONG: {judgement.fault}"
    said = "(search found too little)" if task.refused else judgement.answer
    return f"\n{task.id}  {task.question}\n  known   {task.right or '-'}\n  answer  {said}\n  {verdict}"
