"""Asking for runs, and looking at them: all that commands, routes and the worker's handlers share."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.adapters.alias import BASE
from serve.adapters.base import weights_sha256
from serve.adapters.folder import ADAPTER, RESERVED
from serve.adapters.store import StoreFull
from serve.database import Database
from serve.datasets.administration import Datasets, make_datasets
from serve.datasets.ledger import read_withdrawn_pairs
from serve.engine.model import ModelFolder, find_model
from serve.errors import BadRequest, Conflict
from serve.jobs.job import Job
from serve.jobs.queue import submit_in
from serve.jobs.tables import JobRow
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.people.moments import now_utc
from serve.plain import make_plain
from serve.settings import Settings
from serve.training.book import find_row, read_decisions, read_run, read_run_of, read_runs, take_turn
from serve.training.refusals import Ground, find_refusal, find_room_problem
from serve.training.run import RUN_PREFIX, Decision, Run, load_run
from serve.training.tables import RunRow
from train.lora.errors import TrainingRefused
from train.lora.recipe import AUTO, check_asked

_MOST_WHY = 2_000
_AT_WORK = ("queued", "running", "paused")


class Training:
    """The runs of one database, each with a folder under `root`. Costs nothing before it is used.

    `find_base` gives the base model that is served, None where it is on no disk of ours; `most_rank` is the
    highest LoRA rank that the engines take.
    """

    def __init__(
        self,
        database: Database,
        datasets: Datasets,
        *,
        root: Path,
        find_base: Callable[[], ModelFolder | None],
        most_rank: int,
    ) -> None:
        self.database = database
        self.datasets = datasets
        self.root = root
        self._find_base = find_base
        self._most_rank = most_rank

    def submit(
        self,
        dataset: str,
        adapter: str,
        *,
        asked: Mapping[str, Any] | None = None,
        actor: Actor,
        why: str = "",
    ) -> Run:
        """Ask for a run: the next version of `adapter`, trained on the dataset version `dataset`.

        `asked` are settings laid down; the rest is chosen. Raises NotFound, Damaged (a dataset version that
        is not as it was made), BadRequest for a name or a setting that cannot be one, Conflict for what keeps
        it from being begun (`serve.training.refusals`) and where the same run is waiting or at work already,
        StoreFull where there is too little room.
        """
        settings = read_asked(asked)
        _check_name(adapter)
        ground = self.look(dataset)
        if refusal := find_refusal(ground, settings):
            raise Conflict(refusal)
        if problem := find_room_problem(ground, settings):
            raise StoreFull(problem)
        base = self._find_base()
        assert base is not None
        version = self.datasets.find(dataset)
        with self.database.sessions.begin() as session:
            take_turn(session)
            _refuse_twice(session, dataset, adapter, settings)
            name = RUN_PREFIX + secrets.token_hex(8)
            said = make_plain(why)[:_MOST_WHY]
            job = submit_in(
                session, actor, kind="train", title=f"{adapter} on {dataset}", plan={"run": name}, why=said
            )
            row = RunRow(
                id=name,
                created=now_utc(),
                created_by=make_plain(actor.name)[:200] or actor.role.value,
                why=said,
                dataset=dataset,
                dataset_sha256=version.sha256,
                adapter=adapter,
                base=base.name[:200],
                base_sha256=ground.base_sha256,
                asked=settings,
                pairs=version.pairs,
                exam=version.exam,
                job=job.id,
                version="",
                trained=None,
                exam_job="",
                examined=None,
                verdict="",
                files={},
            )
            session.add(row)
            audit(session, actor, "asked for", f"run {name}", said, {"dataset": dataset, "adapter": adapter})
            session.flush()
            return load_run(row)

    def examine(self, run: str, *, actor: Actor, why: str = "") -> Run:
        """Have a run's version sit its exam again. Raises NotFound, Conflict where there is none to examine,
        or it is sitting one."""
        with self.database.sessions.begin() as session:
            take_turn(session)
            row = find_row(session, run, lock=True)
            if not row.version:
                raise Conflict(f"{row.id} has made no adapter version; there is nothing to examine.")
            at_work = select(JobRow.id).where(JobRow.id == row.exam_job, JobRow.state.in_(_AT_WORK))
            if session.scalar(at_work):
                raise Conflict(f"{row.version} is sitting its exam already: {row.exam_job}.")
            row.exam_job = submit_exam(session, actor, row, why).id
            session.flush()
            return load_run(row)

    def look(self, dataset: str) -> Ground:
        """What a run on a dataset version would stand on now. Raises NotFound, Damaged."""
        folder = self.datasets.open(dataset)
        manifest = folder.manifest
        with self.database.readings() as session:
            withdrawn = read_withdrawn_pairs(session, dataset)
        base = self._find_base()
        path = base.path if base else None
        missing = base.problem if base else "Set READING_ROOM_MODEL to its folder."
        sha256 = ""
        if path:
            try:
                sha256 = weights_sha256(path)
            except (OSError, ValueError) as error:
                missing = f"It cannot be read: {error}."
        return Ground(
            dataset=dataset,
            name=manifest.name,
            pairs=manifest.counts["pairs"],
            withdrawn=[pair for pair, part in withdrawn.items() if part == "train"],
            made_beside=manifest.base,
            base_sha256=sha256,
            missing="" if sha256 else missing or "It has no weights; copy it again.",
            weights_gib=base.weights_gb if base else 0.0,
            folder=self.root,
            most_rank=self._most_rank,
        )

    def find(self, run: str) -> Run:
        """One run. Raises NotFound."""
        with self.database.readings() as session:
            return read_run(session, run)

    def find_by_version(self, version: str) -> Run:
        """The run that made an adapter version. Raises NotFound."""
        with self.database.readings() as session:
            return read_run_of(session, version)

    def list(self, *, dataset: str = "", limit: int = 100, offset: int = 0) -> tuple[tuple[Run, ...], int]:
        """The newest first, and how many there are in all."""
        with self.database.readings() as session:
            return read_runs(session, dataset=dataset, limit=limit, offset=offset)

    def decisions(self, run: str) -> tuple[Decision, ...]:
        """What was decided on a run, oldest first. Raises NotFound."""
        with self.database.readings() as session:
            read_run(session, run)
            return read_decisions(session, run)

    def folder(self, run: Run) -> Path:
        """Where a run's files lie: what `train.lora` is given, and the exam beside it."""
        return self.root / run.id


def submit_exam(session: Session, actor: Actor, row: RunRow, why: str = "") -> Job:
    """Put the exam of a run's version into the queue."""
    title = f"exam of {row.version}"
    return submit_in(session, actor, kind="evaluate", title=title, plan={"run": row.id}, why=why)


def make_training(settings: Settings, database: Database) -> Training:
    """The runs in the data folder that the settings name."""
    return Training(
        database,
        make_datasets(settings, database),
        root=settings.data / "runs",
        find_base=lambda: find_base(settings),
        most_rank=settings.adapter_rank,
    )


def find_base(settings: Settings) -> ModelFolder | None:
    """The base model; None where only engines by URL have it."""
    if settings.engine_urls and "model" not in settings.model_fields_set:
        return None
    return find_model(settings.model)


def read_asked(asked: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings that are laid down, without those that are to be chosen. Raises BadRequest."""
    try:
        check_asked(asked or {})
    except TrainingRefused as refused:
        raise BadRequest(str(refused), param="recipe") from refused
    return {key: value for key, value in (asked or {}).items() if value != AUTO}


def _check_name(adapter: str) -> None:
    if not ADAPTER.fullmatch(adapter) or adapter in {*RESERVED, BASE}:
        raise BadRequest(
            "Expected the adapter's name, of small letters, digits and single hyphens, 41 at most, that "
            f"means nothing else here; found {ascii(adapter)[1:-1][:80]}.",
            param="adapter",
        )


def _refuse_twice(session: Session, dataset: str, adapter: str, asked: Mapping[str, Any]) -> None:
    """A second press of the button does not train twice."""
    query = (
        select(RunRow)
        .join(JobRow, JobRow.id == RunRow.job)
        .where(RunRow.dataset == dataset, RunRow.adapter == adapter, JobRow.state.in_(_AT_WORK))
    )
    for row in session.scalars(query):
        if row.asked == asked:
            raise Conflict(
                f"This very run is waiting or at work already: {row.id}. Look at it, or cancel it."
            )
