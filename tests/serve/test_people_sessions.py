"""Sign-ins: who gets one, how guessing is slowed down, and everything that ends them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text, update

from serve.people.accounts import Person, change_role, find_by_name, make_name_key, set_active, set_password
from serve.people.authority import Role
from serve.people.delays import count_try
from serve.people.moments import as_utc
from serve.people.sessions import Lifetime, find_session, open_session
from serve.people.tables import SignInDelay, StaffAccount, StaffSession
from tests.serve.people_parts import (
    BY_KEY,
    PASSWORDS,
    ROOT,
    Gateway,
    make_gateway,
    make_template,
    open_client,
    open_copy,
    people_of,
    sign_in,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LIFETIME = Lifetime(timedelta(hours=12), timedelta(minutes=60))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("people"))


@pytest.fixture
def gateway(template: Path, tmp_path: Path) -> Iterator[Gateway]:
    gateway = make_gateway(open_copy(template, tmp_path), tmp_path)
    yield gateway
    gateway.database.close()


@pytest.fixture
def staff(gateway: Gateway) -> dict[str, Person]:
    return people_of(gateway.database)


@pytest.fixture
def client(gateway: Gateway) -> Iterator[TestClient]:
    with open_client(gateway) as client:
        yield client


def try_sign_in(client: TestClient, name: str, password: str) -> tuple[int, str]:
    reply = client.post("/v1/session", json={"name": name, "password": password})
    return reply.status_code, reply.json().get("error", {}).get("message", "")


def test_signing_in_shows_who_one_is_until_one_signs_out(
    client: TestClient, staff: dict[str, Person]
) -> None:
    reply = client.post("/v1/session", json={"name": " ada  MARSH", "password": PASSWORDS["Ada Marsh"]})
    assert (reply.status_code, reply.headers["Cache-Control"]) == (201, "no-store")
    assert "set-cookie" not in reply.headers
    made = reply.json()
    assert made["person"]["name"] == "Ada Marsh"
    assert (made["idle_seconds"], made["failures"]) == (3600, 0)
    headers = {"Authorization": f"Bearer {made['token']}"}
    shown = client.get("/v1/session", headers=headers).json()
    assert (shown["id"], shown["name"], shown["role"]) == (
        staff["Ada Marsh"].id,
        "Ada Marsh",
        "administrator",
    )
    assert shown["expires"] == made["expires"]
    assert "manage people" in shown["actions"]
    other = sign_in(client, "Ada Marsh")
    assert client.delete("/v1/session", headers=headers).status_code == 204
    gone = client.get("/v1/session", headers=headers)
    assert (gone.status_code, gone.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert gone.json()["error"]["message"] == "This sign-in is over. Sign in again."
    assert client.get("/v1/session", headers=other).status_code == 200


def test_only_the_tokens_digest_is_kept(client: TestClient, gateway: Gateway) -> None:
    token = sign_in(client, "Ben Oakes")["Authorization"].removeprefix("Bearer ")
    with gateway.database.readings() as session:
        kept = [row.token_sha256 for row in session.scalars(select(StaffSession))]
        hashes = list(session.scalars(select(StaffAccount.password)))
    assert kept == [hashlib.sha256(token.encode()).hexdigest()]
    assert all(kept_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for kept_hash in hashes)
    assert len(set(hashes)) == 3


@pytest.mark.parametrize("given", ["", "wrong password", "letters to ellen", "letters to Ellen ", "x" * 2000])
def test_a_wrong_password_an_unknown_name_and_a_disabled_account_look_the_same(
    client: TestClient, gateway: Gateway, staff: dict[str, Person], given: str
) -> None:
    set_active(gateway.database, ROOT, staff["Cora Lind"].id, False)
    replies = {
        try_sign_in(client, name, given or "?") for name in ("Ada Marsh", "Nobody At All", "Cora Lind")
    }
    assert replies == {(401, "The name or the password is wrong.")}
    assert try_sign_in(client, "Cora Lind", PASSWORDS["Cora Lind"]) == (
        401, "The name or the password is wrong.",
    )  # fmt: skip
    assert try_sign_in(client, "Ada Marsh", PASSWORDS["Ada Marsh"])[0] == 201


@pytest.mark.parametrize("name", ["Ada Marsh", "Nobody At All"])
def test_after_five_failures_a_name_is_left_alone_whoever_has_it(
    client: TestClient, gateway: Gateway, name: str
) -> None:
    assert [try_sign_in(client, name, "a wrong password")[0] for _ in range(4)] == [401] * 4
    with gateway.database.sessions.begin() as session:
        count_try(session, make_name_key(name), datetime.now(UTC) + timedelta(minutes=1))
    reply = client.post("/v1/session", json={"name": name, "password": PASSWORDS["Ada Marsh"]})
    assert (reply.status_code, 15 < int(reply.headers["Retry-After"]) <= 75) == (429, True)
    assert "too many wrong passwords for this name" in reply.json()["error"]["message"]
    # Others are not kept waiting by it.
    assert try_sign_in(client, "Ben Oakes", PASSWORDS["Ben Oakes"])[0] == 201


def test_a_right_password_forgets_the_failures_and_says_how_many(
    client: TestClient, gateway: Gateway
) -> None:
    for _ in range(3):
        try_sign_in(client, "Ada Marsh", "a wrong password")
    body = {"name": "Ada Marsh", "password": PASSWORDS["Ada Marsh"]}
    assert client.post("/v1/session", json=body).json()["failures"] == 3
    assert client.post("/v1/session", json=body).json()["failures"] == 0
    with gateway.database.readings() as session:
        assert session.scalar(select(func.count()).select_from(SignInDelay)) == 0


@pytest.mark.parametrize(
    ("after", "used_at", "alive"),
    [
        (timedelta(minutes=59), [], True),
        (timedelta(minutes=60), [], False),
        (timedelta(minutes=100), [timedelta(minutes=50)], True),
        (timedelta(hours=11, minutes=59), [timedelta(minutes=55 * n) for n in range(1, 13)], True),
        (timedelta(hours=12), [timedelta(minutes=55 * n) for n in range(1, 14)], False),
    ],
)
def test_a_sign_in_ends_by_time_and_by_idleness(
    gateway: Gateway, staff: dict[str, Person], after: timedelta, used_at: list[timedelta], alive: bool
) -> None:
    database = gateway.database
    with database.sessions.begin() as session:
        row = find_by_name(session, make_name_key("Ada Marsh"))
        assert row is not None
        token = open_session(session, row, LIFETIME, NOW).token
    for moment in used_at:
        assert find_session(database, token, LIFETIME, NOW + moment) is not None
    found = find_session(database, token, LIFETIME, NOW + after)
    assert (found is not None) is alive
    if found:
        assert (found[0].name, found[1]) == ("Ada Marsh", NOW + timedelta(hours=12))


def test_use_is_noted_to_the_minute_and_old_sign_ins_are_cleared_away(
    gateway: Gateway, staff: dict[str, Person]
) -> None:
    database = gateway.database

    def seen() -> list[datetime]:
        with database.readings() as session:
            return [as_utc(moment) for moment in session.scalars(select(StaffSession.seen))]

    with database.sessions.begin() as session:
        row = find_by_name(session, make_name_key("Ada Marsh"))
        assert row is not None
        token = open_session(session, row, LIFETIME, NOW).token
    find_session(database, token, LIFETIME, NOW + timedelta(seconds=59))
    assert seen() == [NOW]
    find_session(database, token, LIFETIME, NOW + timedelta(seconds=60))
    assert seen() == [NOW + timedelta(seconds=60)]
    with database.sessions.begin() as session:
        row = find_by_name(session, make_name_key("Ben Oakes"))
        assert row is not None
        open_session(session, row, LIFETIME, NOW + timedelta(hours=12))
    assert seen() == [NOW + timedelta(hours=12)]


@pytest.mark.parametrize("change", ["role", "disable", "password", "disable and enable"])
def test_a_change_of_the_account_ends_its_sign_ins_and_no_others(
    client: TestClient, gateway: Gateway, staff: dict[str, Person], change: str
) -> None:
    first, second, other = (sign_in(client, name) for name in ("Ben Oakes", "Ben Oakes", "Cora Lind"))
    person = staff["Ben Oakes"].id
    if change == "role":
        change_role(gateway.database, ROOT, person, Role.CURATOR)
    elif change == "password":
        set_password(gateway.database, ROOT, person, "another good password")
    else:
        set_active(gateway.database, ROOT, person, False)
    if change == "disable and enable":
        set_active(gateway.database, ROOT, person, True)
    assert [client.get("/v1/session", headers=who).status_code for who in (first, second, other)] == [
        401, 401, 200,
    ]  # fmt: skip


def test_what_changes_while_a_password_is_compared_counts(gateway: Gateway, staff: dict[str, Person]) -> None:
    """The account is changed by hand between the comparison and the opening: nothing else can be that quick."""
    database = gateway.database
    with database.sessions.begin() as session:
        row = find_by_name(session, make_name_key("Ada Marsh"))
        assert row is not None
        stale = open_session(session, row, LIFETIME, NOW)
        session.execute(update(StaffAccount).values(generation=StaffAccount.generation + 1))
    assert find_session(database, stale.token, LIFETIME, NOW) is None


def test_ones_own_password(client: TestClient) -> None:
    mine, elsewhere = sign_in(client, "Cora Lind"), sign_in(client, "Cora Lind")
    body = {"current": "not that one at all", "new": "a new and better one"}
    assert client.put("/v1/session/password", json=body, headers=mine).status_code == 401
    body["current"] = PASSWORDS["Cora Lind"]
    weak = client.put("/v1/session/password", json=body | {"new": "short"}, headers=mine)
    assert (weak.status_code, weak.json()["error"]["param"]) == (400, "password")
    changed = client.put("/v1/session/password", json=body, headers=mine)
    assert changed.status_code == 200, changed.text
    for ended in (mine, elsewhere):
        assert client.get("/v1/session", headers=ended).status_code == 401
    fresh = {"Authorization": f"Bearer {changed.json()['token']}"}
    assert client.get("/v1/session", headers=fresh).json()["name"] == "Cora Lind"
    assert try_sign_in(client, "Cora Lind", PASSWORDS["Cora Lind"])[0] == 401
    assert try_sign_in(client, "Cora Lind", "a new and better one")[0] == 201
    for method, path in (("PUT", "/v1/session/password"), ("DELETE", "/v1/session")):
        reply = client.request(method, path, json=body if method == "PUT" else None, headers=BY_KEY)
        assert reply.status_code == 400


def test_no_address_of_anybody_is_kept(client: TestClient, gateway: Gateway) -> None:
    try_sign_in(client, "Ada Marsh", "a wrong password")
    sign_in(client, "Ada Marsh")
    with gateway.database.readings() as session:
        for table in ("staff_session", "sign_in_delay", "audit_event", "staff_account"):
            rows = session.execute(text(f"SELECT * FROM {table}"))
            assert "testclient" not in str(rows.all()), table
