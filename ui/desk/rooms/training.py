"""The training room: asking for a run, watching it, and the list of all runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from urllib.parse import quote

from starlette.responses import Response

from serve.wire.adapters import AliasInfo, AliasList
from serve.wire.datasets import DatasetList
from serve.wire.exams import ExamReply
from serve.wire.jobs import JobChange, JobInfo
from serve.wire.training import (
    AffectedReply,
    EstimateReply,
    EstimateRequest,
    LiveReply,
    RunDetail,
    RunInfo,
    RunList,
    RunRequest,
)
from ui.client import GatewayError
from ui.desk.charts import draw_curves
from ui.desk.failures import check_form
from ui.desk.recipes import EFFORTS, PREFIX, RECOMMENDED, make_recipe, name_effort
from ui.desk.visit import Door, Visit

PAGE = 50
LOOK_SECONDS = 10
"""How often the page of a run at work looks again."""
FORLORN_SECONDS = 120
"""A worker looks for jobs every few seconds."""
SHARES = (5, 25, 50, 100)
_ROOT = "/v1/runs"
_FIELDS = ("dataset", "adapter", "effort", "why")
_DECIDED = ("decision", "why", "override", "alias", "share", "automatic", "answers_needed")
_DECIDABLE = ("to be decided", "decided", "exam failed")
_STEPS = {"pause": "run-pausing", "resume": "run-resumed", "cancel": "run-cancelled"}
_KEPT = (400, 403, 404, 409, 422, 503, 507)
"""Refusals after which the page comes back with all that was typed."""


async def show_runs(visit: Visit) -> Response:
    """Every run, whose corrections are in service, and which versions must go."""
    page = visit.page_number()
    runs = await visit.gateway.get(_ROOT, RunList, limit=PAGE, offset=page * PAGE)
    live = await visit.gateway.get("/v1/my-corrections", LiveReply)
    affected = await visit.gateway.get("/v1/affected-adapters", AffectedReply)
    return visit.page(
        "training.html",
        runs=runs,
        efforts={run.id: name_effort(run.recipe) for run in runs.data},
        live=live.data,
        affected=affected.data,
        number=page,
        more=(page + 1) * PAGE < runs.total,
    )


async def show_form(visit: Visit) -> Response:
    """The form that asks for a run."""
    return await _render_form(visit)


async def ask_for_run(visit: Visit) -> Response:
    """Say what a run would take, or ask for it; refused or not, all that was typed stays."""
    fields = {
        "dataset": visit.text("dataset"),
        "adapter": visit.text("adapter"),
        "recipe": make_recipe(visit.text("effort"), _read_settings(visit)),
    }
    try:
        if visit.text("do") == "start":
            asked = check_form(RunRequest, **fields, why=visit.text("why"))
            run = await visit.gateway.post(_ROOT, RunInfo, asked)
            return visit.go(_at(run.id), "run-asked")
        wanted = check_form(EstimateRequest, **fields)
        estimate = await visit.gateway.post("/v1/run-estimates", EstimateReply, wanted)
    except GatewayError as problem:
        if problem.status not in _KEPT:
            raise
        return await _render_form(visit, problem=str(problem), status=problem.status)
    return await _render_form(visit, estimate=estimate)


async def show_run(visit: Visit) -> Response:
    """How a run goes, what the gate says, and what was decided."""
    return await render_run(visit)


async def change_run(visit: Visit) -> Response:
    """Pause, resume or cancel the job that is at work, or have the version sit its exam again."""
    step, name = visit.text("do"), visit.part("run")
    try:
        if step == "exam":
            change = check_form(JobChange, why=visit.text("why"))
            await visit.gateway.post(f"{_path(name)}/exam", RunInfo, change)
            return visit.go(_at(name), "exam-asked")
        if step not in _STEPS:
            raise GatewayError("Choose one of the buttons.", status=400)
        detail = await visit.gateway.get(_path(name), RunDetail)
        job = find_job(detail)
        if visit.text("job") not in ("", job.id):
            raise GatewayError("The run has gone on meanwhile. Look at where it stands now.", status=409)
        change = check_form(JobChange, why=visit.text("why"))
        await visit.gateway.post(f"/v1/jobs/{quote(job.id, safe='')}/{step}", JobInfo, change)
    except GatewayError as problem:
        if problem.status not in _KEPT:
            raise
        return await render_run(visit, problem=str(problem), status=problem.status)
    return visit.go(_at(name), _STEPS[step])


async def show_cancelling(visit: Visit) -> Response:
    """A page that asks for the reason before a run is ended for good."""
    detail = await visit.gateway.get(_path(visit.part("run")), RunDetail)
    return visit.page("run-cancel.html", run=detail.run, job=find_job(detail))


async def render_run(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    """The page of a run, around a refused form's sentence and what was typed into it."""
    name = visit.part("run")
    detail = await visit.gateway.get(_path(name), RunDetail)
    run, job = detail.run, find_job(detail)
    may_decide = visit.member.may("manage training") and run.stage in _DECIDABLE
    aliases = (await visit.gateway.get("/v1/aliases", AliasList)).data if may_decide else []
    return visit.page(
        "run.html",
        status=status,
        problem=problem,
        detail=detail,
        run=run,
        job=job,
        done=read_share(job.progress),
        seconds_left=read_number(job.progress, "seconds_left"),
        forlorn=is_forlorn(job),
        at_work=run.stage in ("waiting", "training", "sitting the exam") and job.state != "paused",
        look_seconds=LOOK_SECONDS,
        effort=name_effort(run.recipe),
        curves=draw_curves(
            [(one.step, one.loss) for one in detail.learning.train],
            [(one.step, one.loss) for one in detail.learning.valid],
        ),
        exam=await _read_exam(visit, detail),
        may_decide=may_decide,
        aliases=_list_aliases(run, aliases),
        shares=[(str(share), f"{share} % of conversations") for share in SHARES],
        typed={field: visit.text(field) for field in _DECIDED},
    )


def find_job(detail: RunDetail) -> JobInfo:
    """The job that a run's progress hangs on: the exam's, once there is one."""
    return detail.exam_job or detail.job


def is_forlorn(job: JobInfo) -> bool:
    """Whether a job waits for no other and still nobody has taken it: then no worker may be running."""
    if job.state != "queued" or job.ahead or job.problem:
        return False
    return (datetime.now(UTC) - datetime.fromisoformat(job.created)).total_seconds() > FORLORN_SECONDS


def read_share(progress: Mapping[str, object]) -> int | None:
    """How much is done, in whole per cent; None where nothing was said."""
    done = read_number(progress, "done")
    return None if done is None else round(100 * min(max(done, 0.0), 1.0))


def read_number(progress: Mapping[str, object], name: str) -> float | None:
    """A figure that a job has said of itself; None where it is none."""
    value = progress.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


async def _read_exam(visit: Visit, detail: RunDetail) -> ExamReply | None:
    """The exam's outcome; None before it, or where the run's page says why it cannot be shown."""
    if not detail.run.examined or detail.problem:
        return None
    try:
        return await visit.gateway.get(f"{_path(detail.run.id)}/exam", ExamReply)
    except GatewayError as problem:
        if problem.status not in (404, 409):
            raise
        return None


def _list_aliases(run: RunInfo, aliases: list[AliasInfo]) -> list[tuple[str, str]]:
    """Aliases to promote on, each with its revision as it is seen now: nobody overwrites what they have not
    seen."""
    known = [(f"{alias.name} {alias.revision}", f"{alias.name} (now {alias.stable})") for alias in aliases]
    if all(alias.name != run.adapter for alias in aliases):
        known.append((f"{run.adapter} 0", f"{run.adapter} (new)"))
    return sorted(known, key=lambda one: one[0].partition(" ")[0] != run.adapter)


def _read_settings(visit: Visit) -> dict[str, str]:
    names = [name for name in visit.form if name.startswith(PREFIX)]
    return {name.removeprefix(PREFIX)[:60]: visit.text(name)[:200] for name in names[:60]}


def _at(run: str) -> str:
    return f"/training/{quote(run, safe='')}"


def _path(run: str) -> str:
    return f"{_ROOT}/{quote(run, safe='')}"


async def _render_form(
    visit: Visit, *, estimate: EstimateReply | None = None, problem: str = "", status: int = 200
) -> Response:
    datasets = await visit.gateway.get("/v1/datasets", DatasetList, limit=200)
    typed = {field: visit.text(field) or visit.asked(field)[:200] for field in _FIELDS}
    typed["dataset"] = typed["dataset"] or (datasets.data[0].version if datasets.data else "")
    typed["adapter"] = typed["adapter"] or typed["dataset"].partition("--")[0]
    typed["effort"] = typed["effort"] or RECOMMENDED
    versions = [(one.version, f"{one.version}, {one.pairs} pairs") for one in datasets.data]
    if typed["dataset"] and all(name != typed["dataset"] for name, _ in versions):
        versions.append((typed["dataset"], typed["dataset"]))
    return visit.page(
        "training-new.html",
        status=status,
        problem=problem,
        datasets=versions,
        efforts=EFFORTS,
        estimate=estimate,
        typed=typed,
        settings=_read_settings(visit),
    )


DOORS = (
    Door("/training", show=show_runs),
    Door("/training/new", show=show_form, act=ask_for_run),
    Door("/training/{run}", show=show_run, act=change_run),
    Door("/training/{run}/cancel", show=show_cancelling, act=change_run),
)
