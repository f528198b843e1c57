"""What crosses the wire about what is kept of a chat.

POST   /v1/conversations/{conversation}/agreement   AgreementRequest -> AgreementReply   its patron
POST   /v1/conversations/{conversation}/end         -> EndReply                          its patron
DELETE /v1/conversations/{conversation}             -> ErasureInfo                       its patron
POST   /v1/erasures                                 ErasureRequest -> ErasureInfo        Action.ERASE
GET    /v1/erasures?limit=&offset=                  -> ErasureList, newest first         Action.ERASE
GET    /v1/purges?limit=&offset=&removed=           -> PurgeList, newest first           Action.READ_AUDIT

Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from serve.schemas import Identifier, Incoming

FEEDBACK: Final = "feedback-1"
KEEPING: Final = "keeping-1"
CONSENTS: Final = {
    FEEDBACK: (
        "Your question, the answer and what you write here go to the library staff. They are kept for {days} "
        "days; staff use them to improve the answers, also as examples that this service learns from. Please "
        "leave out names and addresses of living people."
    ),
    KEEPING: (
        "Your questions and the answers to them, the ones above too, are then kept for {days} days. Library "
        "staff read them to improve the answers, also as examples that this service learns from. Nothing is "
        "kept that says who you are. Take the tick away, and all of it is deleted."
    ),
}
"""The sentences that patrons agree to, by version; `{days}` is a setting. Changed words are a new version."""


class AgreementRequest(Incoming):
    """A patron agrees that a conversation is kept, or no longer does. `consent` names what was shown."""

    agreed: bool
    consent: Literal["keeping-1"] = KEEPING


class AgreementReply(BaseModel):
    """How it stands now: `turns` are kept, the newest until `kept_until` ("" where nothing is agreed)."""

    agreed: bool
    turns: int
    kept_until: str


class EndReply(BaseModel):
    """How many answers of an ended conversation this service forgot. What was agreed or sent stays kept."""

    forgotten: int


class ErasureRequest(Incoming):
    """A patron's request, brought by staff: everything of one conversation.

    Named by its id, by the key that the inbox shows in its place, or by the id of feedback that came of it.
    """

    conversation: Identifier | None = None
    feedback: Identifier | None = None

    @model_validator(mode="after")
    def name_one(self) -> Self:
        """One of the two, and not both."""
        if (self.conversation is None) == (self.feedback is None):
            raise ValueError("name either `conversation` or `feedback`")
        return self


class ErasureInfo(BaseModel):
    """What was removed, and how far it had come. `id` is "" where nothing was kept in the first place.

    `feedback`, `turns`: ids of removed rows. `pairs`: ids of pairs withdrawn and emptied. `datasets`,
    `adapters`: versions that still contain such pairs, or were trained on them: staff decide about these.
    """

    id: str
    at: str
    who: str
    feedback: list[str] = Field(default_factory=list)
    turns: list[str] = Field(default_factory=list)
    pairs: list[str] = Field(default_factory=list)
    datasets: list[str] = Field(default_factory=list)
    adapters: list[str] = Field(default_factory=list)


class ErasureList(BaseModel):
    object: Literal["list"] = "list"
    total: int
    data: list[ErasureInfo]


class PurgeInfo(BaseModel):
    """Proof of one purge: rows removed by kind, the earliest and latest day on which their time was over
    ("" for none), a digest over the hashes of their ids, and how many that are over were left: 0.
    """

    id: int
    at: str
    who: str
    removed: dict[str, int]
    oldest: str
    newest: str
    digest: str
    remaining_expired: int


class PurgeList(BaseModel):
    """With `removed=ID` only the purge that removed this id."""

    object: Literal["list"] = "list"
    total: int
    data: list[PurgeInfo]
