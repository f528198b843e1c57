"""What crosses the wire about adapters, for staff. What enters refuses unknown fields (`serve.schemas`)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from serve.schemas import Incoming


class WhyRequest(Incoming):
    """The body of a change that needs no more than a reason, and may do without."""

    why: str = Field("", max_length=2_000)


class AddRequest(WhyRequest):
    """`folder`: the bare name of a folder in the service's incoming folder; `name` as the adapter's name,
    where the folder is as peft writes it."""

    folder: str = Field(min_length=1, max_length=200)
    name: str | None = Field(None, min_length=1, max_length=41)


class PromoteRequest(WhyRequest):
    """`PUT /v1/aliases/{alias}`. `revision` is the one last seen; 0 for an alias that does not exist yet.

    `share` in percent of the conversations; with less than 100 the version is tried beside the stable
    one, and goes on by itself after `answers_needed` of its answers at each share if `automatic`.
    """

    version: str = Field(min_length=1, max_length=80)
    share: Literal[5, 25, 50, 100] = 100
    automatic: bool = False
    answers_needed: int = Field(200, ge=1, le=1_000_000)
    revision: int = Field(ge=0)


class RollbackRequest(WhyRequest):
    """`revision`: only from that one; None: whatever the alias points to now."""

    revision: int | None = Field(None, ge=0)


class AssignRequest(WhyRequest):
    """`alias`: what answers questions about the collection; None: the default again."""

    alias: str | None = Field(max_length=41)


class AdapterInfo(BaseModel):
    """One version. `aliases`: percent of the conversations it has, by alias; `created` in ISO 8601.

    `has_reference`: whether it is compared with peft's own forward pass before it is offered.
    """

    name: str
    adapter: str
    number: int
    state: str
    aliases: dict[str, int]
    sha256: str
    base_sha256: str
    rank: int
    targets: list[str]
    lineage: dict[str, Any]
    has_reference: bool
    problem: str
    created: str
    created_by: str


class AdapterList(BaseModel):
    """Every version, purged ones among them. `change` grows with each change of anything here."""

    object: Literal["list"] = "list"
    change: int
    data: list[AdapterInfo]


class AddedReply(BaseModel):
    """`remark`: why no reference was computed, in one line; empty where one was."""

    adapter: AdapterInfo
    remark: str


class VerifyReply(BaseModel):
    """What a check of a version's files against manifest, base and registry found."""

    name: str
    whole: bool
    problems: list[str]


class RolloutInfo(BaseModel):
    candidate: str
    share: int
    automatic: bool
    answers_needed: int


class ArmInfo(BaseModel):
    """Answers of one arm at one share, and the conversations in which they were bad in some way."""

    share: int
    arm: Literal["stable", "candidate"]
    answers: int
    errors: int
    slow: int
    invalid_citations: int
    refusals: int
    thumbs_down: int


class RolloutReply(BaseModel):
    """How a trial stands. `breached`: in what the candidate is worse; `next`: what will happen, in words."""

    alias: str
    revision: int
    stable: str
    rollout: RolloutInfo
    counts: list[ArmInfo]
    breached: list[str]
    verdict: str
    next: str


class AliasInfo(BaseModel):
    """`weights`: percent by version, "base" for the base; `previous`: what was stable before, newest last."""

    name: str
    revision: int
    stable: str
    weights: dict[str, int]
    previous: list[str]
    rollout: RolloutInfo | None


class AliasList(BaseModel):
    """Every alias that is stored, and the alias each collection has been given."""

    object: Literal["list"] = "list"
    change: int
    data: list[AliasInfo]
    collections: dict[str, str]


class CollectionAliasInfo(BaseModel):
    collection: str
    alias: str | None


class EventInfo(BaseModel):
    """`kind`: version, alias or collection; `details` has what was `before` and `after`."""

    id: int
    at: str
    who: str
    kind: str
    subject: str
    what: str
    why: str
    details: dict[str, Any]


class EventList(BaseModel):
    """Events, oldest first; `next` is the `after` that goes on from here."""

    object: Literal["list"] = "list"
    data: list[EventInfo]
    next: int
