"""The stub's training room: runs in every stage, that can be asked for, paused, examined and decided on."""

from __future__ import annotations

import math
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import BaseModel

from serve.people.authority import Action, Actor, may
from serve.wire.cards import CardReply
from serve.wire.exams import BesideInfo, ChangedInfo, ErrorInfo, ExamReply, FigureInfo, MeasureInfo
from serve.wire.jobs import JobChange, JobInfo
from serve.wire.training import (
    AffectedReply,
    CurvePoint,
    DecisionInfo,
    DecisionRequest,
    EstimateReply,
    EstimateRequest,
    ExamRequest,
    FindingInfo,
    GateInfo,
    Learning,
    LiveInfo,
    LiveReply,
    RunDetail,
    RunInfo,
    RunList,
    RunRequest,
    StageInfo,
)
from tests.ui.desk.filled import fill
from tests.ui.desk.stub_desk import WHEN, Refused, Stub, requires

STAGES = {
    "r1": ("training", "running"), "r2": ("to be decided", "succeeded"), "r3": ("failed", "failed"),
    "r4": ("paused", "paused"), "r5": ("sitting the exam", "running"), "r6": ("waiting", "queued"),
    "r7": ("decided", "succeeded"), "r8": ("cancelled", "cancelled"),
}  # fmt: skip
"""Stage and state of the job of every run there is."""
TRAINING_ROOMS = (
    "/training", "/training/new", *(f"/training/{name}" for name in STAGES), "/training/r1/cancel",
    "/training/r2/exam", "/adapters/letters--v2-1a2b3c4d/card",
)  # fmt: skip
ALIAS_REVISION = 7
"""Of the alias "letters"; a decision made from another one comes too late."""


def add_training(app: FastAPI, stub: Stub) -> None:
    """Answer for the training room."""
    _add_looks(app, stub)
    _add_changes(app, stub)


def find_runs(stub: Stub) -> dict[str, RunDetail]:
    """The stub's runs, made anew where it has been begun anew."""
    if not stub.runs:
        stub.runs.update({name: make_detail(stub, name) for name in STAGES})
    return stub.runs


def make_detail(stub: Stub, name: str) -> RunDetail:
    """A run in its stage."""
    say, (stage, state) = stub.say, STAGES[name]
    examined, trained = stage in ("to be decided", "decided"), stage not in ("training", "waiting")
    job = make_job(stub, f"j-{name}", state if stage != "sitting the exam" else "succeeded")
    exam = make_job(stub, f"e-{name}", "running" if stage == "sitting the exam" else "succeeded")
    return RunDetail(
        run=make_run(stub, name, stage, trained=trained, examined=examined),
        job=job,
        exam_job=exam if examined or stage == "sitting the exam" else None,
        learning=make_learning(stub) if stage != "waiting" else fill(Learning, say, train=[], valid=[]),
        result={say("stopped"): say("All epochs are done."), "steps": {"done": 120}} if trained else None,
        gate=make_gate(stub) if examined else None,
        report={"seed": 1} if examined else None,
        problem="",
        decisions=[make_decision(stub, name)] if stage == "decided" else [],
    )


def make_run(stub: Stub, name: str, stage: str, *, trained: bool, examined: bool) -> RunInfo:
    """What the list shows of a run."""
    return fill(
        RunInfo, stub.say, id=name, stage=stage, created=WHEN, dataset="letters--v1-1a2b3c4d",
        adapter="letters", base_sha256="ab" * 32, recipe={}, pairs=212, exam=24, job=f"j-{name}",
        exam_job=f"e-{name}" if examined else "", version="letters--v2-1a2b3c4d" if trained else "",
        trained=WHEN if trained else "", examined=WHEN if examined else "",
        verdict="not enough evidence" if examined else "",
    )  # fmt: skip


def make_job(stub: Stub, name: str, state: str) -> JobInfo:
    """A job in a state."""
    progress: dict[str, Any] = {stub.say("step"): 42, "done": 0.42, "seconds_left": 754.0}
    return fill(
        JobInfo, stub.say, id=name, state=state, wanted="", ahead=2 if state == "queued" else 0,
        progress=progress if state in ("running", "paused") else {}, attempt=1, attempts=3, created=WHEN,
        problem=stub.say("The disk is full.") if state == "failed" else "", title=stub.say("letters on letters--v1"),
    )  # fmt: skip


def make_learning(stub: Stub) -> Learning:
    """Curves of which the one on the part held back has begun to rise."""
    return Learning(
        train=[CurvePoint(step=step, loss=2.4 * math.exp(-step / 40) + 0.3) for step in range(1, 121)],
        valid=[CurvePoint(step=step, loss=loss) for step, loss in ((0, 2.5), (40, 1.2), (80, 0.9), (120, 0.97))],
        verdict="memorising",
        sentence=stub.say("It has begun to memorise (overfitting)."),
    )  # fmt: skip


def make_gate(stub: Stub) -> GateInfo:
    """A gate that votes and canary are missing from."""
    verdicts = {
        "integrity": "pass", "data": "pass", "automatic": "pass", "people": "not enough evidence",
        "canary": "not enough evidence",
    }  # fmt: skip
    stages = [
        StageInfo.model_validate(
            {"name": name, "verdict": verdict, "sentence": stub.say(f"About {name}."),
             "needed": None if verdict == "pass" else 40,
             "findings": [{"code": "c", "verdict": verdict, "sentence": stub.say(f"A check of {name}.")}]}
        )
        for name, verdict in verdicts.items()
    ]  # fmt: skip
    stages[0].findings.append(FindingInfo(code="d", verdict="fail", sentence=stub.say("A red light.")))
    return GateInfo(
        verdict="not enough evidence", sentence=stub.say("Votes are missing."), may_try=False,
        may_promote=False, stages=stages,
    )  # fmt: skip


def make_decision(stub: Stub, run: str, **given: Any) -> DecisionInfo:
    """A promotion that went past the gate."""
    made: dict[str, Any] = {"decision": "promote", "at": WHEN, "share": 5, "alias": "letters", **given}
    return fill(DecisionInfo, stub.say, run=run, verdict="not enough evidence", version="letters--v2", **made)


def make_exam(stub: Stub, *, texts: bool) -> ExamReply:
    """An exam with one broken and two fixed; without their words for who does not decide."""
    say = stub.say

    def change(name: str, **words: str) -> ChangedInfo:
        shown = words if texts else dict.fromkeys(words, "")
        return ChangedInfo(
            id=name, fault=say("cites nothing"), error="no citation", explained=say("says it without a number"), **shown
        )  # fmt: skip

    def words(name: str) -> dict[str, str]:
        return {"question": say(f"Question {name}?"), "right": say(f"Right {name} [1]."),
                "before": say(f"Before {name}."), "after": say(f"After {name}.")}  # fmt: skip

    broken, fixed = [change("p3", **words("p3"))], [change(name, **words(name)) for name in ("p1", "p2")]
    figure = FigureInfo(value=0.8, low=0.7, high=0.9, count=24)
    measures = [
        MeasureInfo(name="grounded_correctness", label=say("right answers"), better="higher", scale="share",
                    figures={"base": figure, "candidate": figure}, difference=FigureInfo(value=0.1, low=0.02, high=0.2, count=24)),
        MeasureInfo(name="seconds", label=say("seconds"), better="lower", scale="ratio",
                    figures={"candidate": FigureInfo(value=None, low=None, high=None, count=0)}, difference=None),
    ]  # fmt: skip
    return ExamReply(
        run="r2", version="letters--v2-1a2b3c4d", dataset="letters--v1-1a2b3c4d", questions=24, answerable=20,
        versions={"base": say("base"), "candidate": "letters--v2-1a2b3c4d"}, measures=measures,
        errors=[ErrorInfo(kind="no citation", explained=say("says it without a number"), counts={"base": 3, "candidate": 1})],
        beside=[BesideInfo(role="base", name=say("base"), sentence="2 fixed, 1 broken, 21 the same",
                           broken=broken, fixed=fixed, same_right=18, same_wrong=3)],
        texts=texts,
    )  # fmt: skip


def _send(reply: BaseModel, status: int = 200) -> Response:
    return Response(reply.model_dump_json(warnings=False), status, media_type="application/json")


def _find(stub: Stub, name: str) -> RunDetail:
    runs = find_runs(stub)
    if name not in runs:
        raise Refused(404, "There is no such run.", "not_found")
    return runs[name]


def _add_looks(app: FastAPI, stub: Stub) -> None:
    reads = requires(stub, Action.READ_TRAINING)

    @app.get("/v1/runs", dependencies=[reads])
    def runs(limit: int = 100, offset: int = 0) -> Response:
        found = [detail.run for detail in find_runs(stub).values()]
        return _send(RunList(data=found[offset : offset + limit], total=len(found)))

    @app.get("/v1/my-corrections", dependencies=[reads])
    def live() -> Response:
        one = fill(LiveInfo, stub.say, sentence=stub.say("Your 14 corrections are live in letters--v2."))
        return _send(LiveReply(data=[one]))

    @app.get("/v1/affected-adapters", dependencies=[reads])
    def affected() -> Response:
        return _send(fill(AffectedReply, stub.say))

    @app.get("/v1/runs/{name}", dependencies=[reads])
    def run(name: str) -> Response:
        return _send(_find(stub, name))

    @app.get("/v1/runs/{name}/exam")
    def exam(name: str, actor: Actor = reads) -> Response:
        if not _find(stub, name).run.examined:
            raise Refused(404, "It has not sat an exam yet.", "not_found")
        return _send(make_exam(stub, texts=may(actor, Action.MANAGE_TRAINING)))

    @app.get("/v1/adapters/{name}/card", dependencies=[reads])
    def card(name: str) -> Response:
        return _send(fill(CardReply, stub.say, version=name))


def _add_changes(app: FastAPI, stub: Stub) -> None:
    manages = requires(stub, Action.MANAGE_TRAINING)

    @app.post("/v1/run-estimates", dependencies=[manages])
    def estimate(body: EstimateRequest) -> Response:
        stub.asked.append(body)
        if body.recipe.get("rank") == "many":
            raise Refused(400, "rank: expected a whole number, found 'many'.", "invalid_request")
        recipe = {"epochs": 3, "rate": 0.0001, "smoke": False, "precision": "fp32", **body.recipe}
        told = {"sentence": stub.say("It fits."), "steps": 159, "tokens": 96_000, "kwh": 0.012,
                "seconds": (600.0, 1_260.0, 2_400.0), "memory": 2_400_000_000, "memory_free": 8e9, "disk": 1e9,
                "disk_free": 5e10, "device": stub.say("cpu, 2 threads"), "recipe": recipe, "promotable": "smoke" not in body.recipe,
                "automatic": sorted(set(recipe) - set(body.recipe)), "remarks": [stub.say("A slow machine.")]}  # fmt: skip
        return _send(EstimateReply.model_validate(told))

    @app.post("/v1/runs", dependencies=[manages])
    def submit(body: RunRequest) -> Response:
        if body in stub.asked:
            raise Refused(409, "This very run is waiting or at work already: r9.")
        stub.asked.append(body)
        detail = make_detail(stub, "r6")
        run = detail.run.model_copy(update={"id": "r9", "adapter": body.adapter, "recipe": body.recipe})
        find_runs(stub)["r9"] = detail.model_copy(update={"run": run})
        return _send(run, 201)

    @app.post("/v1/jobs/{name}/{step}", dependencies=[manages])
    def change(name: str, step: str, body: JobChange) -> Response:
        state = {"pause": "paused", "resume": "queued", "cancel": "cancelled"}[step]
        for detail in find_runs(stub).values():
            if detail.job.id == name:
                if detail.job.state == state:
                    raise Refused(409, f"The job is {state} already.")
                detail.job = detail.job.model_copy(update={"state": state, "why": body.why})
                detail.run = detail.run.model_copy(update={"stage": {"queued": "waiting"}.get(state, state)})
                return _send(detail.job)
        raise Refused(404, "There is no such job.", "not_found")

    @app.post("/v1/runs/{name}/exam", dependencies=[manages])
    def examine(name: str, body: ExamRequest) -> Response:
        stub.asked.append(body)
        return _send(_find(stub, name).run, 201)

    @app.post("/v1/runs/{name}/decision")
    def decide(name: str, body: DecisionRequest, actor: Actor = manages) -> Response:
        detail = _find(stub, name)
        if body.decision == "promote" and body.revision != ALIAS_REVISION:
            raise Refused(409, f"The alias {body.alias} was changed meanwhile by Ben Approver.")
        if body.decision == "promote" and not body.override:
            raise Refused(409, "Votes are missing. Wait for what is missing.")
        stub.asked.append(body)
        made = make_decision(
            stub, name, decision=body.decision, who=actor.name, why=body.why, override=body.override,
            alias=body.alias,
        )  # fmt: skip
        detail.decisions.append(made)
        return _send(made, 201)
