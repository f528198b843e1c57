"""What crosses the wire about dataset versions, for staff.

Which pairs a version holds is told only to those who may read the exam: whoever knows what is trained on
knows, by what is missing, what the exam asks. All others get numbers, what was left out, and the datasheet.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from serve.schemas import Incoming


class BuildRequest(Incoming):
    """`POST /v1/datasets`: make the next version of `name` from the pairs that are approved now."""

    name: str = Field(min_length=1, max_length=41)
    why: str = Field("", max_length=2_000)


class ExclusionInfo(BaseModel):
    """Approved pairs that were left out for one reason; `sentence` says which, in plain words.

    `notes` say more of some of them, by id.
    """

    reason: str
    sentence: str
    pairs: list[str]
    notes: dict[str, str] = {}


class SheetRow(BaseModel):
    value: str
    pairs: int
    percent: int


class SheetTable(BaseModel):
    """How `total` pairs spread over one property; a pair may count in several rows. `more`: rows left out."""

    key: str
    title: str
    total: int
    rows: list[SheetRow]
    more: int = 0


class SheetSection(BaseModel):
    """A part of the datasheet: sentences to read, then tables."""

    key: str
    title: str
    sentences: list[str]
    tables: list[SheetTable]


class DatasetInfo(BaseModel):
    """One version, as a list shows it. `version` is its full name, such as letters--v3-1a2b3c4d.

    `pairs` counts those to train on, `exam` those held out, `excluded` the approved ones left out.
    `withdrawn` of its pairs were withdrawn after it was made: `remark` says so in words ("" where none
    was). `created` in ISO 8601, UTC.
    """

    version: str
    name: str
    number: int
    sha256: str
    created: str
    who: str
    why: str
    parent: str
    pairs: int
    exam: int
    excluded: int
    withdrawn: int
    remark: str


class DatasetList(BaseModel):
    """`GET /v1/datasets?limit=&offset=`: every version, the newest first. `names` are all there are."""

    object: Literal["list"] = "list"
    data: list[DatasetInfo]
    total: int
    names: list[str]


class BuiltReply(BaseModel):
    """The reply to `POST /v1/datasets`. `warnings` are plain sentences about what it holds."""

    version: DatasetInfo
    warnings: list[str]


class PreviewReply(BaseModel):
    """`GET /v1/dataset-preview?name=`: what a build would make now; nothing is made.

    `refusal` says why none can be made, and what to do; "" where one can.
    """

    name: str
    number: int
    parent: str
    pairs: int
    exam: int
    refusal: str
    warnings: list[str]
    exclusions: list[ExclusionInfo]


class DatasetDetail(BaseModel):
    """`GET /v1/datasets/{version}`: all of one version but its pairs. `datasheet` is Markdown.

    `files` are SHA-256 by file name. `withdrawn_pairs` are ids of pairs withdrawn since, for those who may
    read the exam; empty for others, whom `version.withdrawn` tells how many there are.
    """

    version: DatasetInfo
    base: str
    prompt_version: str
    index_version: str
    files: dict[str, str]
    warnings: list[str]
    sections: list[SheetSection]
    exclusions: list[ExclusionInfo]
    withdrawn_pairs: list[str]
    datasheet: str


class EvidenceInfo(BaseModel):
    record_id: str
    collection_id: str
    heading: str
    breadcrumb: list[str]
    text: str


class EarlierInfo(BaseModel):
    role: Literal["user", "assistant"]
    content: str


class MemberInfo(BaseModel):
    """One pair as it stands in a version; `withdrawn`: since it was made."""

    id: str
    revision: int
    question: str
    answer: str
    evidence: list[EvidenceInfo]
    history: list[EarlierInfo]
    kind: str
    origin: str
    contributor: str
    approver: str
    waiver: str
    consent: str
    licence: str
    language: str
    withdrawn: bool


class MemberPage(BaseModel):
    """`GET /v1/datasets/{version}/pairs?limit=&offset=`: the pairs to train on, by id; as the exam, only for
    those who may read the exam."""

    object: Literal["list"] = "list"
    data: list[MemberInfo]
    total: int


class ExamPage(BaseModel):
    """`GET /v1/datasets/{version}/exam?limit=&offset=`, for those who may read the exam."""

    object: Literal["list"] = "list"
    data: list[MemberInfo]
    total: int


class ChangedInfo(BaseModel):
    """A pair that both versions hold in another form; `fields` are the names of what differs."""

    id: str
    fields: list[str]


class DiffReply(BaseModel):
    """`GET /v1/datasets/{before}/diff/{after}`: what became of one version in another.

    `pairs_…` count the pairs to train on, `exam_…` those held out. `exam_moved` counts pairs that went from
    one part to the other: it is 0 between versions of one name. `added`, `removed` and `changed` name the
    pairs of both parts, for those who may read the exam; empty for others. `sentences` say all of it.
    """

    before: str
    after: str
    pairs_before: int
    pairs_after: int
    pairs_added: int
    pairs_removed: int
    pairs_changed: int
    exam_before: int
    exam_after: int
    exam_added: int
    exam_removed: int
    exam_changed: int
    exam_moved: int
    added: list[str]
    removed: list[str]
    changed: list[ChangedInfo]
    sentences: list[str]


class DatasetVerifyReply(BaseModel):
    """`POST /v1/datasets/{version}/verify`: every digest taken anew. Changes nothing."""

    version: str
    whole: bool
    problems: list[str]
