"""A run from its plan to its verdict. Each stage leaves a whole file or folder, so that a run that was
stopped or killed goes on where it was.

    <run>/plan.json       what is asked for
          started.json    what it began with
          lessons.jsonl   what is learned from, with the negatives that were found
          checkpoints/    what a stopped run goes on from
          learned.json    how it learned; there only once model/ is
          adapter/        the adapter as peft writes it, where there is one
          model/          the tuned model, as sentence-transformers reads it
          export/         the same as the index uses it
          trial/          an index made with it, to examine it on
          events.jsonl, result.json
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from retrieval.embedding import DEFAULT_NAME, Embedder
from retrieval.errors import RetrievalError
from retrieval.index import Index
from retrieval.store.index_embedder import load_index_embedder
from retrieval.store.snapshot import read_current
from train.datasets.errors import DatasetError
from train.datasets.folder import open_dataset
from train.embedding.circumstances import describe_circumstances
from train.embedding.examining import examine, read_guard
from train.embedding.example import read_examples
from train.embedding.gathering import Gathered, gather_examples
from train.embedding.learning import export, find_export, learn
from train.embedding.lesson import Lesson, read_lessons, write_lessons
from train.embedding.mining import Miner
from train.embedding.plan import Plan, read_plan
from train.embedding.recipe import LEAST, choose_recipe
from train.lora.errors import TrainingFailed, TrainingPaused, TrainingRefused
from train.lora.events import Clock, EventLog, add_up_seconds, read_events
from train.lora.files import (
    CHECKPOINTS,
    EVENTS,
    MODEL,
    PLAN,
    RESULT,
    file_sha256,
    folder_sha256,
    read_json,
    write_json,
)

STARTED, LESSONS, TRIAL = "started.json", "lessons.jsonl", "trial"
_TOLD_EVERY = 100


def run_embedding(folder: Path, is_stopped: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Do what the plan in `folder` asks for, and give what `result.json` then says.

    Raises TrainingRefused, TrainingFailed, and TrainingPaused once `is_stopped`.
    """
    if (folder / RESULT).exists():
        return read_json(folder / RESULT)
    plan = read_plan(folder)
    with _locking(folder):
        return _run(folder, plan, is_stopped)


def _run(folder: Path, plan: Plan, is_stopped: Callable[[], bool]) -> dict[str, Any]:
    events = EventLog(folder / EVENTS)
    try:
        return _Run(folder, plan, events, is_stopped).go()
    except TrainingPaused as stopped:
        events.add("paused", str(stopped))
        raise
    except TrainingRefused as refused:
        events.add("refused", str(refused), level="error")
        raise
    except (TrainingFailed, RetrievalError, OSError, MemoryError) as problem:
        events.add("failed", str(problem) or type(problem).__name__, level="error")
        raise
    finally:
        events.close()


@contextmanager
def _locking(folder: Path) -> Iterator[None]:
    """Hold the run. Raises TrainingRefused while another process has it."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise TrainingRefused(f"{folder.name}: another process works at this run. Wait for it.") from busy
        yield


class _Run:
    def __init__(self, folder: Path, plan: Plan, events: EventLog, is_stopped: Callable[[], bool]) -> None:
        self._folder = folder
        self._plan = plan
        self._events = events
        self._is_stopped = is_stopped
        self._clock = Clock()

    def go(self) -> dict[str, Any]:
        self._begin()
        in_use, index = self._open_index()
        read_guard(self._plan)  # a file that cannot be used is told now, and not after hours
        gathered = self._gather()
        lessons = self._make_lessons(gathered, index, in_use)
        recipe, automatic = choose_recipe(len(lessons), self._plan.recipe)
        learned = learn(
            self._folder, self._plan.model, lessons, recipe, self._events, self._clock, self._is_stopped
        )
        self._check_stopped()
        tuned = export(self._folder, self._plan.model, self._events)
        self._check_stopped()
        self._events.add("message", "Making an index with the tuned model, to examine it on.")
        verdict, asked = examine(self._plan, gathered, index, tuned, self._folder / TRIAL)
        spent = {"seconds": self._clock.wall, "cpu_seconds": self._clock.cpu}
        self._events.add("message", "Asked the exam of both.", spent)
        seconds, cpu = add_up_seconds(read_events(self._folder / EVENTS))
        result = {
            "verdict": verdict.as_json(),
            "recipe": asdict(recipe),
            "automatic": list(automatic),
            "learned": learned,
            "lessons": _count_lessons(lessons),
            "left_out": gathered.left_out,
            "forced": self._plan.force and len(lessons) < LEAST,
            "base": self._plan.model or DEFAULT_NAME,
            "index": index.version,
            "embedder": {"before": in_use.digest, "after": tuned.digest, "name": tuned.name},
            "export": folder_sha256(find_export(self._folder)),
            "model": folder_sha256(self._folder / MODEL),
            "seconds": seconds,
            "cpu_seconds": cpu,
            **describe_circumstances(),
            **asked,
        }
        write_json(self._folder / RESULT, result)
        shutil.rmtree(self._folder / CHECKPOINTS, ignore_errors=True)
        self._events.add("done", " ".join(verdict.sentences), {"ruling": verdict.ruling})
        return result

    def _begin(self) -> None:
        """Note the plan at the first start; refuse to go on under another one."""
        digest = file_sha256(self._folder / PLAN)
        started = self._folder / STARTED
        if started.exists() and read_json(started).get("plan") != digest:
            raise TrainingRefused(
                f"{PLAN}: expected the plan that this run began with, found another. Start a new run for it."
            )
        write_json(started, {"plan": digest})
        self._events.add("started", "The run begins.", {"seconds": 0.0, "cpu_seconds": 0.0})

    def _open_index(self) -> tuple[Embedder, Index]:
        root = self._plan.index
        try:
            embedder = load_index_embedder(root)
            return embedder, Index(root / read_current(root), embedder)
        except RetrievalError as problem:
            raise TrainingRefused(f"The index to tune for cannot be used: {problem}") from problem

    def _gather(self) -> Gathered:
        try:
            dataset = open_dataset(self._plan.dataset) if self._plan.dataset else None
            cases = read_examples(self._plan.cases) if self._plan.cases else ()
            exam = read_examples(self._plan.exam) if self._plan.exam else ()
            gathered = gather_examples(dataset, cases, self._plan.withdrawn, exam)
        except DatasetError as problem:
            raise TrainingRefused(str(problem)) from problem
        counts = f"{len(gathered.train)} examples to learn from, {len(gathered.exam)} for the exam"
        left = "; ".join(f"{many} left out: {why}" for why, many in gathered.left_out.items())
        self._events.add(
            "message", f"{counts}.{f' {left}.' if left else ''}", {"left_out": gathered.left_out}
        )
        return gathered

    def _make_lessons(self, gathered: Gathered, index: Index, embedder: Embedder) -> tuple[Lesson, ...]:
        path = self._folder / LESSONS
        if path.exists():
            lessons = read_lessons(path)
        else:
            recipe, _ = choose_recipe(len(gathered.train), self._plan.recipe)
            miner = Miner(index=index, embedder=embedder, count=recipe.negatives, seed=recipe.seed)
            lessons = tuple(miner.make_lessons(gathered.train, self._tell_mining(len(gathered.train))))
        few = len({lesson.group for lesson in lessons}) < 2
        if few or (len(lessons) < LEAST and not self._plan.force):
            raise TrainingRefused(
                f"Expected at least {LEAST} lessons, found {len(lessons)} of {len(gathered.train)} examples. "
                + ("Give more pairs." if few else "Give more pairs, or force it: it will hardly be better.")
            )
        if len(lessons) < LEAST:
            told = f"{len(lessons)} lessons are fewer than {LEAST}: forced, and not likely to be better."
            self._events.add("message", told, level="warn")
        if not path.exists():
            write_lessons(path, lessons)
            self._events.add("message", f"{len(lessons)} lessons.", _count_lessons(lessons))
        return lessons

    def _tell_mining(self, total: int) -> Callable[[int], None]:
        def tell(done: int) -> None:
            self._check_stopped()
            if done % _TOLD_EVERY == 0:
                self._events.add("message", f"Looked for negatives of {done} of {total} examples.")

        return tell

    def _check_stopped(self) -> None:
        if self._is_stopped():
            raise TrainingPaused("Stopped between two stages; start it again to go on.")


def _count_lessons(lessons: Sequence[Lesson]) -> dict[str, int]:
    return {
        "lessons": len(lessons),
        "groups": len({lesson.group for lesson in lessons}),
        "told": sum(lesson.told for lesson in lessons),
        "mined": sum(lesson.mined for lesson in lessons),
        "drawn": sum(len(lesson.negatives) - lesson.told - lesson.mined for lesson in lessons),
    }
