"""What crosses the wire about training runs, for staff."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from serve.schemas import Incoming
from serve.wire.jobs import JobInfo

Verdict = Literal["pass", "fail", "not enough evidence"]
RunStage = Literal[
    "waiting", "training", "paused", "failed", "cancelled",
    "sitting the exam", "exam failed", "to be decided", "decided",
]  # fmt: skip
RecipeValue = bool | int | float | str


class RunRequest(Incoming):
    """`POST /v1/runs`: train the next version of `adapter` on the dataset version `dataset`.

    `recipe` holds the settings that are laid down (`train.lora.recipe`); "auto", or none: chosen.
    """

    dataset: str = Field(min_length=1, max_length=80)
    adapter: str = Field(min_length=1, max_length=60)
    recipe: dict[str, RecipeValue] = Field(default={}, max_length=60)
    why: str = Field("", max_length=2_000)


class EstimateRequest(Incoming):
    """`POST /v1/run-estimates`: what such a run would take; nothing is begun."""

    dataset: str = Field(min_length=1, max_length=80)
    adapter: str = Field(min_length=1, max_length=60)
    recipe: dict[str, RecipeValue] = Field(default={}, max_length=60)


class EstimateReply(BaseModel):
    """What a run would take. `seconds` are the least, the likely and the most; memory and disk in bytes.

    `recipe` is whole, `automatic` names the settings in it that were chosen. `promotable` false: too little
    for anything but a trial.
    """

    sentence: str
    steps: int
    tokens: int
    seconds: tuple[float, float, float]
    memory: int
    memory_free: int
    disk: int
    disk_free: int
    kwh: float
    device: str
    recipe: dict[str, RecipeValue]
    automatic: list[str]
    promotable: bool
    remarks: list[str]


class RunInfo(BaseModel):
    """One run. `stage` is where it stands; `version` is the adapter version that came of it, "" before.

    `recipe` are the settings that were laid down. `verdict` is what the exam says ("" before it), without
    votes and canary. Moments in ISO 8601, UTC, "" for what has not been.
    """

    id: str
    stage: RunStage
    created: str
    created_by: str
    why: str
    dataset: str
    adapter: str
    base: str
    base_sha256: str
    recipe: dict[str, RecipeValue]
    pairs: int
    exam: int
    job: str
    exam_job: str
    version: str
    trained: str
    examined: str
    verdict: Verdict | Literal[""]


class RunList(BaseModel):
    """`GET /v1/runs?dataset=&limit=&offset=`: the newest first; `total` without limit and offset."""

    object: Literal["list"] = "list"
    data: list[RunInfo]
    total: int


class CurvePoint(BaseModel):
    step: int
    loss: float


class Learning(BaseModel):
    """The loss for each answer token, of the lessons and of the part held back; `sentence` is for people."""

    train: list[CurvePoint]
    valid: list[CurvePoint]
    verdict: str
    sentence: str


class FindingInfo(BaseModel):
    """One thing the gate looked at; `needed` more questions (votes, answers) would settle it."""

    code: str
    verdict: Verdict
    sentence: str
    needed: int | None = None


class StageInfo(BaseModel):
    """A stage of the gate: integrity, data, automatic, people, canary."""

    name: str
    verdict: Verdict
    sentence: str
    needed: int | None = None
    findings: list[FindingInfo]


class GateInfo(BaseModel):
    """The gate as it stands now. `may_try`: all stages but the canary are passed; `may_promote`: all."""

    verdict: Verdict
    sentence: str
    may_try: bool
    may_promote: bool
    stages: list[StageInfo]


class DecisionRequest(Incoming):
    """`POST /v1/runs/{run}/decision`. `override` is an administrator's reason to pass the gate by.

    `alias` ("": the adapter's name) is pointed to the version for `share` percent of the conversations;
    `revision` as in `PUT /v1/aliases/{alias}`.
    """

    decision: Literal["promote", "keep", "more data"]
    why: str = Field(min_length=1, max_length=2_000)
    override: str = Field("", max_length=2_000)
    alias: str = Field("", max_length=60)
    share: Literal[5, 25, 50, 100] = 5
    automatic: bool = False
    answers_needed: int = Field(200, ge=1, le=1_000_000)
    revision: int | None = Field(None, ge=0)


class DecisionInfo(BaseModel):
    """What somebody decided. `verdict` is what the gate said then; `override` why that was passed by."""

    number: int
    run: str
    at: str
    who: str
    decision: Literal["promote", "keep", "more data"]
    version: str
    alias: str
    share: int
    verdict: Verdict
    why: str
    override: str


class RunDetail(BaseModel):
    """`GET /v1/runs/{run}`: all of one run.

    `result` is what the trainer said in the end; `report` is the exam's (`train.evaluation.report`), without
    a word of a pair; `problem` says why gate or report cannot be shown, "" where they can.
    """

    run: RunInfo
    job: JobInfo
    exam_job: JobInfo | None
    learning: Learning
    result: dict[str, Any] | None
    gate: GateInfo | None
    report: dict[str, Any] | None
    problem: str
    decisions: list[DecisionInfo]


class ExamRequest(Incoming):
    """`POST /v1/runs/{run}/exam`: have the version sit its exam again."""

    why: str = Field("", max_length=2_000)


class LiveInfo(BaseModel):
    """Pairs of the reader's own behind the version that an alias points to; `sentence` says it to them."""

    alias: str
    version: str
    dataset: str
    pairs: int
    sentence: str


class LiveReply(BaseModel):
    """`GET /v1/my-corrections`: where the pairs of whoever asks are in service."""

    object: Literal["list"] = "list"
    data: list[LiveInfo]


class AffectedInfo(BaseModel):
    """A version trained on pairs that were withdrawn since; `aliases` are those that have it in use."""

    version: str
    state: str
    aliases: list[str]
    run: str
    dataset: str
    withdrawn: int
    sentence: str


class AffectedReply(BaseModel):
    """`GET /v1/affected-adapters`: those in service first."""

    object: Literal["list"] = "list"
    data: list[AffectedInfo]
