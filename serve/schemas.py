"""What crosses the wire. Types that enter refuse unknown fields; types that leave are complete.

Requests follow the OpenAI chat API, so that its unmodified clients work; what is ours travels in
one extra object, `reading_room`, both ways.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from retrieval.asked.chips import ChipKind

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Incoming(BaseModel):
    """A request body: unknown fields are errors, so that a typo never does nothing in silence."""

    model_config = ConfigDict(extra="forbid")


class SearchFilters(Incoming):
    """Hard limits on what is searched; years are inclusive."""

    year_from: int | None = Field(None, ge=-3000, le=3000)
    year_to: int | None = Field(None, ge=-3000, le=3000)
    levels: list[Literal["collection", "series", "file", "item"]] = Field(default_factory=list, max_length=4)


Readings = Annotated[list[Identifier], Field(max_length=20)]
"""Ids of readings of the question that are wrong: the search is made without them."""


class ReadingRoomOptions(Incoming):
    """`extra_body={"reading_room": {...}}` of a chat request.

    `conversation`, any text of the client's own, keeps one adapter version for a whole conversation.
    `without` are ids of readings (`searched.readings` of an earlier reply) that are to be left out.
    """

    retrieval: bool = True
    conversation: str | None = Field(None, min_length=1, max_length=200)
    collections: list[Identifier] = Field(default_factory=list, max_length=100)
    filters: SearchFilters = SearchFilters()
    without: Readings = []
    top_k: int | None = Field(None, ge=1, le=20)


class TextPart(Incoming):
    type: Literal["text"]
    text: str = Field(max_length=100_000)


class ChatMessage(Incoming):
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, StringConstraints(max_length=100_000)] | list[TextPart]
    name: str | None = Field(None, max_length=64)

    @property
    def text(self) -> str:
        """The content as one string."""
        return (
            self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)
        )


class StreamOptions(Incoming):
    include_usage: bool = False
    include_obfuscation: bool = False


class ChatRequest(Incoming):
    """`POST /v1/chat/completions`. `model` names an alias, an adapter or the base; absent: `default`."""

    model: str = Field("default", min_length=1, max_length=200)
    messages: list[ChatMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1, le=8192)
    max_completion_tokens: int | None = Field(None, ge=1, le=8192)
    seed: int | None = Field(None, ge=0, le=2**31 - 1)
    stop: str | list[str] | None = Field(None, max_length=4)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    n: Literal[1] = 1
    user: str | None = Field(None, max_length=200)
    metadata: dict[str, str] | None = None
    store: Literal[False] | None = None
    reading_room: ReadingRoomOptions = ReadingRoomOptions()


class Described(BaseModel):
    """A record as its own fields have it, for the reader.

    `closed_until` is the last day on which the material is closed, 9999-12-31 for good, "" where no
    note closes it; `closure` says the same in words, and when that day has passed.
    """

    title: str
    dates: str
    level: str
    breadcrumb: list[str]
    collection_id: str
    collection: str
    call_number: str
    repository: str
    container: str
    container_inferred: bool
    access: str
    access_from: str
    closed_until: str = ""
    closure: str = ""
    use: str
    citation: str
    catalogue_url: str


class Source(Described):
    """A full archival citation of one record, from its fields; `number` is the [n] of the answer."""

    number: int
    cited: bool
    record_id: str
    passage: str
    record_url: str


class RecordSummary(BaseModel):
    id: str
    title: str
    dates: str
    container: str
    url: str


class Reading(BaseModel):
    """One thing read from the question: a person, a date, a kind of material, ... in a patron's words.

    `used` is false where it was set aside, since nothing satisfied it together with the others.
    """

    id: str
    kind: ChipKind
    label: str
    used: bool = True


class Correction(BaseModel):
    """A word of the question, and the one of the collections that was searched for in its place."""

    asked: str
    searched: str


class Searched(BaseModel):
    """What the search understood and how far it looked, for an honest "not found".

    `matches` counts the records that satisfy every reading used, by query; absent where there was
    nothing to count by. `listed` are these records, oldest first, where the question wants them all.
    """

    passages: int
    collections: list[str]
    years: tuple[int, int] | None = None
    readings: list[Reading] = Field(default_factory=list)
    corrections: list[Correction] = Field(default_factory=list)
    matches: int | None = None
    listed: list[RecordSummary] = Field(default_factory=list)
    index_version: str


Status = Literal["answered", "not_found", "passages_only", "plain"]


class AnswerDetails(BaseModel):
    """The `reading_room` object of an answer. `found` is false when nothing fitting was found.

    `sources` are those the answer cites; `also_searched` were given to the model and not cited.
    `unverified` lists identifiers in the prose that stand in no source: they are marked there.
    `status`: answered, not_found, or passages_only (the engine is down: the passages themselves).
    `adapter` is the version that answered, `alias` the name it was reached by ("": by its own).
    `instructions` is the version of the standing instructions in force, such as "collection:ms1@3".
    """

    answer_id: str
    status: Status
    found: bool
    adapter: str
    alias: str = ""
    model: str
    index_version: str
    prompt_version: str
    instructions: str = ""
    searched: Searched | None = None
    sources: list[Source] = Field(default_factory=list)
    also_searched: list[Source] = Field(default_factory=list)
    unverified: list[str] = Field(default_factory=list)
    ask_staff: str = ""


class SearchRequest(Incoming):
    """`POST /v1/search`."""

    query: Text
    collections: list[Identifier] = Field(default_factory=list, max_length=100)
    filters: SearchFilters = SearchFilters()
    without: Readings = []
    top_k: int = Field(10, ge=1, le=20)


class Adjustment(BaseModel):
    """One thing that raised or lowered a hit's score, and by how much."""

    what: str
    amount: float


class Ranking(BaseModel):
    """Why a hit ranks where it does: its score and rank by words (BM25) and by meaning (cosine), absent
    where it was not among the best there, what the two make together, and what raised or lowered that.
    """

    words: float | None
    words_rank: int | None
    meaning: float | None
    meaning_rank: int | None
    fused: float
    adjustments: list[Adjustment]


class SearchHit(BaseModel):
    """A record found; `also` are the same item in another format or file."""

    score: float
    source: Source
    ranking: Ranking | None = None
    also: list[RecordSummary] = Field(default_factory=list)


class SearchReply(BaseModel):
    object: Literal["list"] = "list"
    found: bool
    searched: Searched
    data: list[SearchHit]


class CollectionInfo(BaseModel):
    id: str
    title: str
    call_number: str
    repository: str
    dates: str
    extent: str
    records: int
    abstract: str
    url: str


class CollectionList(BaseModel):
    object: Literal["list"] = "list"
    index_version: str
    data: list[CollectionInfo]


class RecordReply(Described):
    """`GET /v1/records/{id}`: the record whole, its place, and what lies directly below it."""

    id: str
    text: str
    parent: RecordSummary | None
    children: list[RecordSummary]
    creator: str
    senders: list[str]
    recipients: list[str]
    names: list[str]
    places: list[str]
    subjects: list[str]
    language: str
    extent: str
    index_version: str


Reason = Literal[
    "helpful",
    "wrong_source",
    "wrong_fact",
    "wrong_name_or_date",
    "we_hold_it",
    "not_relevant",
    "too_long",
    "offensive",
    "other",
]


class FeedbackRequest(Incoming):
    """`POST /v1/feedback`. Send it again with the same `idempotency_key` and it is kept once.

    `question` and `answer` (and `conversation`, its id) are wanted only where the service no longer
    remembers the answer; else its own record counts. `consent` names the sentence that the patron was
    shown (`serve.wire.conversations.CONSENTS`).
    """

    answer_id: Identifier
    idempotency_key: Identifier
    thumb: Literal["up", "down"]
    reasons: list[Reason] = Field(default_factory=list, max_length=9)
    comment: str = Field("", max_length=5_000)
    corrected_answer: str = Field("", max_length=20_000)
    question: str = Field("", max_length=20_000)
    answer: str = Field("", max_length=20_000)
    conversation: str | None = Field(None, min_length=1, max_length=200)
    consent: Literal["feedback-1"] | None = None


class FeedbackReply(BaseModel):
    id: str
    kept: bool
    created: str
    kept_until: str


class ModelInfo(BaseModel):
    """One name a chat may use: the base, an adapter version, or an alias that points to one."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    kind: Literal["base", "adapter", "alias"]
    resolves_to: str
    ready: bool


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelInfo]


class ErrorBody(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorReply(BaseModel):
    """Every error, in OpenAI's form; `message` says what to do."""

    error: ErrorBody


class ServiceInfo(BaseModel):
    """`GET /v1/service`: what a page needs to know about the service it speaks for.

    `feedback_days` and `conversation_days`: how long what patrons agree to is kept. On a `shared_terminal`
    no conversation is kept, and a session that nobody uses for `idle_minutes` ends. `comparing`: patrons are
    asked now which of two answers is better.
    """

    library_name: str
    ask_staff: str
    model: str
    bundled_reader: bool
    privacy_notice: str
    ready: bool
    aliases: list[str]
    index_version: str
    collections: int
    feedback_days: int
    conversation_days: int
    shared_terminal: bool
    idle_minutes: float
    comparing: bool = False


JsonObject = dict[str, Any]
