"""A gateway that speaks the real wire types and answers by keyword, for tests of the page alone.

Words in the question choose what happens: "nothing" not found, "hostile" markup everywhere, "barrage" a
thousand attacks at once, "slow" a
token at a time, "late" nothing for half a minute, "break" an error in mid-stream, "cut" an end without
one, "garbage" what is no JSON, "busy" a refusal before it, "down" passages only. The
questions in SIZES get sources of that many characters a field.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from retrieval.asked.chips import ChipKind
from serve.schemas import (
    AnswerDetails,
    ChatRequest,
    CollectionInfo,
    CollectionList,
    Correction,
    FeedbackReply,
    FeedbackRequest,
    Reading,
    RecordSummary,
    Searched,
    SearchReply,
    SearchRequest,
    ServiceInfo,
    Source,
)
from serve.wire.conversations import AgreementReply, AgreementRequest, EndReply, ErasureInfo
from tests.ui.payloads import PAYLOADS

HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> '
    "![shot](https://evil.example/?q=1) [click](javascript:window.hacked=1) </details></article></div> "
    "\x1b[31mred\x1b[0m \u202egnirts\u202c {{constructor}} ${window.hacked=1} %%%LATEX_BLOCK_0%%% &lt;b&gt; "
    "<style>body{display:none}</style>"
)


SIZES = {"large": 100_000, "endless": 500_000}


@dataclass
class Stub:
    """What the stub was asked, and how many answers were cut off by the one who asked."""

    chats: list[ChatRequest] = field(default_factory=list)
    feedback: list[FeedbackRequest] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    feedback_fails: int = 0
    agreements: list[tuple[str, bool]] = field(default_factory=list)
    agreement_fails: bool = False
    ended: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    shared_terminal: bool = False
    idle_minutes: float = 5
    running: int = 0
    dropped: int = 0


def make_source(number: int, *, cited: bool = True, text: str = "") -> Source:
    """A source as the gateway describes one; `text` goes into every field of text."""
    title = text or ("Letter from Ellen Marsh to her brother", "Deed of sale, mill and lands")[number % 2]
    return Source(
        number=number,
        cited=cited,
        record_id=f"marsh/letters/{number}",
        title=title,
        dates=text or "1905 March 14",
        level="item",
        breadcrumb=[text] if text else ["Marsh family papers", "Series 1: Correspondence", "Ellen Marsh"],
        collection_id="marsh",
        collection=text or "Marsh family papers",
        call_number=text or "MS 12",
        repository=text or "Harrow Point Library, Special Collections",
        container=text or f"Box 2, folder {number}",
        container_inferred=number == 2,
        access=text or "Open for research. Letters after 1950 are closed until 2030.",
        access_from=text or "Marsh family papers",
        use=text or "Copyright has not been transferred.",
        citation=text or f"Letter, 14 March 1905, Box 2, folder {number}, Marsh family papers, MS 12.",
        passage=text
        or "Letter from Ellen Marsh to her brother, 1905 March 14\nShe writes of the flood at the mill, of "
        "the new school at Harrow Point, and asks for news of the harvest.",
        record_url=f"http://127.0.0.1:1/records/marsh/letters/{number}",
        catalogue_url="javascript:window.hacked=1" if text else "https://catalogue.example/marsh",
    )


PERSON, YEARS = "person:ellen marsh", "date:1905-01-01/1906-12-31"
READINGS: tuple[tuple[str, ChipKind, str], ...] = (
    (PERSON, "person", "Ellen Marsh"),
    (YEARS, "date", "1905 to 1906"),
)


def make_details(question: str, without: Collection[str] = ()) -> AnswerDetails:
    """What stands behind the answer to a question that was read `without` some of its readings."""
    lowered = question.lower()
    text = HOSTILE if "hostile" in lowered else "x" * SIZES.get(lowered, 0)
    status = "not_found" if "nothing" in lowered else "passages_only" if "down" in lowered else "answered"
    found = status != "not_found"
    return AnswerDetails(
        answer_id=f"chatcmpl-{abs(hash(question)):x}",
        status=status,
        found=found,
        adapter="default--v1",
        model="stub",
        index_version="index-1",
        prompt_version="1",
        searched=Searched(
            passages=1234,
            collections=["Marsh family papers", "Harrow Point Mill records"],
            years=(1905, 1906),
            readings=[
                Reading(id=key, kind=kind, label=text or label, used=key == PERSON)
                for key, kind, label in READINGS
                if key not in without
            ],
            corrections=[Correction(asked=text or "Elen", searched=text or "Ellen")],
            matches=1203,
            listed=[make_summary(number, text) for number in (1, 2, 3)],
            index_version="index-1",
        ),  # fmt: skip
        sources=[make_source(number, text=text) for number in (1, 2)] if found else [],
        also_searched=[make_source(number, cited=False, text=text) for number in (3, 4)],
        unverified=["MS 99"] if "unverified" in lowered else [],
        ask_staff="Ask at the reference desk.",
    )


def make_summary(number: int, text: str = "") -> RecordSummary:
    """One line of a list of records."""
    source = make_source(number, text=text)
    return RecordSummary(
        id=source.record_id, title=source.title, dates=source.dates, container=source.container,
        url=source.record_url,
    )  # fmt: skip


def make_text(question: str) -> str:
    """The prose of the answer to a question."""
    lowered = question.lower()
    if "nothing" in lowered:
        return "I did not find that."
    if "barrage" in lowered:
        return "\n\n".join(PAYLOADS)
    if "hostile" in lowered:
        return f"{HOSTILE} [1]\n\n- **{HOSTILE}** [2]"
    marked = " It is kept as ⟨unverified: MS 99⟩." if "unverified" in lowered else ""
    return (
        "Ellen Marsh wrote to her brother on 14 March 1905 about “the flood at the mill” [1]. A second "
        f"letter of the same spring asks for news of the harvest [2].{marked}"
    )


def build_stub(stub: Stub) -> FastAPI:
    """The stub's app, without the page."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/v1/service")
    async def service() -> ServiceInfo:
        return ServiceInfo(
            library_name="Harrow Point Library, Special Collections",
            ask_staff="Ask at the reference desk.",
            model="stub",
            bundled_reader=True,
            privacy_notice="Questions are not kept. Feedback that you send is kept for 365 days.",
            ready=True,
            aliases=["default"],
            index_version="index-1",
            collections=2,
            feedback_days=365,
            conversation_days=180,
            shared_terminal=stub.shared_terminal,
            idle_minutes=stub.idle_minutes,
        )

    @app.get("/v1/collections")
    async def collections() -> CollectionList:
        names = [("marsh", "Marsh family papers", "MS 12"), ("mill", "Harrow Point Mill records", "MS 40")]
        return CollectionList(
            index_version="index-1",
            data=[
                CollectionInfo(
                    id=id_, title=title, call_number=number, repository="Harrow Point", dates="1880-1950",
                    extent="4 boxes", records=200 - place, abstract="", url="",
                )
                for place, (id_, title, number) in enumerate(names)
            ],
        )  # fmt: skip

    @app.post("/v1/search")
    async def search(request: SearchRequest) -> SearchReply:
        details = make_details(request.query)
        assert details.searched is not None
        hits = [{"score": 0.5, "source": source} for source in details.sources]
        return SearchReply.model_validate(
            {"found": details.found, "searched": details.searched, "data": hits}
        )

    @app.post("/v1/feedback", response_model=None, status_code=201)
    async def feedback(request: FeedbackRequest) -> FeedbackReply | Response:
        if stub.feedback_fails > 0:
            stub.feedback_fails -= 1
            return _error(503, "A part of the service cannot be used at the moment.", "not_ready")
        if request.answer_id in stub.forgotten and not request.answer:
            return _error(404, "That answer is not remembered any more.", "not_found", param="answer_id")
        if request.idempotency_key not in {kept.idempotency_key for kept in stub.feedback}:
            stub.feedback.append(request)
        return FeedbackReply(
            id="feedback-1",
            kept=True,
            created="2026-11-21T10:00:00+00:00",
            kept_until="2027-11-21T10:00:00+00:00",
        )

    @app.post("/v1/conversations/{conversation}/agreement", response_model=None)
    async def agreement(conversation: str, request: AgreementRequest) -> AgreementReply | Response:
        if stub.agreement_fails:
            return _error(503, "A part of the service cannot be used at the moment.", "not_ready")
        stub.agreements.append((conversation, request.agreed))
        until = "2027-05-20T10:00:00+00:00" if request.agreed else ""
        return AgreementReply(agreed=request.agreed, turns=1, kept_until=until)

    @app.post("/v1/conversations/{conversation}/end")
    async def end(conversation: str) -> EndReply:
        stub.ended.append(conversation)
        return EndReply(forgotten=1)

    @app.delete("/v1/conversations/{conversation}")
    async def delete(conversation: str) -> ErasureInfo:
        stub.deleted.append(conversation)
        return ErasureInfo(
            id="erasure-1", at="2026-11-21T10:00:00+00:00", who="patron", datasets=["letters--v3"]
        )

    @app.get("/records/{record_id:path}")
    async def record(record_id: str) -> HTMLResponse:
        return HTMLResponse(f"<h1>Record</h1><p>{record_id}</p>")

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: ChatRequest) -> Response:
        stub.chats.append(request)
        question = request.messages[-1].text
        if "busy" in question.lower():
            return _error(503, "Too many answers are being written at once.", "overloaded", wait="5")
        return StreamingResponse(
            _stream(stub, question, request.reading_room.without), media_type="text/event-stream"
        )

    return app


def _error(status: int, message: str, code: str, *, param: str | None = None, wait: str = "") -> JSONResponse:
    body = {"error": {"message": message, "type": "server_error", "param": param, "code": code}}
    return JSONResponse(body, status_code=status, headers={"Retry-After": wait} if wait else None)


async def _stream(stub: Stub, question: str, without: Collection[str]) -> AsyncIterator[str]:
    """The answer in pieces; `dropped` counts those whose reader went away."""
    lowered = question.lower()
    pause = 0.3 if "slow" in lowered else 0.002
    pieces = make_text(question).split("\n\n" if "barrage" in lowered else " ")
    glue = "\n\n" if "barrage" in lowered else " "
    words = pieces * (20 if "slow" in lowered else 1)
    stub.running += 1
    finished = False
    try:
        if "late" in lowered:
            await asyncio.sleep(30)
        for count, word in enumerate(words):
            if "break" in lowered and count == 5:
                error = {"message": "The engine stopped. Ask again.", "type": "server_error", "param": None,
                         "code": "engine_error"}  # fmt: skip
                yield _event({"error": error})
                finished = True
                return
            if count == 5 and ("cut" in lowered or "garbage" in lowered):
                yield "data: {not json}\n\n" if "garbage" in lowered else "data: [DONE]\n\n"
                finished = True
                return
            delta = {"content": word if count == 0 else glue + word}
            yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            await asyncio.sleep(pause)
        details = make_details(question, without).model_dump(mode="json")
        choice = {"index": 0, "delta": {"annotations": []}, "finish_reason": "stop"}
        yield _event({"choices": [choice], "reading_room": details})
        yield "data: [DONE]\n\n"
        finished = True
    finally:
        stub.running -= 1
        stub.dropped += not finished


def _event(payload: dict[str, object]) -> str:
    return f"data: {json.dumps(payload)}\n\n"


@contextmanager
def serving(app: FastAPI, listener: socket.socket) -> Iterator[str]:
    """Run an app on a bound socket in a thread of its own; yields its address."""
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive() and time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive(), "the server did not stop"


def listen() -> socket.socket:
    """A free port on loopback, held."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener
