"""Staff accounts: who there is, in which role, and how that changes. Every change is in the audit log."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.people.audit import audit
from serve.people.authority import STAFF, Actor, Role
from serve.people.delays import forget_tries
from serve.people.moments import as_utc, now_utc
from serve.people.passwords import check_strength, hash_password
from serve.people.tables import StaffAccount
from serve.people.turns import take_turn

_MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class Person:
    """One of the staff. `elsewhere`: signs in at the OpenID provider, which says the role."""

    id: str
    name: str
    role: Role
    active: bool
    elsewhere: bool
    created: datetime
    created_by: str


def list_people(database: Database) -> tuple[Person, ...]:
    """All that there ever were, by name."""
    with database.readings() as session:
        rows = session.scalars(select(StaffAccount).order_by(StaffAccount.name_key))
        return tuple(map(load_person, rows))


def add_person(database: Database, actor: Actor, name: str, role: Role, password: str) -> Person:
    """Make an account. The first one is an administrator's, or nobody could make a second.

    Raises BadRequest for an unusable name, role or password, Conflict where the name is taken.
    """
    name = clean_name(name)
    check_staff_role(role)
    check_strength(password, name)
    kept = hash_password(password)
    with database.sessions.begin() as session:
        take_turn(session, StaffAccount)
        if role is not Role.ADMINISTRATOR and not count_administrators(session):
            raise Conflict(
                "There is no administrator yet. Make one first: "
                "reading-room staff add NAME --role administrator",
                param="role",
            )
        row = make_row(name, role, actor, password=kept)
        _check_free(session, row.name_key, name)
        session.add(row)
        audit(session, actor, "added", f"person {row.id}", details={"name": name, "role": role.value})
        return load_person(row)


def change_role(database: Database, actor: Actor, person: str, role: Role, why: str = "") -> Person:
    """Give a person another role; their sign-ins end. Raises NotFound, BadRequest, or Conflict where nobody
    would be administrator any more, or the OpenID provider says the role."""
    check_staff_role(role)
    with database.sessions.begin() as session:
        row = _find(session, person)
        if row.subject is not None:
            raise Conflict(f"{row.name} signs in at the OpenID provider, which says the role.")
        if row.role != role.value:
            if role is not Role.ADMINISTRATOR:
                check_not_last(session, row)
            details = {"name": row.name, "before": row.role, "after": role.value}
            row.role, row.generation = role.value, row.generation + 1
            audit(session, actor, "changed role", f"person {row.id}", why, details)
        return load_person(row)


def set_active(database: Database, actor: Actor, person: str, active: bool, why: str = "") -> Person:
    """Disable an account, which ends its sign-ins, or let it sign in again. Raises as `change_role` does."""
    with database.sessions.begin() as session:
        row = _find(session, person)
        if row.active != active:
            if not active:
                check_not_last(session, row)
            row.active, row.generation = active, row.generation + 1
            what = "enabled" if active else "disabled"
            audit(session, actor, what, f"person {row.id}", why, {"name": row.name})
        return load_person(row)


def set_password(database: Database, actor: Actor, person: str, password: str, why: str = "") -> Person:
    """Give an account a new password; its sign-ins end, and it may be tried at once. Raises NotFound,
    BadRequest, or Conflict where the person signs in elsewhere."""
    with database.readings() as session:
        row = find_row(session, person)
        name = row.name
    check_strength(password, name)
    kept = hash_password(password)
    with database.sessions.begin() as session:
        row = _find(session, person)
        if row.subject is not None:
            raise Conflict(f"{row.name} signs in at the OpenID provider and has no password here.")
        replace_password(session, actor, row, kept, why)
        return load_person(row)


def replace_password(session: Session, actor: Actor, row: StaffAccount, kept: str, why: str = "") -> None:
    """Put a new hash in the place of the old one; every sign-in made with the old one is over."""
    row.password, row.generation = kept, row.generation + 1
    forget_tries(session, row.name_key)
    audit(session, actor, "changed password", f"person {row.id}", why, {"name": row.name})


def find_row(session: Session, person: str) -> StaffAccount:
    """The account with that id or name. Raises NotFound."""
    row = session.get(StaffAccount, person) or find_by_name(session, make_name_key(person))
    if row is None:
        raise NotFound(f"There is nobody {person[:80]!r} among the staff. List them: GET /v1/people")
    return row


def find_by_name(session: Session, name_key: str) -> StaffAccount | None:
    """The account of that name, as `make_name_key` gives it."""
    return session.scalar(select(StaffAccount).where(StaffAccount.name_key == name_key))


def has_passwords(database: Database) -> bool:
    """Whether anybody can sign in with a name and a password."""
    query = select(StaffAccount.id).where(StaffAccount.active, StaffAccount.subject.is_(None)).limit(1)
    with database.readings() as session:
        return session.scalar(query) is not None


def make_row(
    name: str, role: Role, actor: Actor, *, password: str = "", subject: str | None = None
) -> StaffAccount:
    """A new account's row."""
    return StaffAccount(
        id=f"staff-{secrets.token_hex(8)}",
        name=name,
        name_key=make_name_key(name),
        role=role.value,
        password=password,
        subject=subject,
        active=True,
        generation=0,
        created=now_utc(),
        created_by=actor.name[:200],
    )


def load_person(row: StaffAccount) -> Person:
    """What others may know of an account."""
    return Person(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        elsewhere=row.subject is not None,
        created=as_utc(row.created),
        created_by=row.created_by,
    )


def make_name_key(name: str) -> str:
    """A name as it is compared: case and width do not tell two people apart."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:400]


def clean_name(name: str) -> str:
    """A name without needless spaces. Raises BadRequest for one that cannot be shown."""
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(cleaned) <= _MOST_NAME or not cleaned.isprintable():
        raise BadRequest(
            f"name: expected 1 to {_MOST_NAME} printable characters, found {len(cleaned)}.", param="name"
        )
    return cleaned


def check_staff_role(role: Role) -> None:
    """Raise BadRequest for a role that is not one of the staff's."""
    if role not in STAFF:
        raise BadRequest(f"role: expected one of {', '.join(STAFF)}, found {role}.", param="role")


def check_not_last(session: Session, row: StaffAccount) -> None:
    """Refuse to take away the last administrator who can sign in. Raises Conflict."""
    if row.role == Role.ADMINISTRATOR and row.active and count_administrators(session) == 1:
        raise Conflict(
            f"{row.name} is the last administrator. Make somebody else administrator first, or nobody "
            "could manage people any more."
        )


def count_administrators(session: Session) -> int:
    """How many administrators can sign in."""
    query = select(func.count()).where(StaffAccount.role == Role.ADMINISTRATOR, StaffAccount.active)
    return session.scalar(query) or 0


def _find(session: Session, person: str) -> StaffAccount:
    """The account, with no other change of accounts under way."""
    take_turn(session, StaffAccount)
    return find_row(session, person)


def _check_free(session: Session, name_key: str, name: str) -> None:
    if find_by_name(session, name_key) is not None:
        raise Conflict(f"There is somebody called {name!r} already. Choose another name.", param="name")
