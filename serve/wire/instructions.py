"""What crosses the wire about standing instructions. What enters refuses unknown fields (`serve.schemas`).

    GET    /v1/instructions                        -> InstructionList
    GET    /v1/instructions/versions?kind=&name=   -> ScopeReply
    POST   /v1/instructions/versions  WriteRequest -> VersionInfo (201)
    POST   /v1/instructions/trials    TryRequest   -> TrialReply (202); ask again until it is not running
    GET    /v1/instructions/trials/{id}            -> TrialReply
    DELETE /v1/instructions/trials/{id}            -> TrialList of the same scope, without it
    GET    /v1/instructions/trials?kind=&name=     -> TrialList
    PUT    /v1/instructions/active    ActivateRequest -> ScopeReply; 409 where somebody was quicker
    GET    /v1/instructions/events?kind=&name=&after=&limit= -> InstructionEventList

All for those who may manage instructions. Rolling back is activating an older version. Times are ISO 8601
in UTC. A version is known by its scope (kind and name) and its number, from 1; 0 stands for none.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from serve.schemas import AnswerDetails, Identifier, Incoming, Text

ScopeKind = Literal["collection", "alias"]
TrialState = Literal["running", "finished", "interrupted"]
MOST_CHARACTERS = 1_500
"""Of a text: a few sentences, since passages and answer need the room."""
MOST_QUESTIONS = 10


class ScopeRequest(Incoming):
    """A collection by its id, or an alias by its name; `default` is what answers where none is named."""

    kind: ScopeKind
    name: Identifier


class WriteRequest(ScopeRequest):
    """A new version: plain sentences added below the fixed rules. Nothing takes effect by it."""

    text: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    why: str = Field("", max_length=2_000)


class TryRequest(ScopeRequest):
    """Ask these questions with version `number` (0: with none) beside what is in force."""

    number: int = Field(ge=0, le=2**31 - 1)
    questions: list[Text] = Field(min_length=1, max_length=MOST_QUESTIONS)


class ActivateRequest(ScopeRequest):
    """Put version `number` in force, 0: none. `revision` is the scope's as last seen, 0 where it had none.

    Either `trial` is the id of a finished trial of this version beside the one in force, or `why` says why
    there is none.
    """

    number: int = Field(ge=0, le=2**31 - 1)
    revision: int = Field(ge=0)
    trial: str = Field("", max_length=40)
    why: str = Field("", max_length=2_000)


class VersionInfo(BaseModel):
    """One immutable version. `text` is as the model gets it: what no reader sees was taken out.

    `id` is what answers carry, such as "collection:ms1@3".
    """

    id: str
    kind: ScopeKind
    name: str
    number: int
    text: str
    why: str
    created: str
    created_by: str
    active: bool


class ScopeInfo(BaseModel):
    """A collection or alias that has instructions. `title` is the collection's, `known` whether it is there.

    `changed`, `changed_by` and `changed_why` tell of the last activation; "" where there was none.
    """

    kind: ScopeKind
    name: str
    title: str
    known: bool
    revision: int
    active: VersionInfo | None
    versions: int
    changed: str
    changed_by: str
    changed_why: str


class ScopeChoice(BaseModel):
    """A collection or alias that instructions can be written for."""

    kind: ScopeKind
    name: str
    title: str


class InstructionList(BaseModel):
    """All scopes that have instructions, those that could, and the rules that always stay.

    The instructions of a collection go before those of an alias, wherever the question is limited to
    that collection or all passages come from it.
    """

    object: Literal["list"] = "list"
    total: int
    data: list[ScopeInfo]
    choices: list[ScopeChoice]
    rules: str
    prompt_version: str
    most_characters: int = MOST_CHARACTERS
    most_questions: int = MOST_QUESTIONS


class TrialAnswer(BaseModel):
    """One answer. `written`: the model wrote it; else the instructions could not show in it.

    `details` has its sources; None where `problem` says in words why there is no answer.
    """

    text: str
    written: bool
    problem: str
    details: AnswerDetails | None


class TrialPair(BaseModel):
    """One question with both answers, None until they are there.

    `reached` is false where the instructions would not be in force for this question: another scope's go
    before them.
    """

    question: str
    active: TrialAnswer | None
    proposed: TrialAnswer | None
    reached: bool


class TrialInfo(BaseModel):
    """`number` was tried `beside` the version in force then (0: none).

    `shortcoming` says in words why an activation cannot name it now; "" where it can.
    """

    id: str
    kind: ScopeKind
    name: str
    number: int
    beside: int
    questions: list[str]
    created: str
    created_by: str
    state: TrialState
    answers: int
    shortcoming: str


class TrialReply(TrialInfo):
    """A trial whole: the answers side by side, in the order of the questions."""

    data: list[TrialPair]


class TrialList(BaseModel):
    """The trials of a scope, newest first."""

    object: Literal["list"] = "list"
    total: int
    data: list[TrialInfo]


class ScopeReply(ScopeInfo):
    """A scope whole: its versions, newest first."""

    data: list[VersionInfo]


class InstructionEvent(BaseModel):
    """`what`: written, tried, trial removed, activated or withdrawn; `details` has numbers and the trial."""

    id: int
    at: str
    who: str
    kind: ScopeKind
    name: str
    what: str
    why: str
    details: dict[str, Any]


class InstructionEventList(BaseModel):
    """Events, oldest first; `next` is the `after` that goes on from here."""

    object: Literal["list"] = "list"
    data: list[InstructionEvent]
    next: int
