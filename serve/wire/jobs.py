"""What crosses the wire about jobs, for staff."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from serve.schemas import Incoming

JobState = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
JobKind = Literal["train", "evaluate", "embed", "compare"]


class JobChange(Incoming):
    """The body of `POST /v1/jobs/{job}/cancel`, `/pause` and `/resume`: a reason, or nothing."""

    why: str = Field("", max_length=2_000)


class JobInfo(BaseModel):
    """One job. `wanted` is "pause" or "cancel" while its worker has not stopped it yet, else "".

    `progress` is what its run last said: `done` (a share of 1), `seconds_left` and figures of its own, as far
    as it knows them. `ahead` jobs come before it while it is queued. `attempt` of `attempts` counts from when
    it last came further; `problem` says why it failed or waits to be tried again. Moments in ISO 8601, UTC,
    "" for what has not been.
    """

    id: str
    kind: str
    title: str
    state: JobState
    wanted: Literal["", "pause", "cancel"]
    ahead: int
    progress: dict[str, Any]
    attempt: int
    attempts: int
    problem: str
    worker: str
    created: str
    started: str
    finished: str
    created_by: str
    why: str


class JobList(BaseModel):
    """`GET /v1/jobs?kind=&state=&limit=&offset=`: the newest first; `total` without limit and offset."""

    object: Literal["list"] = "list"
    data: list[JobInfo]
    total: int


class JobDetail(BaseModel):
    """`GET /v1/jobs/{job}`. `plan` is what it was given to do; `result` is None before it has succeeded."""

    job: JobInfo
    plan: dict[str, Any]
    result: dict[str, Any] | None


class JobEventInfo(BaseModel):
    """Something that happened to a job (`type` submitted, claimed, paused, broke off ...) or that its run
    said (message, metrics, checkpoint ...; the figures are in `data`)."""

    number: int
    at: str
    level: Literal["info", "warn", "error"]
    type: str
    message: str
    data: dict[str, Any]


class JobEventList(BaseModel):
    """`GET /v1/jobs/{job}/events?after=&limit=`: oldest first; `next` is what to ask for `after`."""

    object: Literal["list"] = "list"
    data: list[JobEventInfo]
    next: int
