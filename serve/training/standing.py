"""Where a run stands, and how its learning goes, from what its jobs have said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from serve.jobs.job import Job
from serve.jobs.queue import Jobs
from serve.training.administration import Training
from serve.training.run import Decision, Run
from train.lora.events import Curves, Event, read_curves

Stage = Literal[
    "waiting", "training", "paused", "failed", "cancelled",
    "sitting the exam", "exam failed", "to be decided", "decided",
]  # fmt: skip
_TRAINING: dict[str, Stage] = {
    "queued": "waiting",
    "running": "training",
    "paused": "paused",
    "failed": "failed",
    "cancelled": "cancelled",
}
_PAGE = 1000


def name_stage(run: Run, job: Job, exam: Job | None, decisions: Sequence[Decision]) -> Stage:
    """Where a run stands; `exam` is the job of its newest exam."""
    if job.state != "succeeded":
        return _TRAINING[job.state]
    if exam is not None and exam.state in ("queued", "running", "paused"):
        return "sitting the exam"
    if decisions:
        return "decided"
    if exam is not None and exam.state != "succeeded" and run.examined is None:
        return "exam failed"
    return "to be decided"


def find_stage(training: Training, run: Run) -> Stage:
    """Where a run stands now."""
    jobs = Jobs(training.database)
    exam = jobs.find(run.exam_job) if run.exam_job else None
    return name_stage(run, jobs.find(run.job), exam, training.decisions(run.id))


def read_learning(jobs: Jobs, job: str) -> Curves:
    """The loss curves that a run has told of, without what a kill made void. Raises NotFound."""
    return read_curves(_read_figures(jobs, job))


def _read_figures(jobs: Jobs, job: str) -> Iterator[Event]:
    after = 0
    while events := jobs.events(job, after=after, limit=_PAGE):
        after = events[-1].number
        for one in events:
            if one.type == "metrics":
                yield Event(one.at.isoformat(), one.level, "metrics", one.message, one.data)
            elif one.type == "resumed":
                yield Event(one.at.isoformat(), one.level, "resumed", one.message, one.data)
