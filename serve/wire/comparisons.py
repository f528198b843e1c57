"""What crosses the wire about blind comparisons. What enters refuses unknown fields (`serve.schemas`).

    GET    /v1/comparisons                        -> ComparisonList
    POST   /v1/comparisons          BeginRequest  -> ComparisonInfo (202); both versions answer meanwhile
    GET    /v1/comparisons/{id}                   -> ComparisonInfo
    POST   /v1/comparisons/{id}/fill              -> ComparisonInfo (202): go on with what has no answers
    POST   /v1/comparisons/{id}/open   StepRequest -> ComparisonInfo: without the questions that have none
    POST   /v1/comparisons/{id}/close  StepRequest -> ComparisonInfo; for good
    GET    /v1/comparisons/{id}/result            -> OutcomeReply; 409 before it is closed
    GET    /v1/comparison-ratings                 -> RatingList: all versions, by all closed comparisons
    GET    /v1/open-comparisons                   -> OpenList: what the asker may vote in
    GET    /v1/comparisons/{id}/task              -> TaskReply: the asker's next question
    POST   /v1/comparisons/{id}/votes VoteRequest -> TaskReply: the next one
    DELETE /v1/comparisons/{id}/votes/{question}  -> TaskReply: one's own vote is gone

Those who vote get no name of a version and nothing that tells one side from the other; how it stands is shown
to nobody before the comparison is closed. Patrons vote where READING_ROOM_PATRON_COMPARISONS and the
comparison allow it; they and API keys say who they are by X-Reading-Room-Conversation, any unguessable id.
Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from serve.schemas import Identifier, Incoming, Source

State = Literal["preparing", "open", "closed"]
VerdictKind = Literal["better", "not_worse", "worse", "not_enough"]
MOST_QUESTIONS = 1_000
Asked = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class BeginRequest(Incoming):
    """Have `candidate` and `champion` (versions, or base) answer questions, so that people can compare them.

    `dataset` names the dataset version that the candidate was trained on, where its lineage does not.
    """

    candidate: Identifier
    champion: Identifier = "base"
    questions: list[Asked] = Field(min_length=1, max_length=MOST_QUESTIONS)
    title: str = Field("", max_length=200)
    patrons: bool = False
    dataset: str = Field("", max_length=200)
    why: str = Field("", max_length=2_000)


class StepRequest(Incoming):
    """Open or close it; `revision` is the comparison's as last seen."""

    revision: int = Field(ge=1)
    why: str = Field("", max_length=2_000)


class VoteRequest(Incoming):
    """`choice` is the name of one of the two sides, tie (both alike) or neither (both bad)."""

    question: Identifier
    choice: Identifier


class JudgeInfo(BaseModel):
    """How many votes somebody gave; patrons together, with "" for a name."""

    name: str
    body: Literal["staff", "patrons"]
    judges: int
    votes: int
    contributed: bool


class ComparisonInfo(BaseModel):
    """A comparison and how far it has come, without a word on how it stands.

    `answered` questions have both answers, `same` of them in the same words: nobody is asked about these.
    `planned` says how many votes show how large a difference. `contributors_known`: whether it is known whose
    pairs the candidate was trained on. `filling`: the gateway asked is at it.
    """

    id: str
    revision: int
    state: State
    title: str
    candidate: str
    champion: str
    patrons: bool
    dataset: str
    contributors_known: bool
    questions: int
    answered: int
    same: int
    filling: bool
    problem: str
    votes: int
    judges: list[JudgeInfo]
    planned: str
    created: str
    created_by: str
    why: str
    closed: str
    closed_by: str
    closed_why: str


class ComparisonList(BaseModel):
    """Newest first. `versions` are those that can be compared; `patrons_may` is the library's setting."""

    object: Literal["list"] = "list"
    total: int
    data: list[ComparisonInfo]
    versions: list[str]
    patrons_may: bool
    most_questions: int = MOST_QUESTIONS


class SideInfo(BaseModel):
    """One of two answers. Its name is drawn anew for each judge and question, and the order is theirs."""

    name: str
    text: str


class TaskInfo(BaseModel):
    """A question and both answers; `passages` are what both were written from, the [n] in either."""

    question: str
    text: str
    sides: list[SideInfo]
    passages: list[Source]


class OpenInfo(BaseModel):
    """A comparison that the asker may vote in, by questions done and left."""

    id: str
    done: int
    left: int


class TaskReply(OpenInfo):
    """The next question, None where nothing is left. `last` is the question of the asker's last vote, ""."""

    task: TaskInfo | None
    last: str


class OpenList(BaseModel):
    """Newest first."""

    object: Literal["list"] = "list"
    data: list[OpenInfo]


class Share(BaseModel):
    """A win rate of the candidate, ties half, with its 90 % interval."""

    share: float
    low: float
    high: float


class PartyInfo(Share):
    """What staff, or patrons, chose."""

    body: Literal["staff", "patrons"]
    judges: int
    votes: int


class AgreementInfo(BaseModel):
    """`share` of `pairs` of votes on the same of `questions` that agree; Krippendorff's `alpha`."""

    questions: int
    pairs: int
    share: float
    alpha: float


class RatingInfo(BaseModel):
    """A version by Bradley-Terry with its 90 % interval, on Elo's scale, and Elo itself."""

    version: str
    strength: float
    low: float
    high: float
    elo: float
    votes: int


class RatingList(BaseModel):
    """The strongest first."""

    object: Literal["list"] = "list"
    data: list[RatingInfo]


class QuestionOutcome(BaseModel):
    """A question, both answers by who wrote them, and how many judges chose what."""

    text: str
    candidate: str
    champion: str
    same: bool
    for_candidate: int
    for_champion: int
    ties: int
    neither: int


class OutcomeReply(ComparisonInfo):
    """How it ended. `shown_first`: the share of choices that fell on the answer shown first.

    `more`: further votes that would be likely to settle it, 0 where it is settled, None where no number can
    be named.
    """

    verdict: VerdictKind
    sentence: str
    cautions: list[str]
    more: int | None
    rate: Share
    for_candidate: int
    for_champion: int
    ties: int
    neither: int
    parties: list[PartyInfo]
    agreement: AgreementInfo | None
    shown_first: float | None
    elo_difference: Share
    ratings: list[RatingInfo]
    data: list[QuestionOutcome]
