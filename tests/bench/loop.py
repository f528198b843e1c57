"""Does training help? The whole way on the running service, at 50, 200 and 800 pairs: `make bench-loop`.

Pairs are made by rule over a library's records and approved as staff's are; a dataset version of each size is
trained on with the recipe that is chosen for it, sits its exam, and is judged by the gate. Every version, and
the base, then answers the same held-out questions, about records that no pair of any version is about. A
poor dataset is one whose answers stand beside the wrong questions; its exam was held out before.

Prints tables; the last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.evaluation.gold import read_gold
from retrieval.index import Index
from retrieval.library import Library
from retrieval.store.index_embedder import load_index_embedder
from serve.database import Database
from serve.evaluation.asking import Asker, Sitting
from serve.evaluation.reaching import reach_engine
from serve.jobs.queue import Jobs
from serve.settings import SAMPLE_LIBRARY, Settings
from serve.tokens import load_token_counter
from serve.training.administration import Training, make_training
from serve.training.command_line import make_deciding
from serve.training.run import Run
from tests.bench.loop_pairs import OTHER_STRANGERS, leave_out_shared, make_pairs, spoil
from tests.serve.dataset_parts import BEN, approve
from tests.service import run_service
from train.datasets.candidate import Member
from train.datasets.split import wanted_exam
from train.evaluation.exam_tasks import make_exam_tasks
from train.evaluation.gold_tasks import TaskMaker
from train.evaluation.report import Paper, Report, make_report
from train.evaluation.task import Task
from train.lora.base import open_reader
from train.lora.choosing import Device, choose_recipe
from train.lora.lessons import LessonMaker, Unteachable
from train.lora.passages import SearchedPassages
from train.pairs.pair import Pair

SIZES = (50, 200, 800)
POOR = 200
QUESTIONS = 300
_TOLD = ("grounded_correctness", "citation_precision", "refusal_recall", "over_refusal")
_MORE_HELD = 4
_PAUSE_SECONDS = 2.0
_MOST_SECONDS = 7_200.0


@dataclass(frozen=True, slots=True)
class Made:
    """A run that has ended: its name in the tables, and what the gate says of it."""

    name: str
    run: Run
    seconds: float
    gate: Mapping[str, Any]
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bench:
    """One service, and the pairs that are approved in it one after the other."""

    settings: Settings
    training: Training
    database: Database

    def train(self, name: str, pairs: Sequence[Pair]) -> Made:
        """Approve, build the next version, train, sit the exam; RuntimeError where that fails."""
        approve(self.database, pairs)
        dataset = self.training.datasets.build("pairs", actor=BEN, why="to train from").version
        print(f"{name}: {dataset.pairs} pairs, {dataset.exam} held out", flush=True)
        run = self.training.submit(dataset.version, name, actor=BEN)
        begun = time.monotonic()
        self._await(run.id, "job")
        trained = time.monotonic() - begun
        self._await(run.id, "exam_job")
        run = self.training.find(run.id)
        gate = make_deciding(self.settings, self.training).judging.judge(run)
        print(f"{name}: trained in {trained:.0f} s, examined after {time.monotonic() - begun:.0f} s")
        print(f"  {gate.sentence}", flush=True)
        result = json.loads((self.training.folder(run) / "result.json").read_bytes())
        return Made(name, run, trained, gate.as_json(), result)

    def _await(self, run: str, which: str) -> None:
        until = time.monotonic() + _MOST_SECONDS
        while time.monotonic() < until:
            job = Jobs(self.database).find(getattr(self.training.find(run), which))
            if job.state == "succeeded":
                return
            if job.state not in ("queued", "running"):
                raise RuntimeError(f"{run}: {which} {job.state}: {job.problem}")
            time.sleep(_PAUSE_SECONDS)
        raise RuntimeError(f"{run}: {which} took too long")


def main() -> int:
    """Measure, and print; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--data", type=Path, help="a folder with dev/ and dev_questions.jsonl; else the sample"
    )
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="pairs (default: %(default)s)")
    parser.add_argument("--poor", type=int, default=POOR, help="pairs of the poor dataset; 0: none")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="held out (default: %(default)s)")
    parser.add_argument("--keep", type=Path, help="a folder for all that is made, and kept")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = measure(args, args.keep or Path(name))
    print(json.dumps(figures))
    return 0


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train all versions, ask all of them, and tell."""
    sources = args.data / "dev" if args.data else SAMPLE_LIBRARY
    questions = args.data / "dev_questions.jsonl" if args.data else None
    sizes = [int(size) for size in args.sizes.split(",") if size]
    settings = Settings(data=folder / "good", collections=(sources,))
    with open_bench(settings) as bench:
        index = open_index(settings)
        pairs = make_pairs(index, _with_exam(max([*sizes, args.poor])))
        held = leave_out_shared(
            make_pairs(index, 2 * args.questions, seed=11, strangers=OTHER_STRANGERS), pairs
        )[: args.questions]
        tasks = {"held out": pose(settings, index, held)}
        if questions:
            tasks["real questions"] = pose_gold(settings, index, questions)
        made = [bench.train(f"good-{size}", pairs[: _with_exam(size)]) for size in sizes]
        figures = tell(bench, made, tasks)
    if args.poor:
        poor = Settings(data=folder / "poor", collections=(sources,))
        shutil.copytree(settings.index_root, poor.index_root)
        with open_bench(poor) as bench:
            figures |= tell(bench, [train_poor(bench, pairs[: _with_exam(args.poor)])], tasks)
    return figures


def train_poor(bench: Bench, pairs: Sequence[Pair]) -> Made:
    """A version is built of the sound pairs, which settles its exam; what was not held out is then spoilt."""
    approve(bench.database, pairs)
    first = bench.training.datasets.build("pairs", actor=BEN).version.version
    learnt = {member.pair.id for member in bench.training.datasets.open(first).train()}
    return bench.train(f"poor-{len(learnt)}", spoil([pair for pair in pairs if pair.id in learnt]))


def tell(bench: Bench, made: Sequence[Made], tasks: Mapping[str, Sequence[Task]]) -> dict[str, Any]:
    """Ask base and versions all tasks; print a table, and give the figures by version."""
    versions = {one.run.version: one for one in made}
    figures: dict[str, Any] = {
        one.name: {
            "pairs": one.run.pairs,
            "exam": one.run.exam,
            "train_seconds": round(one.seconds, 1),
            "steps": one.result["steps"],
            "stopped": one.result["stopped"],
            "gate": one.gate["verdict"],
            "gate_says": one.gate["sentence"],
        }
        for one in made
    }
    for kind, posed in tasks.items():
        sittings = asyncio.run(ask(bench.settings, list(versions), posed))
        base = Paper("base", sittings[""].judged)
        print(f"\n{kind}: {len(posed)} questions")
        for version, one in versions.items():
            report = make_report(Paper(version, sittings[version].judged), None, base)
            figures[one.name][kind.replace(" ", "_")] = describe(report)
            print_report(one.name, report)
    return figures


async def ask(settings: Settings, versions: Iterable[str], tasks: Sequence[Task]) -> dict[str, Sitting]:
    """What the base ("") and each version answer."""
    async with reach_engine(settings, print) as engine:
        base = (await engine.models())[0].name
        return {
            version: await Asker(engine, version or base, settings.answer_tokens).ask_all(tasks)
            for version in ("", *versions)
        }


def describe(report: Report) -> dict[str, Any]:
    """The chosen figures of base and version, and their differences with bounds."""
    compared = report.comparisons["base"]
    return {
        name: {
            "base": round(report.versions["base"].figures[name].value, 4),
            "adapter": round(report.versions["candidate"].figures[name].value, 4),
            "difference": [
                round(value, 4)
                for one in [compared.differences[name]]
                for value in (one.value, one.low, one.high)
            ],
        }
        for name in _TOLD
    } | {"changes": compared.changes.sentence}


def print_report(name: str, report: Report) -> None:
    """A line for each figure."""
    for figure, told in describe(report).items():
        if figure == "changes":
            print(f"  {name:<10} {told}")
            continue
        value, low, high = told["difference"]
        print(
            f"  {name:<10} {figure:<22} base {told['base']:.3f}  adapter {told['adapter']:.3f}  "
            f"difference {value:+.3f} ({low:+.3f} to {high:+.3f})"
        )


def pose(settings: Settings, index: Index, pairs: Sequence[Pair]) -> Sequence[Task]:
    """Pairs as serving would ask them, the answering passage among those that search finds."""
    recipe = choose_recipe(len(pairs), Device(context=4096)).recipe
    maker = LessonMaker(open_reader(Path(settings.model)), SearchedPassages(index), recipe)
    return make_exam_tasks([Member(pair, 0) for pair in pairs], maker.pose, (Unteachable,)).tasks


def pose_gold(settings: Settings, index: Index, file: Path) -> Sequence[Task]:
    """People's own questions, over the passages that hold the answer and others that search finds."""
    maker = TaskMaker(
        index=index,
        passages="gold",
        top_k=settings.top_k,
        token_budget=4096 - settings.answer_tokens - 16,
        count_tokens=load_token_counter(settings.model),
    )
    return list(maker.make_all(read_gold(file).questions))


def open_index(settings: Settings) -> Index:
    """The index that the service has built."""
    return Library(settings.index_root, load_index_embedder(settings.index_root)).current()


@contextmanager
def open_bench(settings: Settings) -> Iterator[Bench]:
    """A service over the settings' collections, with a worker beside it."""
    sources = ",".join(map(str, settings.collections))
    with run_service(settings.data, collections=sources), closing(Database(settings.database)) as database:
        yield Bench(settings, make_training(settings, database), database)


def _with_exam(pairs: int) -> int:
    """How many pairs have to be approved for so many to train on, some that hang together being held out."""
    total = pairs
    while total - wanted_exam(total) < pairs:
        total += 1
    return total + _MORE_HELD


if __name__ == "__main__":
    raise SystemExit(main())
