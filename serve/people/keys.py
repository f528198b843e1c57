"""API keys: made, listed, revoked, recognised, and counted against their quota."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import ceil

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from serve.database import Database
from serve.errors import BadRequest, NotFound, TooManyRequests
from serve.people.accounts import clean_name
from serve.people.audit import audit
from serve.people.authority import Action, Actor, Role, may
from serve.people.bearer import digest, make_token
from serve.people.moments import as_utc, now_utc
from serve.people.tables import ApiKey, ApiKeyUse

USUAL_SCOPES = (Action.ASK, Action.GIVE_FEEDBACK, Action.READ_STATUS)
_SHOWN = 12
"""Letters of a key that are kept to know it by; the 200 bits after them are not."""
_DAYS_COUNTED = 31


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as staff may see it. `quota` is requests a day (UTC), 0 for any number."""

    id: str
    prefix: str
    name: str
    scopes: tuple[Action, ...]
    quota: int
    used_today: int
    created: datetime
    created_by: str
    expires: datetime | None
    revoked: datetime | None


def add_key(
    database: Database,
    actor: Actor,
    name: str,
    scopes: Collection[Action] = USUAL_SCOPES,
    *,
    quota: int = 0,
    expires: datetime | None = None,
) -> tuple[Key, str]:
    """Make a key; the text returned beside it is the key itself, which nobody can ever see again.

    Raises BadRequest for a name, scope or time that cannot be.
    """
    name = clean_name(name)
    _check_scopes(scopes)
    if expires is not None and expires <= now_utc():
        raise BadRequest("expires: this moment is over already.", param="expires")
    token = make_token("rrk")
    row = ApiKey(
        id=f"key-{secrets.token_hex(8)}",
        prefix=token[:_SHOWN],
        sha256=digest(token),
        name=name,
        scopes=sorted(scope.value for scope in set(scopes)),
        quota=quota,
        created=now_utc(),
        created_by=actor.name[:200],
        expires=expires,
        revoked=None,
    )
    with database.sessions.begin() as session:
        session.add(row)
        details = {"name": name, "prefix": row.prefix, "scopes": row.scopes, "quota": quota}
        audit(session, actor, "made key", f"key {row.id}", details=details)
    return _load(row, 0), token


def list_keys(database: Database) -> tuple[Key, ...]:
    """Every key ever made, newest first."""
    use = select(ApiKeyUse).where(ApiKeyUse.day == now_utc().date()).subquery()
    query = (
        select(ApiKey, func.coalesce(use.c.requests, 0))
        .join(use, use.c.key_id == ApiKey.id, isouter=True)
        .order_by(ApiKey.created.desc(), ApiKey.id)
    )
    with database.readings() as session:
        return tuple(_load(row, used) for row, used in session.execute(query))


def revoke_key(database: Database, actor: Actor, key: str, why: str = "") -> Key:
    """Have a key open nothing any more, from its next request on. Raises NotFound."""
    with database.sessions.begin() as session:
        row = session.get(ApiKey, key, with_for_update=True)
        if row is None:
            raise NotFound(f"There is no API key {key[:80]!r}. List them: GET /v1/keys")
        if row.revoked is None:
            row.revoked = now_utc()
            audit(session, actor, "revoked key", f"key {key}", why, {"name": row.name, "prefix": row.prefix})
        used = session.get(ApiKeyUse, (key, now_utc().date()))
        return _load(row, used.requests if used else 0)


def find_key(database: Database, token: str, now: datetime) -> tuple[Actor, int] | None:
    """Whose key this is, and its quota; None for one that is not known, expired or revoked."""
    with database.readings() as session:
        row = session.scalar(select(ApiKey).where(ApiKey.sha256 == digest(token)))
    if row is None or row.revoked is not None or (row.expires is not None and as_utc(row.expires) <= now):
        return None
    scopes = frozenset(Action(scope) for scope in row.scopes if scope in set(Action))
    return Actor(Role.CLIENT, row.id, row.name, scopes), row.quota


def count_request(database: Database, key: str, quota: int, now: datetime) -> None:
    """Count one request against a key's quota of today. Gateways that share the database share the count.

    Raises TooManyRequests, with the seconds until midnight UTC, once the quota is used up.
    """
    with database.sessions.begin() as session:
        insert = insert_sqlite if session.get_bind().dialect.name == "sqlite" else insert_postgresql
        made = insert(ApiKeyUse).values(key_id=key, day=now.date(), requests=1)
        counted = session.scalar(
            made.on_conflict_do_update(
                index_elements=["key_id", "day"],
                set_={"requests": ApiKeyUse.requests + 1},
                where=ApiKeyUse.requests < quota,
            ).returning(ApiKeyUse.requests)
        )
        if counted == 1:
            _forget_old_days(session, key, now)
    if counted is None:
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        raise TooManyRequests(
            f"This API key may make {quota:,} requests a day, and has made them. It may again after "
            "midnight UTC; an administrator can make a key with a higher quota.",
            retry_after=ceil((midnight - now).total_seconds()),
        )


def _forget_old_days(session: Session, key: str, now: datetime) -> None:
    oldest = now.date() - timedelta(days=_DAYS_COUNTED)
    session.execute(delete(ApiKeyUse).where(ApiKeyUse.key_id == key, ApiKeyUse.day < oldest))


def _check_scopes(scopes: Collection[Action]) -> None:
    possible = [action for action in Action if may(Actor(Role.CLIENT, scopes=frozenset(Action)), action)]
    if not scopes or not set(scopes) <= set(possible):
        raise BadRequest(
            f"scopes: expected one or more of {', '.join(possible)}; what staff does is done by signing in.",
            param="scopes",
        )


def _load(row: ApiKey, used: int) -> Key:
    return Key(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        scopes=tuple(Action(scope) for scope in row.scopes if scope in set(Action)),
        quota=row.quota,
        used_today=used,
        created=as_utc(row.created),
        created_by=row.created_by,
        expires=as_utc(row.expires) if row.expires else None,
        revoked=as_utc(row.revoked) if row.revoked else None,
    )
