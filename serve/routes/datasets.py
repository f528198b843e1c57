"""Dataset versions, for staff: made, looked at, compared, verified; their pairs for who may read the exam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from serve.datasets.administration import Datasets, make_datasets
from serve.datasets.version import Version
from serve.people.access import require
from serve.people.authority import Action, Actor, may
from serve.service import ServiceDep
from serve.wire.datasets import (
    BuildRequest,
    BuiltReply,
    ChangedInfo,
    DatasetDetail,
    DatasetInfo,
    DatasetList,
    DatasetVerifyReply,
    DiffReply,
    ExamPage,
    ExclusionInfo,
    MemberInfo,
    MemberPage,
    PreviewReply,
    SheetSection,
)
from train.datasets.candidate import Member
from train.datasets.selection import Exclusion

router = APIRouter(prefix="/v1")


async def get_datasets(service: ServiceDep) -> Datasets:
    """The versions of this gateway."""
    return make_datasets(service.settings, service.database)


DatasetsDep = Annotated[Datasets, Depends(get_datasets)]
ReaderDep = Annotated[Actor, Depends(require(Action.READ_DATASETS))]
BuilderDep = Annotated[Actor, Depends(require(Action.BUILD_DATASETS))]
ExaminerDep = Annotated[Actor, Depends(require(Action.READ_EXAM))]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/datasets")
def list_datasets(
    datasets: DatasetsDep, _actor: ReaderDep, limit: Limit = 100, offset: Offset = 0
) -> DatasetList:
    """Every version, the newest first."""
    versions = datasets.versions()
    return DatasetList(
        data=[describe_version(one) for one in versions[offset : offset + limit]],
        total=len(versions),
        names=sorted({one.name for one in versions}),
    )


@router.post("/datasets", status_code=201)
def build_dataset(body: BuildRequest, datasets: DatasetsDep, actor: BuilderDep) -> BuiltReply:
    """Make the next version of a name from the pairs that are approved now."""
    built = datasets.build(body.name, actor=actor, why=body.why)
    return BuiltReply(version=describe_version(built.version), warnings=list(built.warnings))


@router.get("/dataset-preview")
def preview_dataset(
    datasets: DatasetsDep, _actor: ReaderDep, name: Annotated[str, Query(min_length=1, max_length=41)]
) -> PreviewReply:
    """What a build would make now; nothing is made."""
    preview = datasets.preview(name)
    plan = preview.plan
    return PreviewReply(
        name=name,
        number=preview.number,
        parent=plan.before.version,
        pairs=len(plan.parts.train),
        exam=len(plan.parts.exam),
        refusal=plan.refusal,
        warnings=list(plan.warnings),
        exclusions=[_describe_exclusion(one) for one in plan.exclusions],
    )


@router.get("/datasets/{version}")
def get_dataset(version: str, datasets: DatasetsDep, actor: ReaderDep) -> DatasetDetail:
    """All of one version but its pairs."""
    found, folder = datasets.find(version), datasets.open(version)
    manifest, sheet = folder.manifest, folder.sheet()
    seen = sorted(datasets.find_withdrawn(version)) if may(actor, Action.READ_EXAM) else []
    return DatasetDetail(
        version=describe_version(found),
        base=manifest.base,
        prompt_version=manifest.prompt_version,
        index_version=manifest.index_version,
        files=dict(manifest.files),
        warnings=sheet["warnings"],
        sections=[_describe_section(one) for one in sheet["sections"]],
        exclusions=[ExclusionInfo.model_validate(one) for one in sheet["exclusions"]],
        withdrawn_pairs=seen,
        datasheet=folder.sheet_text(),
    )


@router.get("/datasets/{version}/pairs")
def list_members(
    version: str, datasets: DatasetsDep, _actor: ExaminerDep, limit: Limit = 100, offset: Offset = 0
) -> MemberPage:
    """The pairs to train on."""
    members = datasets.open(version).train()
    return MemberPage(data=_show(members, datasets, version, limit, offset), total=len(members))


@router.get("/datasets/{version}/exam")
def list_exam(
    version: str, datasets: DatasetsDep, _actor: ExaminerDep, limit: Limit = 100, offset: Offset = 0
) -> ExamPage:
    """The pairs held out."""
    members = datasets.open(version).exam()
    return ExamPage(data=_show(members, datasets, version, limit, offset), total=len(members))


@router.get("/datasets/{before}/diff/{after}")
def compare_datasets(before: str, after: str, datasets: DatasetsDep, actor: ReaderDep) -> DiffReply:
    """What became of one version in another."""
    found = datasets.compare(before, after)
    train, exam, seen = found.train, found.exam, may(actor, Action.READ_EXAM)
    changed = sorted((*train.changed, *exam.changed), key=lambda one: one.id)
    return DiffReply(
        before=found.before,
        after=found.after,
        pairs_before=train.before,
        pairs_after=train.after,
        pairs_added=len(train.added),
        pairs_removed=len(train.removed),
        pairs_changed=len(train.changed),
        exam_before=exam.before,
        exam_after=exam.after,
        exam_added=len(exam.added),
        exam_removed=len(exam.removed),
        exam_changed=len(exam.changed),
        exam_moved=len(found.moved),
        added=sorted((*train.added, *exam.added)) if seen else [],
        removed=sorted((*train.removed, *exam.removed)) if seen else [],
        changed=[ChangedInfo(id=one.id, fields=list(one.fields)) for one in changed] if seen else [],
        sentences=list(found.describe()),
    )


@router.post("/datasets/{version}/verify")
def verify_dataset(version: str, datasets: DatasetsDep, _actor: ReaderDep) -> DatasetVerifyReply:
    """Take every digest of a version anew. Changes nothing."""
    (finding,) = datasets.verify(version)
    return DatasetVerifyReply(
        version=finding.version, whole=not finding.problems, problems=list(finding.problems)
    )


def describe_version(version: Version) -> DatasetInfo:
    return DatasetInfo(
        version=version.version,
        name=version.name,
        number=version.number,
        sha256=version.sha256,
        created=version.created.isoformat(timespec="seconds"),
        who=version.who,
        why=version.why,
        parent=version.parent,
        pairs=version.pairs,
        exam=version.exam,
        excluded=version.excluded,
        withdrawn=version.withdrawn,
        remark=version.remark,
    )


def _describe_exclusion(exclusion: Exclusion) -> ExclusionInfo:
    return ExclusionInfo(
        reason=exclusion.reason,
        sentence=exclusion.sentence,
        pairs=list(exclusion.pairs),
        notes=dict(exclusion.notes),
    )


def _describe_section(section: dict[str, Any]) -> SheetSection:
    """A section of datasheet.json, with the rows' percentages."""
    tables = [
        {
            **table,
            "rows": [{**row, "percent": _percent(row["pairs"], table["total"])} for row in table["rows"]],
        }
        for table in section["tables"]
    ]
    return SheetSection.model_validate({**section, "tables": tables})


def _percent(pairs: int, total: int) -> int:
    return round(100 * pairs / total) if total else 0


def _show(
    members: Sequence[Member], datasets: Datasets, version: str, limit: int, offset: int
) -> list[MemberInfo]:
    withdrawn = datasets.find_withdrawn(version)
    return [
        MemberInfo.model_validate(
            {**asdict(one.pair), "revision": one.revision, "withdrawn": one.pair.id in withdrawn}
        )
        for one in members[offset : offset + limit]
    ]
