"""What staff, keys and the audit log ask of the database itself, on SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from serve.database import Database
from serve.errors import Conflict, TooManyRequests, Unauthorized
from serve.people.accounts import add_person, change_role, list_people, set_active
from serve.people.audit import audit, read_audit
from serve.people.authority import Actor, Role
from serve.people.delays import count_try, find_delay, forget_tries
from serve.people.keys import add_key, count_request, list_keys
from serve.people.sessions import Lifetime
from serve.people.sign_in import sign_in
from serve.people.tables import ApiKeyUse, AuditEvent
from serve.tables import Base
from tests.serve.people_parts import PASSWORDS, ROOT, add_staff, people_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LIFETIME = Lifetime(timedelta(hours=12), timedelta(minutes=60))
TABLES = (
    "staff_account", "staff_session", "sign_in_delay", "api_key", "api_key_use", "oidc_flow", "audit_event",
)  # fmt: skip


def test_the_migration_makes_what_the_tables_say(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in TABLES:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        indexed = {
            tuple(index["column_names"]) for index in inspector.get_indexes(table) if not index["unique"]
        }
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table


def test_the_database_refuses_to_change_or_delete_a_line_of_the_audit_log(database: Database) -> None:
    with database.sessions.begin() as session:
        audit(session, ROOT, "added", "thing 1", "because", {"of": 2})
    statements = ["UPDATE audit_event SET who = 'x'", "DELETE FROM audit_event"]
    if database.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE audit_event")
    for statement in statements:
        with pytest.raises(DBAPIError, match="audit_event is only ever appended to"):
            with database.sessions.begin() as session:
                session.execute(text(statement))
    (entry,) = read_audit(database)
    assert (entry.who, entry.what, entry.subject, entry.why) == ("root", "added", "thing 1", "because")
    assert (entry.role, entry.who_id, entry.details) == ("administrator", "command", {"of": 2})


def test_a_line_is_kept_with_what_it_tells_of_or_not_at_all(database: Database) -> None:
    with pytest.raises(RuntimeError), database.sessions.begin() as session:
        audit(session, ROOT, "added", "thing 1")
        raise RuntimeError
    assert read_audit(database) == ()


def test_of_a_patron_nothing_is_kept_and_of_a_nul_neither(database: Database) -> None:
    with database.sessions.begin() as session:
        audit(session, Actor(Role.PATRON, "secret-id", "secret name"), "deleted", "a\x00b", "w\x00")
        audit(session, Actor(Role.STRANGER, "secret-id", "secret name"), "deleted", "c" * 999, "d" * 9999)
    newest, oldest = read_audit(database)
    assert (oldest.role, oldest.who_id, oldest.who, oldest.subject, oldest.why) == (
        "patron", "", "a patron", "ab", "w",
    )  # fmt: skip
    assert (newest.who, newest.subject, newest.why) == ("a patron", "c" * 300, "d" * 2000)


def test_the_delay_grows_and_is_forgotten(database: Database) -> None:
    assert [find_delay(n).total_seconds() for n in (0, 4, 5, 6, 7, 10, 11, 1000)] == [
        0, 0, 15, 30, 60, 480, 900, 900,
    ]  # fmt: skip

    def attempt(moment: datetime) -> int:
        with database.sessions.begin() as session:
            return count_try(session, "ada", moment)

    moment = NOW
    for failures in range(8):
        assert attempt(moment) == failures
        moment += find_delay(failures + 1)
    with pytest.raises(TooManyRequests) as refused:
        attempt(moment - timedelta(seconds=9.5))
    assert refused.value.retry_after == 10
    assert attempt(moment + timedelta(days=1, seconds=1)) == 0
    assert attempt(moment + timedelta(days=1, seconds=1)) == 1
    with database.sessions.begin() as session:
        forget_tries(session, "ada")
    assert attempt(moment + timedelta(days=1, seconds=1)) == 0


def test_guesses_made_at_the_same_moment_count_each_other(database: Database) -> None:
    add_person(database, ROOT, "Ada Marsh", Role.ADMINISTRATOR, PASSWORDS["Ada Marsh"])

    def guess(number: int) -> type[Exception]:
        try:
            sign_in(database, "Ada Marsh", f"guess number {number}", LIFETIME)
        except (Unauthorized, TooManyRequests) as error:
            return type(error)
        raise AssertionError

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(8)))
    assert (outcomes.count(Unauthorized), outcomes.count(TooManyRequests)) == (5, 3)


def test_of_two_administrators_who_disable_each_other_one_stays(database: Database) -> None:
    for name in ("Ada Marsh", "Ben Oakes"):
        add_person(database, ROOT, name, Role.ADMINISTRATOR, PASSWORDS[name])
    people = people_of(database)

    def disable(name: str) -> str:
        try:
            set_active(database, ROOT, people[name].id, False)
        except Conflict as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(disable, people))
    assert outcomes[1] == "done"
    assert "is the last administrator" in outcomes[0]
    assert sum(person.active for person in list_people(database)) == 1


def test_the_last_administrator_stays_one(database: Database) -> None:
    staff = add_staff(database)
    with pytest.raises(Conflict, match="Ada Marsh is the last administrator"):
        set_active(database, ROOT, staff["Ada Marsh"].id, False)
    with pytest.raises(Conflict, match="Ada Marsh is the last administrator"):
        change_role(database, ROOT, staff["Ada Marsh"].id, Role.CURATOR)
    change_role(database, ROOT, staff["Ben Oakes"].id, Role.ADMINISTRATOR)
    assert change_role(database, ROOT, staff["Ada Marsh"].id, Role.CURATOR).role is Role.CURATOR
    # One that cannot sign in does not count.
    change_role(database, ROOT, staff["Ada Marsh"].id, Role.ADMINISTRATOR)
    set_active(database, ROOT, staff["Ada Marsh"].id, False)
    with pytest.raises(Conflict, match="Ben Oakes is the last administrator"):
        set_active(database, ROOT, staff["Ben Oakes"].id, False)


def test_a_quota_holds_for_all_gateways_together_and_begins_anew_each_day(
    database: Database, url: str
) -> None:
    key, _ = add_key(database, ROOT, "a catalogue", quota=20)
    second = Database(url)

    def ask(number: int) -> bool:
        try:
            count_request((database, second)[number % 2], key.id, 20, NOW)
        except TooManyRequests as error:
            assert error.retry_after == 15 * 3600
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(ask, range(30)))
    assert taken.count(True) == 20
    assert not ask(0)
    count_request(second, key.id, 20, NOW + timedelta(hours=15))
    with database.readings() as session:
        rows = session.execute(select(ApiKeyUse.day, ApiKeyUse.requests).order_by(ApiKeyUse.day)).all()
    assert [(str(day), requests) for day, requests in rows] == [("2026-11-21", 20), ("2026-11-22", 1)]
    count_request(second, key.id, 20, NOW + timedelta(days=33))
    with database.readings() as session:
        assert session.scalar(select(func.count()).select_from(ApiKeyUse)) == 1
    assert list_keys(second)[0].used_today in (0, 1, 20)
    second.close()


def test_the_log_is_read_newest_first_in_pages(database: Database) -> None:
    staff = add_staff(database)
    with database.sessions.begin() as session:
        for number in range(5):
            audit(session, Actor(Role.CURATOR, "staff-1", "Cora"), "edited", f"pair {number % 2}")
    assert [entry.subject for entry in read_audit(database, limit=3)] == ["pair 0", "pair 1", "pair 0"]
    oldest = read_audit(database, limit=3)[-1].id
    older = read_audit(database, before=oldest, limit=3)
    assert [entry.subject for entry in older][:2] == ["pair 1", "pair 0"]
    assert len(read_audit(database, subject="pair 1")) == 2
    assert {entry.what for entry in read_audit(database, who_id="command")} == {"added"}
    assert {entry.subject for entry in read_audit(database, who_id="command")} == {
        f"person {person.id}" for person in staff.values()
    }
    with database.readings() as session:
        assert session.scalar(select(func.max(AuditEvent.id))) == 8
