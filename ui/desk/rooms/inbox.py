"""The inbox: what patrons asked and how it went, worst first, and what staff make of it, one key an item."""

from __future__ import annotations

import re
from typing import Any, cast, get_args
from urllib.parse import quote

from starlette.responses import Response

from serve.wire.inbox import (
    CaseList,
    Chosen,
    ClaimInfo,
    EntryInfo,
    GroupInfo,
    GroupList,
    GroupSummary,
    JudgementReply,
    JudgementRequest,
    ReopenRequest,
    Verdict,
)
from ui.client import GatewayError
from ui.desk.cookies import make_secret
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

PAGE = 50
_MARK = re.compile("⟨unverified: (.+?)⟩")
_SAID: dict[Verdict, str] = {
    "good": "judged-good",
    "fix": "judged-fix",
    "not_held": "judged-not-held",
    "ignore": "judged-ignore",
    "wrong_source": "judged-source",
}


async def show_inbox(visit: Visit) -> Response:
    """The list, and the worst open question nobody else is at; those judged where they are asked for."""
    state = "judged" if visit.asked("state") == "judged" else "open"
    offset = visit.page_number() * PAGE
    groups = await visit.gateway.get("/v1/inbox", GroupList, state=state, limit=PAGE, offset=offset)
    free = [group for group in groups.data if group.claim is None or group.claim.mine]
    first = free[0].id if free and state == "open" else ""
    group = await _open(visit, first) if first else None
    return await _render(visit, groups, group, state=state)


async def show_group(visit: Visit) -> Response:
    """One question with all that was answered to it."""
    groups = await visit.gateway.get("/v1/inbox", GroupList, state="open", limit=PAGE)
    return await _render(visit, groups, await _open(visit, visit.part("group")))


async def judge_group(visit: Visit) -> Response:
    """Take a judgement, and open the next question at once; a refused one comes back with all of its form."""
    name = visit.part("group")
    if visit.text("do") == "reopen":
        again = check_form(ReopenRequest, revision=visit.number("revision"), why=visit.text("why"))
        await visit.gateway.post(_path(name, "/reopen"), GroupSummary, again)
        return visit.go(f"/inbox/{quote(name, safe='')}", "reopened")
    try:
        request = _read_judgement(visit)
        reply = await visit.gateway.post(_path(name, "/judgement"), JudgementReply, request)
    except GatewayError as problem:
        if problem.status not in (400, 409):
            raise
        groups = await visit.gateway.get("/v1/inbox", GroupList, state="open", limit=PAGE)
        group = await _look(visit, name)
        return await _render(visit, groups, group, problem=str(problem), typed=True, status=problem.status)
    said = "judged-draft" if reply.pair_state == "draft" else _SAID[request.verdict]
    following = reply.next.group if reply.next else None
    where = f"/inbox/{quote(following.id, safe='')}" if following else "/inbox"
    return visit.go(where, said, was=name, **({"pair": reply.pair} if reply.pair else {}))


async def show_cases(visit: Visit) -> Response:
    """Questions that the search went wrong on, kept to try it with."""
    cases = await visit.gateway.get("/v1/retrieval-cases", CaseList, limit=200)
    return visit.page("cases.html", cases=cases)


async def send_cases(visit: Visit) -> Response:
    """The same as a file for `reading-room evaluate retrieval`."""
    return visit.send(await visit.gateway.download("/v1/retrieval-cases/export"))


def _path(group: str, rest: str = "") -> str:
    return f"/v1/inbox/{quote(group, safe='')}{rest}"


async def _look(visit: Visit, name: str) -> GroupInfo:
    return await visit.gateway.get(_path(name), GroupInfo)


async def _open(visit: Visit, name: str) -> GroupInfo:
    """The group, claimed for who opens it, so that two people do not read the same one."""
    group = await _look(visit, name)
    if group.state == "open" and visit.member.may("judge answers") and group.claim is None:
        try:
            await visit.gateway.put(_path(name, "/claim"), ClaimInfo)
        except GatewayError as problem:
            if problem.status != 409:
                raise
            return await _look(visit, name)
    return group


def _read_judgement(visit: Visit) -> JudgementRequest:
    verdict = visit.text("verdict")
    if verdict not in get_args(Verdict):
        raise GatewayError("Choose one of the buttons.", status=400)
    fields: dict[str, Any] = {
        "verdict": cast(Verdict, verdict),
        "revision": visit.number("revision"),
        "idempotency_key": visit.text("idempotency_key"),
        "entry": visit.text("entry"),
        "note": visit.text("note"),
        "take_next": True,
    }
    if verdict == "fix":
        added = visit.text("records").split("\n")
        fields["answer"] = visit.text("answer")
        fields["evidence"] = _choose([*visit.texts("evidence"), *added])
        if (question := visit.text("question")) != visit.text("question_asked"):
            fields["question"] = question
    if verdict == "wrong_source":
        fields["wrong"] = _choose(visit.texts("wrong"))
        fields["right"] = visit.text("right")
    return check_form(JudgementRequest, **fields)


def _choose(values: list[str]) -> list[Chosen]:
    return [int(value) if value.isdecimal() else value for value in map(str.strip, values) if value]


async def _render(
    visit: Visit,
    groups: GroupList,
    group: GroupInfo | None,
    *,
    state: str = "open",
    problem: str = "",
    typed: bool = False,
    status: int = 200,
) -> Response:
    entry = _choose_entry(visit, group)
    ids = [one.id for one in groups.data]
    place = ids.index(group.id) if group and group.id in ids else -1
    return visit.page(
        "inbox.html",
        status=status,
        problem=problem,
        groups=groups,
        group=group,
        entry=entry,
        state=state,
        sheet=visit.text("verdict") if typed else "",
        answer=visit.text("answer") if typed else (strip_marks(entry.answer) if entry else ""),
        question=visit.text("question") if typed else (entry.question if entry else ""),
        records=visit.text("records") if typed else "",
        right=visit.text("right") if typed else "",
        note=visit.text("note") if typed else "",
        chosen=_chosen(visit, entry, "evidence", typed),
        wrong=_chosen(visit, entry, "wrong", typed),
        idempotency_key=visit.text("idempotency_key") if typed and status == 400 else make_secret(),
        before=ids[place - 1] if place > 0 else "",
        after=ids[place + 1] if 0 <= place < len(ids) - 1 else "",
        was=visit.asked("was"),
        pair=visit.asked("pair"),
        number=visit.page_number(),
        page_size=PAGE,
    )


def _choose_entry(visit: Visit, group: GroupInfo | None) -> EntryInfo | None:
    """The answer that a judgement is about: the one asked for, else the first."""
    if group is None or not group.entries:
        return None
    wanted = visit.text("entry") or visit.asked("entry")
    return next((entry for entry in group.entries if entry.id == wanted), group.entries[0])


def strip_marks(answer: str) -> str:
    """An answer without the marks that the service put on what stands in no source: staff see to that."""
    return _MARK.sub(r"\1", answer)


def _chosen(visit: Visit, entry: EntryInfo | None, name: str, typed: bool) -> set[int]:
    """The passages that are ticked: as they were sent, else those that the answer cites."""
    if typed and visit.text("verdict") in ("fix", "wrong_source"):
        return {int(value) for value in visit.texts(name) if value.isdecimal()}
    return {source.number for source in entry.sources if source.cited} if entry else set()


DOORS = (
    Door("/inbox", show=show_inbox),
    Door("/inbox/{group}", show=show_group, act=judge_group),
    Door("/cases", show=show_cases),
    Door("/cases/export", show=send_cases),
)
