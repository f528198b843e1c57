"""`reading-room evaluate answers`: what the model answers, held against what is known to be right."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
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
        "--compare", default="", metavar="V1,V2",
        help="ask both versions (`base` is the base) and print them side by side, V2 held against V1",
    )  # fmt: skip
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
        models = await engine.models()
        versions = _name_versions(args, [model.name for model in models])
        tasks = await asyncio.to_thread(_make_tasks, args, settings, models[0].context or 4096)
        sittings = []
        for version in versions:
            say(f"{len(tasks)} questions to {version} ...")
            sittings.append(await Asker(engine, version, settings.answer_tokens).ask_all(tasks))
    if args.compare:
        _print_comparison(args, sittings, versions)
    else:
        _print(args, sittings[0], versions[0])
    return 0


def _name_versions(args: argparse.Namespace, names: Sequence[str]) -> list[str]:
    """The versions to ask. Raises BadRequest for one that the engine does not have."""
    asked = [name.strip() for name in args.compare.split(",")] if args.compare else [args.model]
    versions = [name if name not in ("", "base") else names[0] for name in asked]
    if args.compare and (len(versions) != 2 or versions[0] == versions[1] or args.model):
        raise BadRequest(
            f"Expected two versions to compare, as in --compare base,NAME and without --model, found "
            f"{args.compare!r}."
        )
    for version in versions:
        if version not in names:
            raise BadRequest(
                f"The engine has no {version!r}. It has: {', '.join(names)}. Name one of these, or put the "
                "version into the adapters' folder and start the service."
            )
    return versions


def _make_tasks(args: argparse.Namespace, settings: Settings, context: int) -> list[Task]:
    from retrieval.evaluation.gold import read_gold
    from retrieval.library import Library
    from retrieval.store.index_embedder import load_index_embedder
    from serve.tokens import load_token_counter
    from train.evaluation.gold_tasks import TaskMaker
    from train.evaluation.task import is_task_file, read_tasks

    if is_task_file(args.questions):
        return read_tasks(args.questions)
    gold = read_gold(args.questions)
    for problem in gold.problems:
        print(f"left out  {problem}", file=sys.stderr)
    library = Library(settings.index_root, load_index_embedder(settings.index_root, settings.embedder))
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
        for name, value in _measure_more(sitting).items():
            print(f"  {name:<20} {value:.3f}" if value is not None else f"  {name:<20} -")
        drawn = Random(SEED).sample(list(sitting.judged), min(args.show, len(sitting.judged)))
        for judgement in drawn:
            print(_show(judgement))
    print(json.dumps(summarise(scores, sitting, version, args.passages), ensure_ascii=False))


def _print_comparison(args: argparse.Namespace, sittings: Sequence[Sitting], versions: Sequence[str]) -> None:
    """Both versions' figures as they are for one, and the second held against the first."""
    from serve.evaluation.comparison import render_comparison
    from train.evaluation.report import Paper, make_report
    from train.evaluation.scoring import score

    one, other = (
        Paper(version, sitting.judged, sitting.each)
        for version, sitting in zip(versions, sittings, strict=True)
    )
    report = make_report(other, None, one)
    if not args.json:
        for line in render_comparison(report):
            print(line)
    summaries = [
        summarise(score(sitting.judged), sitting, version, args.passages)
        for version, sitting in zip(versions, sittings, strict=True)
    ]
    print(
        json.dumps({**summaries[1], "against": summaries[0], "report": report.as_json()}, ensure_ascii=False)
    )


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
        "overlap": _measure_more(sitting),
        "errors": dict(Counter(item.error for item in sitting.judged if item.error).most_common()),
        "by_kind": {kind: [round(share.value, 4), share.count] for kind, share in kinds.items()},
        "model": version,
        "passages": passages,
        "seconds": round(sitting.seconds, 1),
        "tokens_read": sitting.read,
        "tokens_written": sitting.written,
        "tokens_per_second": round(sitting.written / sitting.seconds, 1) if sitting.seconds else None,
    }


def _measure_more(sitting: Sitting) -> dict[str, float | None]:
    """What papers report, beside the figures above: likeness to known answers, fluency, length, seconds."""
    from train.evaluation.metrics import NAMES, tabulate

    marks = tabulate(sitting.judged, sitting.each)
    got, of = marks.got.sum(axis=0), marks.of.sum(axis=0)
    more = NAMES[NAMES.index("exact_match") :]
    return {
        name: round(float(share / whole), 4) if whole else None
        for name, share, whole in zip(marks.metrics, got, of, strict=True)
        if name in more
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
