"""Staff accounts, API keys and the audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from serve.people import accounts, keys
from serve.people.access import require
from serve.people.audit import MOST_EVENTS, read_audit
from serve.people.authority import Action, Actor
from serve.service import ServiceDep
from serve.wire.people import (
    ActiveRequest,
    AddedKeyReply,
    AddKeyRequest,
    AddPersonRequest,
    AuditEntry,
    AuditList,
    KeyInfo,
    KeyList,
    PasswordRequest,
    PersonInfo,
    PersonList,
    RevokeRequest,
    RoleRequest,
)

router = APIRouter(prefix="/v1")
PeopleDep = Annotated[Actor, Depends(require(Action.MANAGE_PEOPLE))]
KeysDep = Annotated[Actor, Depends(require(Action.MANAGE_KEYS))]


@router.get("/people")
def list_people(service: ServiceDep, _actor: PeopleDep) -> PersonList:
    """All of the staff that there ever were."""
    return PersonList(data=[describe_person(person) for person in accounts.list_people(service.database)])


@router.post("/people", status_code=201)
def add_person(body: AddPersonRequest, service: ServiceDep, actor: PeopleDep) -> PersonInfo:
    """Make an account with a password; the first one is an administrator's."""
    person = accounts.add_person(service.database, actor, body.name, body.role, body.password)
    return describe_person(person)


@router.put("/people/{person}/role")
def change_role(person: str, body: RoleRequest, service: ServiceDep, actor: PeopleDep) -> PersonInfo:
    """Give somebody another role; their sign-ins end."""
    return describe_person(accounts.change_role(service.database, actor, person, body.role, body.why))


@router.put("/people/{person}/active")
def set_active(person: str, body: ActiveRequest, service: ServiceDep, actor: PeopleDep) -> PersonInfo:
    """Disable an account, which ends its sign-ins, or enable it again."""
    return describe_person(accounts.set_active(service.database, actor, person, body.active, body.why))


@router.put("/people/{person}/password")
def set_password(person: str, body: PasswordRequest, service: ServiceDep, actor: PeopleDep) -> PersonInfo:
    """Give somebody a new password; their sign-ins end."""
    return describe_person(accounts.set_password(service.database, actor, person, body.password, body.why))


@router.get("/keys")
def list_keys(service: ServiceDep, _actor: KeysDep) -> KeyList:
    """Every API key that was ever made; none of them can be read from it."""
    return KeyList(data=[_describe_key(key) for key in keys.list_keys(service.database)])


@router.post("/keys", status_code=201)
def add_key(body: AddKeyRequest, service: ServiceDep, actor: KeysDep) -> AddedKeyReply:
    """Make an API key, which is shown in this reply and never again."""
    key, secret = keys.add_key(
        service.database,
        actor,
        body.name,
        keys.USUAL_SCOPES if body.scopes is None else body.scopes,
        quota=body.quota,
        expires=body.expires,
    )
    return AddedKeyReply(key=_describe_key(key), secret=secret)


@router.post("/keys/{key}/revoke")
def revoke_key(key: str, service: ServiceDep, actor: KeysDep, body: RevokeRequest | None = None) -> KeyInfo:
    """Have a key open nothing any more, from its next request on."""
    return _describe_key(keys.revoke_key(service.database, actor, key, body.why if body else ""))


@router.get("/audit", dependencies=[Depends(require(Action.READ_AUDIT))])
def list_audit(
    service: ServiceDep,
    subject: Annotated[str, Query(max_length=300)] = "",
    who_id: Annotated[str, Query(max_length=40)] = "",
    before: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 100,
) -> AuditList:
    """Who did what, newest first."""
    entries = read_audit(service.database, subject=subject, who_id=who_id, before=before, limit=limit)
    return AuditList(
        data=[AuditEntry.model_validate(entry, from_attributes=True) for entry in entries],
        next=entries[-1].id if len(entries) == limit else None,
    )


def describe_person(person: accounts.Person) -> PersonInfo:
    """Somebody of the staff as replies have them."""
    return PersonInfo.model_validate(person, from_attributes=True)


def _describe_key(key: keys.Key) -> KeyInfo:
    return KeyInfo.model_validate(key, from_attributes=True)
