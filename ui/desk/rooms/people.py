"""The staff's accounts and the API keys, for administrators."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args
from urllib.parse import quote

from starlette.responses import Response

from serve.wire.people import (
    ActiveRequest,
    AddedKeyReply,
    AddKeyRequest,
    AddPersonRequest,
    KeyInfo,
    KeyList,
    PasswordRequest,
    PersonInfo,
    PersonList,
    RevokeRequest,
    RoleRequest,
    StaffRole,
)
from ui.client import GatewayError
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

ROLES = [str(role) for role in get_args(StaffRole)]


async def show_people(visit: Visit) -> Response:
    """Everybody, and every key."""
    return await _render(visit)


async def act_on_people(visit: Visit) -> Response:
    """Make an account or a key; change one."""
    try:
        if visit.text("do") == "add-key":
            return await _add_key(visit)
        said = await _change(visit)
    except GatewayError as problem:
        return await _render(visit, problem=str(problem), status=problem.status or 503)
    return visit.go("/people", said)


async def _change(visit: Visit) -> str:
    step, gateway = visit.text("do"), visit.gateway
    account = f"/v1/people/{quote(visit.text('person'), safe='')}"
    why = visit.text("why")
    if step == "add-person":
        person = check_form(
            AddPersonRequest,
            name=visit.text("name"),
            role=visit.text("role"),
            password=str(visit.form.get("password", "")),
        )
        await gateway.post("/v1/people", PersonInfo, person)
    elif step == "role":
        await gateway.put(
            f"{account}/role", PersonInfo, check_form(RoleRequest, role=visit.text("role"), why=why)
        )
    elif step == "password":
        new = check_form(PasswordRequest, password=str(visit.form.get("password", "")), why=why)
        await gateway.put(f"{account}/password", PersonInfo, new)
    elif step in ("disable", "enable"):
        active = check_form(ActiveRequest, active=step == "enable", why=why)
        await gateway.put(f"{account}/active", PersonInfo, active)
    elif step == "revoke":
        path = f"/v1/keys/{quote(visit.text('key'), safe='')}/revoke"
        await gateway.post(path, KeyInfo, check_form(RevokeRequest, why=why))
        return "key-gone"
    else:
        raise GatewayError("Choose one of the buttons.", status=400)
    return "person"


async def _add_key(visit: Visit) -> Response:
    until = visit.text("until")
    expires = None
    if until:
        try:
            expires = datetime.fromisoformat(until).replace(tzinfo=UTC)
        except ValueError as problem:
            raise GatewayError("Write the day as 2027-01-31.", status=400) from problem
    request = check_form(
        AddKeyRequest,
        name=visit.text("key_name"),
        scopes=visit.texts("scopes") or None,
        quota=visit.number("quota"),
        expires=expires,
    )
    added = await visit.gateway.post("/v1/keys", AddedKeyReply, request)
    return await _render(visit, secret=added.secret)


async def _render(visit: Visit, *, problem: str = "", status: int = 200, secret: str = "") -> Response:
    member = visit.member
    if not member.may("manage people") and not member.may("manage keys"):
        raise GatewayError(
            f"Your role is {member.role}: accounts and keys are an administrator's.", status=403
        )
    people = await visit.gateway.get("/v1/people", PersonList) if member.may("manage people") else None
    keys = await visit.gateway.get("/v1/keys", KeyList) if member.may("manage keys") else None
    return visit.page(
        "people.html",
        status=status,
        problem=problem,
        people=people.data if people else [],
        api_keys=keys.data if keys else [],
        roles=[(role, role) for role in ROLES],
        scopes=sorted(member.allowed),
        secret=secret,
        typed={name: visit.text(name) for name in ("name", "role", "key_name", "quota", "until", "why")},
        ticked=visit.texts("scopes"),
    )


DOORS = (Door("/people", show=show_people, act=act_on_people),)
