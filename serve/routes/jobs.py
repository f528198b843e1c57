"""Jobs, for staff: what waits, runs and is done; for those who manage training, to pause and cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from serve.jobs.job import Event, Job
from serve.jobs.queue import Jobs
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.service import ServiceDep
from serve.wire.jobs import (
    JobChange,
    JobDetail,
    JobEventInfo,
    JobEventList,
    JobInfo,
    JobKind,
    JobList,
    JobState,
)

router = APIRouter(prefix="/v1/jobs")


async def get_jobs(service: ServiceDep) -> Jobs:
    """The jobs of this gateway's database."""
    return Jobs(service.database)


JobsDep = Annotated[Jobs, Depends(get_jobs)]
ReaderDep = Annotated[Actor, Depends(require(Action.READ_TRAINING))]
ManagerDep = Annotated[Actor, Depends(require(Action.MANAGE_TRAINING))]


@router.get("")
def list_jobs(
    jobs: JobsDep,
    _actor: ReaderDep,
    kind: Annotated[JobKind | None, Query()] = None,
    state: Annotated[JobState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> JobList:
    """The jobs of a kind and state, or all, the newest first."""
    found, total = jobs.list(kind=kind or "", state=state or "", limit=limit, offset=offset)
    return JobList(data=[describe_job(jobs, job) for job in found], total=total)


@router.get("/{job}")
def get_job(job: str, jobs: JobsDep, _actor: ReaderDep) -> JobDetail:
    """One job with what it was given to do and what came of it."""
    found = jobs.find(job)
    return JobDetail(
        job=describe_job(jobs, found),
        plan=dict(found.plan),
        result=dict(found.result) if found.result is not None else None,
    )


@router.get("/{job}/events")
def list_job_events(
    job: str,
    jobs: JobsDep,
    _actor: ReaderDep,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> JobEventList:
    """What happened to a job and what its run said, since event `after`."""
    events = jobs.events(job, after=after, limit=limit)
    return JobEventList(
        data=[_describe_event(event) for event in events], next=events[-1].number if events else after
    )


@router.post("/{job}/cancel")
def cancel_job(job: str, body: JobChange, jobs: JobsDep, actor: ManagerDep) -> JobInfo:
    """End a job for good; a running one is stopped within seconds."""
    return describe_job(jobs, jobs.cancel(job, actor, body.why))


@router.post("/{job}/pause")
def pause_job(job: str, body: JobChange, jobs: JobsDep, actor: ManagerDep) -> JobInfo:
    """Halt a job; a running one writes a checkpoint first."""
    return describe_job(jobs, jobs.pause(job, actor, body.why))


@router.post("/{job}/resume")
def resume_job(job: str, body: JobChange, jobs: JobsDep, actor: ManagerDep) -> JobInfo:
    """Let a paused job go on from its last checkpoint, or try a failed one again."""
    return describe_job(jobs, jobs.resume(job, actor, body.why))


def describe_job(jobs: Jobs, job: Job) -> JobInfo:
    """A job as staff see it."""
    return JobInfo(
        id=job.id,
        kind=job.kind,
        title=job.title,
        state=job.state,
        wanted=job.wanted,
        ahead=jobs.count_ahead(job),
        progress=dict(job.progress),
        attempt=job.attempts,
        attempts=job.most_attempts,
        problem=job.problem,
        worker=job.worker,
        created=_say_moment(job.created),
        started=_say_moment(job.started),
        finished=_say_moment(job.finished),
        created_by=job.created_by,
        why=job.why,
    )


def _describe_event(event: Event) -> JobEventInfo:
    return JobEventInfo(
        number=event.number,
        at=_say_moment(event.at),
        level=event.level,
        type=event.type,
        message=event.message,
        data=dict(event.data),
    )


def _say_moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
