"""A gateway's desk API in memory, in the real wire types, with every text of people's and records' chosen.

`Stub.say` gives the words for a text field: plain ones, or what a test puts in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from serve.people.authority import Action, Actor, Role, may
from serve.schemas import Source
from serve.wire.inbox import (
    AskedInfo,
    ClaimInfo,
    EntryInfo,
    GroupInfo,
    GroupList,
    GroupSummary,
    JudgementInfo,
    JudgementReply,
    JudgementRequest,
    NextReply,
)
from serve.wire.pairs import (
    EditRequest,
    EvidenceInfo,
    FindingInfo,
    PairEventInfo,
    PairInfo,
    PairList,
    PairReply,
    PairRequest,
    PairSummary,
    StepRequest,
)
from serve.wire.people import (
    OidcFinishRequest,
    OidcStarted,
    PersonInfo,
    SessionInfo,
    SignedInReply,
    SignInRequest,
    SignInWays,
)
from serve.wire.training import RunDetail
from tests.ui.desk.filled import fill

WHEN = "2026-11-20T09:30:00+00:00"
PASSWORD = "a long password of staff"
PEOPLE = {"Ada Curator": Role.CURATOR, "Ben Approver": Role.APPROVER, "Cleo Head": Role.ADMINISTRATOR}


class Refused(Exception):
    """What the stub replies in the gateway's form of errors."""

    def __init__(self, status: int, message: str, code: str = "conflict") -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Stub:
    """Everything that the desk can show, and who is signed in."""

    say: Callable[[str], str] = lambda words: words
    groups: dict[str, GroupInfo] = field(default_factory=dict)
    pairs: dict[str, PairInfo] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    judged: list[JudgementRequest] = field(default_factory=list)
    runs: dict[str, RunDetail] = field(default_factory=dict)
    """Empty until somebody looks at them."""
    asked: list[BaseModel] = field(default_factory=list)
    """What was asked for in the training room."""
    calls: int = 0

    def fill(self, groups: int = 3) -> None:
        """Begin anew, with so many questions waiting and no pairs but one."""
        self.groups = {f"g{number}": make_group(self, number) for number in range(1, groups + 1)}
        self.pairs = {"p0": make_pair(self, "p0")}
        self.judged.clear()
        self.runs.clear()
        self.asked.clear()
        self.tokens.clear()


def make_source(stub: Stub, number: int, *, cited: bool = True) -> Source:
    """A source whose every text is the stub's."""
    say = stub.say
    return Source(
        number=number, cited=cited, record_id=say(f"marsh/letters/{number}"),
        title=say("Letter from Ellen Marsh to her brother"), dates=say("1905 March 14"), level="item",
        breadcrumb=[say("Marsh family papers"), say("Series 1: Correspondence")], collection_id="marsh",
        collection=say("Marsh family papers"), call_number=say("MS 12"), repository=say("Harrow Point Library"),
        container=say(f"Box 2, folder {number}"), container_inferred=False, access=say("Open for research."),
        access_from=say("Marsh family papers"), closure=say("Closed until 2030."), use=say("Ask before publishing."),
        citation=say("Letter, 14 March 1905, MS 12."),
        passage=say("She writes of the flood at the mill, and asks for news of the harvest."),
        record_url=say(f"http://127.0.0.1:1/records/marsh/letters/{number}"), catalogue_url=say("https://catalogue.example/1"),
    )  # fmt: skip


def make_group(stub: Stub, number: int) -> GroupInfo:
    """A question with two answers, of which the first went badly."""
    say = stub.say
    return fill(
        GroupInfo, say, verdict=None, judged_by="", judged_at="", claim=None, id=f"g{number}", revision=1, state="open", question=say(f"Did Ellen Marsh write of the flood? ({number})"),
        score=10.0 - number, asked=4, thumbs_down=2, thumbs_up=1, unanswered=1, first=WHEN, last=WHEN,
        reopened=number == 2,
        questions=[AskedInfo(question=say("Any letters on the flood?"), asked=3), AskedInfo(question=say("Flood at the mill?"), asked=1)],
        entries=[make_entry(stub, f"e{number}-{place}") for place in (1, 2)],
        judgements=[JudgementInfo(verdict="ignore", who=say("Dan Before"), at=WHEN, note=say("A test"), pair="", retrieval_case="")],
    )  # fmt: skip


def make_entry(stub: Stub, name: str) -> EntryInfo:
    """An answer that did not help."""
    say = stub.say
    return fill(
        EntryInfo, say, id=name, origin="feedback", created=WHEN, question=say("Did Ellen Marsh write of the flood?"),
        answer=say("Ellen Marsh wrote of the flood to her sister [1], see ⟨unverified: MS 99⟩."), thumb="down",
        reasons=["wrong_fact", "wrong_name_or_date"], comment=say("It was her brother."),
        suggested=say("She wrote to her brother."), status="answered",
        sources=[make_source(stub, 1), make_source(stub, 2)], also_searched=[make_source(stub, 3, cited=False)],
        unverified=[say("MS 99")], adapter=say("letters--v2"), alias=say("default"), model=say("stub"),
        index_version=say("index-1"), prompt_version=say("1"), instructions=say("collection:marsh@1"),
        remembered=True, agreed=True, judged=False,
    )  # fmt: skip


def make_pair(stub: Stub, name: str, **changes: Any) -> PairInfo:
    """A pair that waits for approval."""
    say = stub.say
    pair = fill(
        PairInfo, say, id=name, revision=1, state="submitted", kind="answer", origin="feedback",
        question=say("To whom did Ellen Marsh write of the flood?"), contributor=say("Dan Before"), approver="",
        synthetic=True, returned=say("Please cite the letter."), language="en", created=WHEN, updated=WHEN,
        updated_by=say("Dan Before"), answer=say("To her brother [1]."),
        evidence=[EvidenceInfo(number=1, record_id=say("marsh/letters/1"), collection_id="marsh", heading=say("Letter, 1905"),
                               breadcrumb=[say("Marsh family papers")], text=say("She writes of the flood."), public=True)],
        history=[], consent="patron", licence=say("CC BY 4.0"), waiver=say(""), waived=[], group="g1",
        findings=[FindingInfo(code="length", severity="warn", sentence=say("The answer is short."), field="answer",
                              words=say("To her brother"), start=0, end=5, item=-1, others=[])],
        events=[PairEventInfo(at=WHEN, who=say("Dan Before"), what=say("submitted"), why=say("from the inbox"), revision=1)],
        may_approve="", needs_waiver=False,
    )  # fmt: skip
    return pair.model_copy(update=changes)


def build_stub(stub: Stub, add_rooms: Callable[[FastAPI, Stub], None]) -> FastAPI:
    """The stub's app, without the pages. `add_rooms` adds what is only looked at."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.exception_handler(Refused)
    async def refuse(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Refused)
        return _error(error.status, str(error), error.code)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _error(400, str(error.errors()[0]["msg"]), "invalid_request")

    add_rooms(app, stub)
    _add_people(app, stub)
    _add_inbox(app, stub)
    _add_pairs(app, stub)
    return app


def _error(status: int, message: str, code: str) -> JSONResponse:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return JSONResponse(body, status_code=status)


def find_actor(request: Request, stub: Stub) -> Actor:
    """Who sends this token; a patron without one that is known."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    name = stub.tokens.get(token, "")
    return Actor(PEOPLE[name], name, name) if name else Actor(Role.PATRON)


def requires(stub: Stub, action: Action) -> Any:
    """A dependency like the gateway's own."""

    def check(request: Request) -> Actor:
        stub.calls += 1
        actor = find_actor(request, stub)
        if not may(actor, action):
            raise Refused(403, "This is for staff.", "forbidden")
        return actor

    return Depends(check)


def _add_people(app: FastAPI, stub: Stub) -> None:
    @app.post("/v1/session", status_code=201)
    def sign_in(body: SignInRequest) -> SignedInReply:
        if body.name not in PEOPLE or body.password != PASSWORD:
            raise Refused(403, "Name or password are wrong.", "forbidden")
        return let_in(body.name)

    def let_in(name: str) -> SignedInReply:
        token = f"token-{len(stub.tokens)}-{name}"
        stub.tokens[token] = name
        reply = {
            "token": token,
            "person": _person(name),
            "expires": WHEN,
            "idle_seconds": 3600,
            "failures": 0,
        }
        return SignedInReply.model_validate(reply)

    @app.get("/v1/session/ways")
    def ways() -> SignInWays:
        return SignInWays(password=True, provider=stub.say("Library sign-in"))

    @app.post("/v1/session/oidc")
    def begin_elsewhere() -> OidcStarted:
        return OidcStarted(url="https://sign-in.example/authorize?state=s1&nonce=n1", flow="flow-1")

    @app.post("/v1/session/oidc/finish", status_code=201)
    def finish_elsewhere(body: OidcFinishRequest) -> SignedInReply:
        if (body.flow, body.state) != ("flow-1", "s1"):
            raise Refused(403, "This sign-in was begun elsewhere.", "forbidden")
        return let_in("Ada Curator")

    own = requires(stub, Action.MANAGE_OWN_SESSION)

    @app.get("/v1/session")
    def session(actor: Actor = own) -> SessionInfo:
        actions = [action for action in Action if may(actor, action)]
        return SessionInfo(id=actor.id, name=actor.name, role=actor.role, actions=actions, expires=None)

    @app.delete("/v1/session", status_code=204)
    def sign_out(request: Request) -> Response:
        stub.tokens.pop(request.headers.get("authorization", "").removeprefix("Bearer "), None)
        return Response(status_code=204)


def _person(name: str) -> PersonInfo:
    return PersonInfo.model_validate(
        {"id": name, "name": name, "role": PEOPLE[name], "active": True, "elsewhere": False, "created": WHEN, "created_by": "setup"}
    )  # fmt: skip


def _add_inbox(app: FastAPI, stub: Stub) -> None:
    judge = requires(stub, Action.JUDGE_ANSWERS)
    read = requires(stub, Action.READ_INBOX)

    def find(name: str) -> GroupInfo:
        if name not in stub.groups:
            raise Refused(404, "There is no such question in the inbox.", "not_found")
        return stub.groups[name]

    @app.get("/v1/inbox", dependencies=[read])
    def inbox(state: str = "open", limit: int = 50, offset: int = 0) -> GroupList:
        found = [group for group in stub.groups.values() if group.state == state]
        summaries = [GroupSummary.model_validate(group.model_dump()) for group in found]
        return GroupList(data=summaries[offset : offset + limit], total=len(found), waiting=1)

    @app.get("/v1/inbox/{name}", dependencies=[read])
    def group(name: str) -> GroupInfo:
        return find(name)

    @app.put("/v1/inbox/{name}/claim")
    def claim(name: str, actor: Actor = judge) -> ClaimInfo:
        info = ClaimInfo(who=actor.name, until=WHEN, mine=True)
        stub.groups[name] = find(name).model_copy(update={"claim": info})
        return info

    @app.post("/v1/inbox/{name}/judgement")
    def judge_group(name: str, body: JudgementRequest, actor: Actor = judge) -> JudgementReply:
        held = find(name)
        if held.revision != body.revision:
            raise Refused(409, "Ben Approver judged this a minute ago: ignored.")
        if body.verdict == "fix" and not body.answer:
            raise Refused(400, "Write the answer that it should be.", "invalid_request")
        stub.judged.append(body)
        judgement = JudgementInfo(
            verdict=body.verdict, who=actor.name, at=WHEN, note=body.note, pair="", retrieval_case=""
        )
        held = held.model_copy(
            update={"state": "judged", "revision": held.revision + 1, "verdict": body.verdict,
                    "judgements": [*held.judgements, judgement], "claim": None}
        )  # fmt: skip
        stub.groups[name] = held
        pair = _pair_of(stub, held, body, actor) if body.verdict in ("good", "fix", "not_held") else ""
        left = [group for group in stub.groups.values() if group.state == "open"]
        return JudgementReply(
            group=GroupSummary.model_validate(held.model_dump()), pair=pair, pair_state="submitted" if pair else "",
            findings=[], retrieval_case="", next=NextReply(group=left[0] if left else None, left=len(left)),
        )  # fmt: skip


def _pair_of(stub: Stub, group: GroupInfo, body: JudgementRequest, actor: Actor) -> str:
    name = f"p{len(stub.pairs)}"
    stub.pairs[name] = make_pair(
        stub,
        name,
        question=group.question,
        answer=body.answer or group.entries[0].answer,
        contributor=actor.name,
        returned="",
        synthetic=False,
        group=group.id,
    )
    return name


def _add_pairs(app: FastAPI, stub: Stub) -> None:
    edit = requires(stub, Action.EDIT_PAIRS)

    def show(pair: PairInfo, actor: Actor) -> PairInfo:
        own = pair.contributor == actor.name
        why = "You contributed it: a second person approves it." if own else ""
        return pair.model_copy(update={"may_approve": why, "needs_waiver": own})

    def find(name: str, revision: int | None = None) -> PairInfo:
        if name not in stub.pairs:
            raise Refused(404, "There is no such pair.", "not_found")
        pair = stub.pairs[name]
        if revision not in (None, pair.revision):
            raise Refused(409, f"{pair.updated_by} changed this pair on 20 November 2026.")
        return pair

    def keep(pair: PairInfo, actor: Actor, what: str, why: str = "", **changes: Any) -> PairInfo:
        event = PairEventInfo(at=WHEN, who=actor.name, what=what, why=why, revision=pair.revision + 1)
        update = {"revision": pair.revision + 1, "updated_by": actor.name, "events": [*pair.events, event]}
        stub.pairs[pair.id] = pair.model_copy(update={**update, **changes})
        return show(stub.pairs[pair.id], actor)

    @app.get("/v1/pairs", dependencies=[edit])
    def pairs(state: str = "submitted", q: str = "", limit: int = 50, offset: int = 0) -> PairList:
        counts: dict[str, int] = {}
        for pair in stub.pairs.values():
            counts[pair.state] = counts.get(pair.state, 0) + 1
        found = [pair for pair in stub.pairs.values() if pair.state == state and q in pair.question]
        data = [PairSummary.model_validate(pair.model_dump()) for pair in found[offset : offset + limit]]
        return PairList.model_validate({"data": data, "total": len(found), "counts": counts})

    @app.post("/v1/pairs", status_code=201)
    def add(body: PairRequest, actor: Actor = edit) -> PairReply:
        pair = make_pair(
            stub, f"p{len(stub.pairs)}", question=body.question, answer=body.answer, kind=body.kind, origin="staff",
            contributor=actor.name, state="submitted" if body.submit else "draft", returned="", synthetic=False,
        )  # fmt: skip
        stub.pairs[pair.id] = pair
        return PairReply(pair=show(pair, actor))

    @app.get("/v1/pairs/{name}")
    def pair(name: str, actor: Actor = edit) -> PairInfo:
        return show(find(name), actor)

    @app.patch("/v1/pairs/{name}")
    def change(name: str, body: EditRequest, actor: Actor = edit) -> PairReply:
        state = "submitted" if body.submit else "draft"
        changed = keep(
            find(name, body.revision),
            actor,
            "edited",
            question=body.question,
            answer=body.answer,
            state=state,
            contributor=actor.name,
        )
        return PairReply(pair=changed)

    @app.post("/v1/pairs/{name}/{step}")
    def step(name: str, step: str, body: StepRequest, actor: Actor = edit) -> PairReply:
        pair = find(name, body.revision)
        if step == "approve":
            if not may(actor, Action.APPROVE_PAIRS):
                raise Refused(403, "Your role is curator: it may not approve pairs.", "forbidden")
            if pair.contributor == actor.name and not body.waiver:
                raise Refused(409, "You contributed it: a second person approves it.")
        states = {"submit": "submitted", "approve": "approved", "return": "draft", "withdraw": "withdrawn"}
        approver = {"approver": actor.name} if step == "approve" else {}
        changed = keep(pair, actor, step, body.note, state=states[step], waiver=body.waiver, **approver)
        left = (
            [other for other in stub.pairs.values() if other.state == "submitted"] if body.take_next else []
        )
        return PairReply(pair=changed, next=show(left[0], actor) if left else None)
