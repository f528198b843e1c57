"""What crosses the wire about the inbox: what patrons asked, what went wrong, what staff make of it.

All text of patrons and of answers is plain text and may be hostile. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from serve.schemas import Incoming, Source
from serve.wire.pairs import FindingInfo, TurnInfo

Verdict = Literal["good", "fix", "not_held", "ignore", "wrong_source"]
"""good: right as it stands. fix: with the answer sent along. not_held: refusing is right. ignore: nothing to
learn. wrong_source: the search went wrong, the question is kept to try it with."""
GroupState = Literal["open", "judged"]
Chosen = int | Annotated[str, StringConstraints(min_length=1, max_length=500)]
"""A source of the answer by its number, or any record by its id."""


class ClaimInfo(BaseModel):
    """Who is at a group, until when; `mine` where it is who asks."""

    who: str
    until: str
    mine: bool


class GroupSummary(BaseModel):
    """One line of `GET /v1/inbox`: a question, however often and in whatever words it was asked.

    `asked` counts the answers given, each once; `thumbs_down`, `thumbs_up` and `unanswered` how they went.
    `score` is what they are ranked by: see `serve.curation.ranking`. `reopened`: it was judged before.
    """

    id: str
    revision: int
    state: GroupState
    question: str
    score: float
    asked: int
    thumbs_down: int
    thumbs_up: int
    unanswered: int
    first: str
    last: str
    verdict: Verdict | None = None
    judged_by: str = ""
    judged_at: str = ""
    reopened: bool = False
    claim: ClaimInfo | None = None


class GroupList(BaseModel):
    """`GET /v1/inbox?state=open&limit=50&offset=0`, worst first; `total` counts all of that state.

    `waiting` is feedback that came in and is not grouped yet: the next call takes some more of it.
    """

    object: Literal["list"] = "list"
    data: list[GroupSummary]
    total: int
    waiting: int


class AskedInfo(BaseModel):
    """One way in which the question was put, and how often."""

    question: str
    asked: int


class EntryInfo(BaseModel):
    """One answer that was given, and what its patron said of it.

    `origin`: feedback, or a conversation that a patron agreed to have kept. `remembered` is false where
    question and answer are only what a client sent: nothing vouches for them, and `sources` are empty.
    `agreed`: the patron agreed that this may be used for training. `numbers` in `sources` and
    `also_searched` are those of the [n] in the answer. `readings` is what the search understood, in words;
    `earlier` the turns before, where the conversation was kept: a follow-up cannot be judged without.
    """

    id: str
    origin: Literal["feedback", "conversation"]
    created: str
    question: str
    answer: str
    thumb: Literal["up", "down", ""]
    reasons: list[str]
    comment: str
    suggested: str
    status: str
    sources: list[Source]
    also_searched: list[Source]
    unverified: list[str]
    adapter: str
    alias: str
    model: str
    index_version: str
    prompt_version: str
    instructions: str
    remembered: bool
    agreed: bool
    judged: bool
    readings: list[str]
    earlier: list[TurnInfo]


class JudgementInfo(BaseModel):
    """What was decided on a group, by whom, and what came of it."""

    verdict: Verdict
    who: str
    at: str
    note: str
    pair: str
    retrieval_case: str


class GroupInfo(GroupSummary):
    """`GET /v1/inbox/{group}`: all that a page shows of it. `entries` worst and newest first, 20 at most.

    `entries[0]` is the one that a judgement is about unless it names another.
    """

    questions: list[AskedInfo]
    entries: list[EntryInfo]
    judgements: list[JudgementInfo]


class NextRequest(Incoming):
    """`POST /v1/inbox/next`: claim the worst open group nobody is at. `skip`: those left for later."""

    skip: list[Annotated[str, StringConstraints(max_length=40)]] = Field(default_factory=list, max_length=500)


class NextReply(BaseModel):
    """The group, now claimed by who asks; None where there is none left. `left` counts the open ones."""

    group: GroupInfo | None
    left: int


class JudgementRequest(Incoming):
    """`POST /v1/inbox/{group}/judgement`.

    `revision` is the group's, as last seen. The same `idempotency_key` again gives the same reply.
    `entry` is the answer judged, entries[0] where it is left out.

    good          nothing more
    fix           `answer`; `evidence` the passages behind it, in any order: numbers as in the answer, or
                  record ids, which the answer cites by the numbers after the last source's, in their order
                  here. Left out: the sources that the answer cites.
    wrong_source  `wrong` the sources that were wrong (left out: all cited ones), `right` the record's id
                  if it is known

    `question` puts the patron's question into other words (fix, not_held): then it is the curator's own,
    and needs no agreement of the patron.
    `take_next`: the reply has the next group, claimed, as `POST /v1/inbox/next` gives it.
    """

    verdict: Verdict
    revision: int = Field(ge=1)
    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    entry: str = Field("", max_length=40)
    answer: str = Field("", max_length=20_000)
    question: str = Field("", max_length=8_000)
    evidence: list[Chosen] | None = Field(None, max_length=20)
    wrong: list[Chosen] | None = Field(None, max_length=20)
    right: str = Field("", max_length=500)
    note: str = Field("", max_length=2_000)
    take_next: bool = False
    skip: list[Annotated[str, StringConstraints(max_length=40)]] = Field(default_factory=list, max_length=500)


class JudgementReply(BaseModel):
    """What came of it: the group as it is now, the pair made and its state ("" where none was), and what
    the checks found in it. A pair with a finding that stops it stays a draft."""

    group: GroupSummary
    pair: str
    pair_state: str
    findings: list[FindingInfo]
    retrieval_case: str
    next: NextReply | None = None


class ReopenRequest(Incoming):
    """`POST /v1/inbox/{group}/reopen`: take a judgement back. The pair it made is withdrawn unless it is
    approved by now, and its retrieval case is removed."""

    revision: int = Field(ge=1)
    why: str = Field("", max_length=2_000)


class CaseInfo(BaseModel):
    """A question that the search went wrong on. `right` is "" where nobody has named the right record."""

    id: str
    created: str
    who: str
    question: str
    wrong: list[str]
    right: str
    index_version: str


class CaseList(BaseModel):
    """`GET /v1/retrieval-cases`. `GET /v1/retrieval-cases/export` gives those with a right record as JSON
    Lines for `reading-room evaluate retrieval --questions`."""

    object: Literal["list"] = "list"
    data: list[CaseInfo]
    total: int
