"""Standing instructions: written, tried on questions side by side, put in force."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from starlette.responses import Response

from serve.wire.instructions import (
    ActivateRequest,
    InstructionEventList,
    InstructionList,
    ScopeKind,
    ScopeReply,
    TrialList,
    TrialReply,
    TryRequest,
    VersionInfo,
    WriteRequest,
)
from ui.client import GatewayError
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

_ROOT = "/v1/instructions"
LOOK_SECONDS = 4


async def show_instructions(visit: Visit) -> Response:
    """Every collection and alias that has instructions, or could have."""
    instructions = await visit.gateway.get(_ROOT, InstructionList)
    return visit.page("instructions.html", instructions=instructions)


async def show_scope(visit: Visit) -> Response:
    """One collection's or alias's instructions."""
    return await _render(visit, *_named(visit))


async def act_on_scope(visit: Visit) -> Response:
    """Write a version, try one, put one in force."""
    kind, name = cast(ScopeKind, visit.text("kind")), visit.text("name")
    try:
        return await _act(visit, kind, name)
    except GatewayError as problem:
        if problem.status not in (400, 404, 409):
            raise
        return await _render(visit, kind, name, problem=str(problem), status=problem.status)


async def show_trial(visit: Visit) -> Response:
    """A trial's answers side by side; looked at again until all are there."""
    path = f"{_ROOT}/trials/{quote(visit.part('trial'), safe='')}"
    trial = await visit.gateway.get(path, TrialReply)
    scope = await visit.gateway.get(f"{_ROOT}/versions", ScopeReply, kind=trial.kind, name=trial.name)
    return visit.page("trial.html", trial=trial, scope=scope, seconds=LOOK_SECONDS)


async def _act(visit: Visit, kind: ScopeKind, name: str) -> Response:
    step, gateway = visit.text("do"), visit.gateway
    here: dict[str, str | int] = {"kind": kind, "name": name}
    if step == "write":
        written = check_form(
            WriteRequest, kind=kind, name=name, text=visit.text("text"), why=visit.text("why")
        )
        await gateway.post(f"{_ROOT}/versions", VersionInfo, written)
        return visit.go("/instructions/of", "written", **here)
    if step == "try":
        asked = check_form(
            TryRequest,
            kind=kind,
            name=name,
            number=visit.number("number"),
            questions=[line.strip() for line in visit.text("questions").split("\n") if line.strip()],
        )
        trial = await gateway.post(f"{_ROOT}/trials", TrialReply, asked)
        return visit.go(f"/instructions/trials/{quote(trial.id, safe='')}")
    if step == "activate":
        change = check_form(
            ActivateRequest,
            kind=kind,
            name=name,
            number=visit.number("number"),
            revision=visit.number("revision"),
            trial=visit.text("trial"),
            why=visit.text("why"),
        )
        await gateway.put(f"{_ROOT}/active", ScopeReply, change)
        return visit.go("/instructions/of", "activated", **here)
    raise GatewayError("Choose one of the buttons.", status=400)


def _named(visit: Visit) -> tuple[str, str]:
    return visit.asked("kind", "collection"), visit.asked("name")


async def _render(visit: Visit, kind: str, name: str, *, problem: str = "", status: int = 200) -> Response:
    everything = await visit.gateway.get(_ROOT, InstructionList)
    here: dict[str, str | int] = {"kind": kind, "name": name}
    scope = await visit.gateway.get(f"{_ROOT}/versions", ScopeReply, **here)
    trials = await visit.gateway.get(f"{_ROOT}/trials", TrialList, **here)
    events = await visit.gateway.get(f"{_ROOT}/events", InstructionEventList, **here)
    typed = {field: visit.text(field) for field in ("text", "why", "questions", "number", "do")}
    return visit.page(
        "instructions-of.html",
        status=status,
        problem=problem,
        kind=kind,
        name=name,
        rules=everything,
        scope=scope,
        trials=trials.data,
        events=events.data,
        typed=typed,
    )


DOORS = (
    Door("/instructions", show=show_instructions),
    Door("/instructions/of", show=show_scope, act=act_on_scope),
    Door("/instructions/trials/{trial}", show=show_trial),
)
