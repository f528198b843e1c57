"""Pairs into files and out of them, and drafts by the model in service."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.curation.drafting import draft_pairs
from serve.curation.evidence import find_index
from serve.curation.importing import Imported, Rights, export_pairs, import_pairs
from serve.errors import TooLarge
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.service import ServiceDep
from serve.wire.exchange import (
    DraftReply,
    DraftRequest,
    ExportReport,
    FormInfo,
    FormList,
    ImportProblem,
    ImportReply,
)
from train.pairs.exchange.forms import FORMS
from train.pairs.exchange.reading import MOST_BYTES, Problem

router = APIRouter(prefix="/v1/pairs")
ImporterDep = Annotated[Actor, Depends(require(Action.IMPORT_PAIRS))]
Name = Annotated[str, Query(max_length=300)]
State = Literal["draft", "submitted", "approved", "withdrawn"]


@router.get("/forms")
def list_forms(_importer: ImporterDep) -> FormList:
    """The forms that pairs come and go in."""
    data = [
        FormInfo(
            name=form.name,
            title=form.title,
            suffix=form.suffix,
            media_type=form.media_type,
            leaves_out=f"Leaves out {form.leaves_out}." if form.leaves_out else "",
        )
        for form in FORMS.values()
    ]
    return FormList(data=data)


@router.post("/import")
async def import_file(
    request: Request,
    service: ServiceDep,
    importer: ImporterDep,
    name: Name = "",
    form: Annotated[str, Query(max_length=40)] = "",
    licence: Annotated[str, Query(max_length=200)] = "",
    consent: bool = False,
    try_only: Annotated[bool, Query(alias="try")] = False,
) -> ImportReply:
    """Take the pairs of a file in, or with `try=1` say what would come of it. The file is the body."""
    raw = await request.body()
    if len(raw) > MOST_BYTES:
        raise TooLarge(f"The file is larger than {MOST_BYTES:,} bytes. Split it into several files.")
    imported = await run_in_threadpool(
        import_pairs,
        service.database,
        importer,
        raw,
        Rights(licence, consent),
        find_index(service.library),
        name=name,
        form=form,
        tried=try_only,
    )
    return describe_import(imported)


@router.get("/export", response_model=ExportReport)
def export_file(
    service: ServiceDep,
    importer: ImporterDep,
    form: Annotated[str, Query(max_length=40)] = "csv",
    state: Annotated[list[State] | None, Query(max_length=4)] = None,
    ids: Annotated[list[str] | None, Query(alias="id", max_length=500)] = None,
    try_only: Annotated[bool, Query(alias="try")] = False,
) -> ExportReport | Response:
    """The pairs of some states (without withdrawn ones if none is named) as a file, or a report of it."""
    chosen, export, count = export_pairs(
        service.database, importer, form, states=state or (), ids=ids or (), tried=try_only
    )
    name = f"pairs{chosen.suffix}"
    if try_only:
        return ExportReport(
            form=chosen.name, name=name, media_type=chosen.media_type, pairs=count, notes=list(export.notes)
        )
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "X-Reading-Room-Notes": json.dumps(export.notes),
    }
    return Response(export.data, media_type=chosen.media_type, headers=headers)


@router.post("/drafts", status_code=201)
async def make_drafts(body: DraftRequest, service: ServiceDep, importer: ImporterDep) -> DraftReply:
    """Have the model draft pairs from entries of a collection. Each is a draft that somebody must look at."""
    drafted = await draft_pairs(service, importer, body.collection, body.count)
    return DraftReply(
        pair_ids=list(drafted.pair_ids), model=drafted.model, asked=drafted.asked, notes=list(drafted.notes)
    )


def describe_import(imported: Imported) -> ImportReply:
    """What came of a file, as it is replied."""
    reading = imported.reading
    return ImportReply(
        form=imported.form.name,
        tried=imported.tried,
        rows=reading.rows,
        imported=len(imported.new),
        known=imported.known,
        refused=reading.refused,
        problems=[_describe_problem(problem) for problem in reading.problems],
        more_problems=reading.more,
        pair_ids=list(imported.new),
    )


def _describe_problem(problem: Problem) -> ImportProblem:
    return ImportProblem(
        place=str(problem.place or ""),
        row=problem.place.number if problem.place else None,
        column=problem.column,
        problem=problem.problem,
        remedy=problem.remedy,
        refused=problem.refused,
        sentence=str(problem),
    )
