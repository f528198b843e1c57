"""What crosses the wire about pairs, their checks and their approval.

All text is plain text and may be hostile. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from serve.schemas import Incoming
from train.pairs.checks.finding import Code, Severity
from train.pairs.checks.finding import Field as PairField
from train.pairs.pair import Consent, Kind, Origin

PairState = Literal["draft", "submitted", "approved", "withdrawn"]
RecordId = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Key = Annotated[str, StringConstraints(max_length=200)]
_Question = Annotated[str, StringConstraints(min_length=1, max_length=8_000, strip_whitespace=True)]
_Answer = Annotated[str, StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True)]


class FindingInfo(BaseModel):
    """What a check says of a pair: `stop` keeps it from approval, `look` and `hint` do not.

    `start` and `end` are characters of `field`, -1 where nothing is marked; `item` is the number of the
    evidence or turn meant, from 0; `others` are ids of other pairs.
    """

    code: Code
    severity: Severity
    sentence: str
    field: PairField
    words: str
    start: int
    end: int
    item: int
    others: list[str]


class EvidenceInfo(BaseModel):
    """A passage behind the answer; `number` is its [n]. `public` is false where patrons may not see it."""

    number: int
    record_id: str
    collection_id: str
    heading: str
    breadcrumb: list[str]
    text: str
    public: bool


class TurnInfo(BaseModel):
    role: Literal["user", "assistant"]
    content: str


class PairSummary(BaseModel):
    """One line of `GET /v1/pairs`. `synthetic`: the model drafted it. `returned`: why it was sent back."""

    id: str
    revision: int
    state: PairState
    kind: Kind
    origin: Origin
    question: str
    contributor: str
    approver: str
    synthetic: bool
    returned: str
    language: str
    created: str
    updated: str
    updated_by: str


class PairList(BaseModel):
    """`GET /v1/pairs?state=submitted&q=words&limit=50&offset=0`, oldest change first; `counts` by state."""

    object: Literal["list"] = "list"
    data: list[PairSummary]
    total: int
    counts: dict[PairState, int]


class PairEventInfo(BaseModel):
    """One thing that happened to a pair. `revision` is the pair's after it."""

    at: str
    who: str
    what: str
    why: str
    revision: int


class PairInfo(PairSummary):
    """`GET /v1/pairs/{id}`, whole, with what the checks say now and what happened to it, oldest first.

    `may_approve` is "" where who asks may approve it as it is, else why not, in one sentence;
    `needs_waiver` where a reason in `waiver` would do.
    """

    answer: str
    evidence: list[EvidenceInfo]
    history: list[TurnInfo]
    consent: Consent
    licence: str
    waiver: str
    waived: list[str]
    group: str
    findings: list[FindingInfo]
    events: list[PairEventInfo]
    may_approve: str
    needs_waiver: bool


class PairRequest(Incoming):
    """`POST /v1/pairs`: a pair written by staff, as a draft, or submitted at once.

    `evidence` are record ids; the answer cites the first as [1] and so on. The same `idempotency_key`
    again gives the same pair.
    """

    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    question: _Question
    answer: str = Field("", max_length=20_000)
    kind: Kind = "answer"
    evidence: list[RecordId] = Field(default_factory=list, max_length=20)
    language: str = Field("en", min_length=2, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
    licence: str = Field("", max_length=200)
    submit: bool = False


class EditRequest(Incoming):
    """`PATCH /v1/pairs/{id}`: what is left out stays. An approved pair becomes a draft again.

    `evidence`: numbers of the present evidence, or record ids, in the order in which the answer cites them.
    `own_words`: the question is the editor's own now, so that it needs no patron's agreement; refused where
    it is still the patron's.
    """

    revision: int = Field(ge=1)
    idempotency_key: Key = ""
    question: _Question | None = None
    answer: _Answer | None = None
    kind: Kind | None = None
    evidence: list[int | RecordId] | None = Field(None, max_length=20)
    language: str | None = Field(
        None, min_length=2, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"
    )
    licence: str | None = Field(None, max_length=200)
    own_words: bool = False
    submit: bool = False


class StepRequest(Incoming):
    """`POST /v1/pairs/{id}/submit`, `/approve`, `/return`, `/withdraw`.

    `note`: why, wanted for return and withdraw. `waiver`: the reason why it is approved although nobody
    else saw it, or although a check says stop; recorded with the pair.
    `take_next` (approve, return): the reply has the next submitted pair that who asks may approve.
    """

    revision: int = Field(ge=1)
    idempotency_key: Key = ""
    note: str = Field("", max_length=2_000)
    waiver: str = Field("", max_length=2_000)
    take_next: bool = False
    skip: list[Annotated[str, StringConstraints(max_length=80)]] = Field(default_factory=list, max_length=500)


class PairReply(BaseModel):
    """The pair as it is after a change, and the next one where it was asked for and there is one."""

    pair: PairInfo
    next: PairInfo | None = None


class ChecksReply(BaseModel):
    """`GET /v1/pairs/{id}/checks`: what the checks say now, gravest first."""

    revision: int
    findings: list[FindingInfo]


class PairEventList(BaseModel):
    """`GET /v1/pairs/{id}/events`, oldest first."""

    object: Literal["list"] = "list"
    data: list[PairEventInfo]
