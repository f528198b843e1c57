"""Training runs, for staff: asked for, looked at, decided on; whose corrections are in service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from serve.errors import ServeError
from serve.jobs.queue import Jobs
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.routes.jobs import describe_job
from serve.service import Service, ServiceDep
from serve.training.administration import Training, make_training
from serve.training.contributions import find_affected, find_live
from serve.training.deciding import Deciding
from serve.training.estimating import estimate
from serve.training.judging import Judging
from serve.training.run import Decision, Run
from serve.training.standing import find_stage, read_learning
from serve.wire.training import (
    AffectedInfo,
    AffectedReply,
    CurvePoint,
    DecisionInfo,
    DecisionRequest,
    EstimateReply,
    EstimateRequest,
    ExamRequest,
    GateInfo,
    Learning,
    LiveInfo,
    LiveReply,
    RunDetail,
    RunInfo,
    RunList,
    RunRequest,
)
from train.evaluation.gate.verdict import Gate
from train.lora.events import Curves
from train.lora.fitting import describe_fit

router = APIRouter(prefix="/v1")


async def get_training(service: ServiceDep) -> Training:
    """The runs of this gateway."""
    return make_training(service.settings, service.database)


TrainingDep = Annotated[Training, Depends(get_training)]
ReaderDep = Annotated[Actor, Depends(require(Action.READ_TRAINING))]
ManagerDep = Annotated[Actor, Depends(require(Action.MANAGE_TRAINING))]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/runs")
def list_runs(
    training: TrainingDep,
    _actor: ReaderDep,
    dataset: Annotated[str, Query(max_length=80)] = "",
    limit: Limit = 100,
    offset: Offset = 0,
) -> RunList:
    """The runs on a dataset version, or all, the newest first."""
    runs, total = training.list(dataset=dataset, limit=limit, offset=offset)
    return RunList(data=[describe_run(training, run) for run in runs], total=total)


@router.post("/runs", status_code=201)
def submit_run(body: RunRequest, training: TrainingDep, actor: ManagerDep) -> RunInfo:
    """Ask for a run; a worker begins it when it is free."""
    run = training.submit(body.dataset, body.adapter, asked=body.recipe, actor=actor, why=body.why)
    return describe_run(training, run)


@router.post("/run-estimates")
def estimate_run(
    body: EstimateRequest, training: TrainingDep, service: ServiceDep, _actor: ManagerDep
) -> EstimateReply:
    """What a run would take; this can take a minute, and nothing is begun."""
    told = estimate(training, service.settings, body.dataset, body.adapter, body.recipe)
    return EstimateReply.model_validate(told)


@router.get("/runs/{run}")
def get_run(run: str, training: TrainingDep, service: ServiceDep, _actor: ReaderDep) -> RunDetail:
    """All of one run, the gate as it stands now."""
    found, jobs = training.find(run), Jobs(service.database)
    job = jobs.find(found.job)
    gate, report, problem = _judge(found, training, service)
    return RunDetail(
        run=describe_run(training, found),
        job=describe_job(jobs, job),
        exam_job=describe_job(jobs, jobs.find(found.exam_job)) if found.exam_job else None,
        learning=_describe_learning(read_learning(jobs, found.job)),
        result=dict(job.result) if job.result is not None else None,
        gate=gate,
        report=report,
        problem=problem,
        decisions=[describe_decision(one) for one in training.decisions(run)],
    )


@router.post("/runs/{run}/exam", status_code=201)
def examine_again(run: str, body: ExamRequest, training: TrainingDep, actor: ManagerDep) -> RunInfo:
    """Have a run's version sit its exam again, beside what is in use now."""
    return describe_run(training, training.examine(run, actor=actor, why=body.why))


@router.post("/runs/{run}/decision", status_code=201)
def decide(
    run: str, body: DecisionRequest, training: TrainingDep, service: ServiceDep, actor: ManagerDep
) -> DecisionInfo:
    """Promote, keep, or ask for more data: by name, with a reason, for good."""
    deciding = Deciding(_make_judging(training, service), service.administration.registry)
    if body.alias:
        service.administration.check_alias(body.alias)
    decision = deciding.decide(
        training.find(run),
        body.decision,
        actor=actor,
        why=body.why,
        override=body.override,
        alias=body.alias,
        share=body.share,
        automatic=body.automatic,
        answers_needed=body.answers_needed,
        revision=body.revision,
    )
    return describe_decision(decision)


@router.get("/my-corrections")
def list_my_corrections(service: ServiceDep, actor: ReaderDep) -> LiveReply:
    """Where the pairs of whoever asks are in service."""
    live = find_live(service.database, service.administration.registry.snapshot(), actor.name)
    return LiveReply(data=[LiveInfo.model_validate(one, from_attributes=True) for one in live])


@router.get("/affected-adapters")
def list_affected_adapters(service: ServiceDep, _actor: ReaderDep) -> AffectedReply:
    """Versions that were trained on pairs withdrawn since."""
    affected = find_affected(service.database, service.administration.registry.snapshot())
    return AffectedReply(data=[AffectedInfo.model_validate(one, from_attributes=True) for one in affected])


def describe_run(training: Training, run: Run) -> RunInfo:
    """A run as staff see it."""
    return RunInfo(
        id=run.id,
        stage=find_stage(training, run),
        created=_say_moment(run.created),
        created_by=run.created_by,
        why=run.why,
        dataset=run.dataset,
        adapter=run.adapter,
        base=run.base,
        base_sha256=run.base_sha256,
        recipe=dict(run.asked),
        pairs=run.pairs,
        exam=run.exam,
        job=run.job,
        exam_job=run.exam_job,
        version=run.version,
        trained=_say_moment(run.trained),
        examined=_say_moment(run.examined),
        verdict=run.verdict,
    )


def describe_decision(decision: Decision) -> DecisionInfo:
    """A decision as staff see it."""
    return DecisionInfo(
        number=decision.number,
        run=decision.run,
        at=_say_moment(decision.at),
        who=decision.who,
        decision=decision.decision,
        version=decision.version,
        alias=decision.alias,
        share=decision.share,
        verdict=decision.verdict or "not enough evidence",
        why=decision.why,
        override=decision.override,
    )


def describe_gate(gate: Gate) -> GateInfo:
    """The gate as staff see it."""
    told = gate.as_json() | {"may_try": gate.may_try, "may_promote": gate.may_promote}
    return GateInfo.model_validate(told)


def _judge(
    run: Run, training: Training, service: Service
) -> tuple[GateInfo | None, dict[str, Any] | None, str]:
    """Gate and report, and why they cannot be had, where a file or the dataset is not as it was."""
    if run.trained is None:
        return None, None, ""
    judging = _make_judging(training, service)
    try:
        return describe_gate(judging.judge(run)), judging.read_report(run), ""
    except ServeError as error:
        return None, None, str(error)


def _make_judging(training: Training, service: Service) -> Judging:
    return Judging(training, service.administration, service.settings.adapter_rank)


def _describe_learning(curves: Curves) -> Learning:
    fit = describe_fit(curves)
    return Learning(
        train=[CurvePoint(step=step, loss=loss) for step, loss in curves.train],
        valid=[CurvePoint(step=step, loss=loss) for step, loss in curves.valid],
        verdict=fit.verdict,
        sentence=fit.sentence,
    )


def _say_moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
