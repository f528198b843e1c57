"""Adapters: their states, what each alias points to, how a trial goes; promote, roll back, retire."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from serve.wire.adapters import (
    AdapterInfo,
    AdapterList,
    AliasInfo,
    AliasList,
    EventList,
    PromoteRequest,
    RollbackRequest,
    RolloutReply,
    VerifyReply,
    WhyRequest,
)
from ui.client import GatewayError
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

SHARES = (5, 25, 50, 100)


async def show_adapters(visit: Visit) -> Response:
    """Every alias with its trial, and every version."""
    return await _render(visit)


async def act_on_adapters(visit: Visit) -> Response:
    """Change what an alias points to, or take a version out of use."""
    try:
        said = await _change(visit)
    except GatewayError as problem:
        return await _render(visit, problem=str(problem), status=problem.status or 503)
    return visit.go("/adapters", said)


async def show_adapter(visit: Visit) -> Response:
    """One version, and what happened to it."""
    name = visit.part("name")
    adapter = await visit.gateway.get(f"/v1/adapters/{quote(name, safe='')}", AdapterInfo)
    events = await visit.gateway.get("/v1/adapter-events", EventList, subject=name, limit=100)
    return visit.page("adapter.html", adapter=adapter, events=events.data, checked=None)


async def check_adapter(visit: Visit) -> Response:
    """Hold its files against its manifest."""
    name = visit.part("name")
    path = f"/v1/adapters/{quote(name, safe='')}"
    checked = await visit.gateway.post(f"{path}/verify", VerifyReply)
    if checked.whole:
        return visit.go(f"/adapters/{quote(name, safe='')}", "whole")
    adapter = await visit.gateway.get(path, AdapterInfo)
    return visit.page("adapter.html", adapter=adapter, events=[], checked=checked)


async def _change(visit: Visit) -> str:
    step, why = visit.text("do"), visit.text("why")
    alias = f"/v1/aliases/{quote(visit.text('alias'), safe='')}"
    if step == "promote":
        request = check_form(
            PromoteRequest,
            version=visit.text("version"),
            share=visit.number("share", 100),
            automatic=bool(visit.text("automatic")),
            revision=visit.number("revision"),
            why=why,
        )
        await visit.gateway.put(alias, AliasInfo, request)
        return "promoted"
    if step == "rollback":
        back = check_form(RollbackRequest, revision=visit.number("revision"), why=why)
        await visit.gateway.post(f"{alias}/rollback", AliasInfo, back)
        return "rolled-back"
    if step == "retire":
        path = f"/v1/adapters/{quote(visit.text('version'), safe='')}/retire"
        await visit.gateway.post(path, AdapterInfo, check_form(WhyRequest, why=why))
        return "retired"
    raise GatewayError("Choose one of the buttons.", status=400)


async def _render(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    adapters = await visit.gateway.get("/v1/adapters", AdapterList)
    aliases = await visit.gateway.get("/v1/aliases", AliasList)
    trials: dict[str, RolloutReply] = {}
    for alias in aliases.data:
        if alias.rollout is not None:
            path = f"/v1/aliases/{quote(alias.name, safe='')}/rollout"
            trials[alias.name] = await visit.gateway.get(path, RolloutReply)
    usable = [one.name for one in adapters.data if one.state not in ("retired", "purged", "failed")]
    return visit.page(
        "adapters.html",
        status=status,
        problem=problem,
        adapters=adapters.data,
        aliases=aliases,
        trials=trials,
        versions=[(name, name) for name in ["base", *usable]],
        shares=[(share, f"{share} % of conversations") for share in SHARES],
        typed={name: visit.text(name) for name in ("alias", "version", "share", "why")},
    )


DOORS = (
    Door("/adapters", show=show_adapters, act=act_on_adapters),
    Door("/adapters/{name}", show=show_adapter, act=check_adapter),
)
