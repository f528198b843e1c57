"""The job "embed": the embedding model learns from approved pairs and wrong sources; taken only if better.

What the run says is the job's result; a named person puts the model in service, and the index is made anew
with it (`train.embedding.service`).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from retrieval.backends.mirror import EngineMirror
from retrieval.engine_options import open_search_engine
from retrieval.store.snapshot import read_current
from serve.curation.case_examples import make_examples
from serve.curation.cases import read_cases
from serve.database import Database
from serve.errors import Conflict
from serve.jobs.errors import JobCrashed, JobRefused, Stopped
from serve.jobs.job import Job
from serve.jobs.lease import Done, Lease
from serve.jobs.queue import Jobs
from serve.jobs.supervising import supervise
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.plain import make_plain
from serve.settings import Settings
from serve.training.administration import Training
from serve.training.refusals import find_withdrawal
from serve.training.refused import tell_refusals
from train.embedding.example import write_examples
from train.embedding.plan import Plan, write_plan
from train.embedding.service import put_in_service
from train.lora.errors import TrainingRefused
from train.lora.files import PLAN, RESULT, read_json

_CASES = "cases.jsonl"
_TOLD = ("verdict", "lessons", "forced", "base", "index", "embedder", "seconds", "cpu_seconds")
"""What is kept with the job of the run's result."""


def submit_embedding(
    training: Training, dataset: str, *, actor: Actor, force: bool = False, why: str = ""
) -> Job:
    """Ask for a tuned embedding model. Raises NotFound, Damaged, and Conflict where pairs were withdrawn."""
    if refusal := _find_refusal(training, dataset):
        raise Conflict(refusal)
    return Jobs(training.database).submit(
        actor,
        kind="embed",
        title=f"embedding model on {dataset}",
        plan={"dataset": dataset, "force": force},
        why=why,
    )


@dataclass(frozen=True, slots=True)
class Embedding:
    """Does the job "embed" of one data folder."""

    settings: Settings
    database: Database
    training: Training

    def __call__(self, job: Job, lease: Lease) -> Done:
        """Tune and examine. Raises as `serve.jobs.worker.Handler` says."""
        with tell_refusals():
            return self._tune(str(job.plan.get("dataset", "")), bool(job.plan.get("force")), job, lease)

    def _tune(self, dataset: str, force: bool, job: Job, lease: Lease) -> Done:
        self._check(dataset)
        folder = self.training.root / job.id
        self._prepare(dataset, force, folder)
        try:
            supervise((sys.executable, "-m", "train.embedding", str(folder.resolve())), folder, lease)
        except JobRefused:
            self._forget(folder)
            raise
        except Stopped as stopped:
            if stopped.reason == "cancel":
                self._forget(folder)
            raise
        self._check(dataset)
        try:
            result = read_json(folder / RESULT)
        except (OSError, ValueError) as error:
            raise JobCrashed(f"The run ended well, but left no {RESULT} to read ({error}).") from error
        self._forget(folder)
        return Done({key: result[key] for key in _TOLD if key in result})

    def _check(self, dataset: str) -> None:
        if refusal := _find_refusal(self.training, dataset):
            raise JobRefused(refusal)

    def _prepare(self, dataset: str, force: bool, folder: Path) -> None:
        """What the run is given: written when it first begins, and kept as it is when it goes on."""
        if (folder / PLAN).is_file():
            return
        folder.mkdir(parents=True, exist_ok=True)
        with self.database.readings() as session:
            examples = make_examples(read_cases(session))
        if examples:
            write_examples(folder / _CASES, examples)
        plan = Plan(
            index=self.settings.index_root.resolve(),
            dataset=self.training.datasets.store.find(dataset).resolve(),
            cases=(folder / _CASES).resolve() if examples else None,
            force=force,
        )
        write_plan(folder, plan)

    def _forget(self, folder: Path) -> None:
        """A case is a patron's question: it is kept where an erasure finds it, and nowhere else."""
        with suppress(FileNotFoundError):
            (folder / _CASES).unlink()


def use_embedding(
    settings: Settings, database: Database, job: str, *, actor: Actor, why: str, override: str = ""
) -> str:
    """Make the index anew with the model of a job that is done, and switch to it; gives the index's version.

    Raises NotFound, Conflict where the job is not done, or its model is not better and no `override` says why
    it is taken all the same.
    """
    found = Jobs(database).find(job)
    if found.kind != "embed" or found.state != "succeeded":
        raise Conflict(f"{found.id} has made no embedding model: it is {found.kind}, {found.state}.")
    folder = settings.data / "runs" / found.id
    address, key = settings.search_engine, settings.search_engine_key.get_secret_value()
    try:
        with open_search_engine(address, key) as engine:
            mirror = EngineMirror(engine) if engine else None
            put_in_service(folder, settings.index_root, _say_nothing, reason=override, mirror=mirror)
    except TrainingRefused as refused:
        raise Conflict(str(refused)) from refused
    version = read_current(settings.index_root)
    with database.sessions.begin() as session:
        said, details = make_plain(why), {"index": version, "override": make_plain(override)[:2_000]}
        audit(session, actor, "put in service", f"embedding model of job {found.id}", said, details)
    return version


def _say_nothing(step: str, done: int, total: int | None = None) -> None:
    """The command waits without a word."""


def _find_refusal(training: Training, dataset: str) -> str:
    ground = training.look(dataset)
    return find_withdrawal(dataset, ground.name, len(ground.withdrawn))
