"""People, keys and the audit log over HTTP: what is shown, what is refused, and what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from serve.people.moments import now_utc
from serve.people.tables import ApiKey, ApiKeyUse
from tests.serve.people_parts import (
    BY_KEY,
    PASSWORDS,
    Gateway,
    make_gateway,
    make_template,
    open_client,
    open_copy,
    people_of,
    sign_in,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("people"))


@pytest.fixture
def gateway(template: Path, tmp_path: Path) -> Iterator[Gateway]:
    gateway = make_gateway(open_copy(template, tmp_path), tmp_path)
    yield gateway
    gateway.database.close()


@pytest.fixture
def client(gateway: Gateway) -> Iterator[TestClient]:
    with open_client(gateway) as client:
        yield client


@pytest.fixture
def admin(client: TestClient) -> dict[str, str]:
    return sign_in(client, "Ada Marsh")


def make_key(
    client: TestClient, admin: dict[str, str], **body: object
) -> tuple[dict[str, object], dict[str, str]]:
    """A key as it is described, and what its holder sends."""
    reply = client.post("/v1/keys", json={"name": "the catalogue", **body}, headers=admin)
    assert reply.status_code == 201, reply.text
    return reply.json()["key"], {"Authorization": f"Bearer {reply.json()['secret']}"}


def test_a_key_is_shown_once_and_kept_as_its_digest(
    client: TestClient, gateway: Gateway, admin: dict[str, str]
) -> None:
    key, sent = make_key(client, admin)
    secret = sent["Authorization"].removeprefix("Bearer ")
    assert len(secret) == 47
    assert (key["prefix"], key["scopes"], key["quota"]) == (
        secret[:12], ["ask", "give feedback", "read status"], 0,
    )  # fmt: skip
    listed = client.get("/v1/keys", headers=admin)
    assert listed.json()["data"] == [key]
    assert secret[12:] not in listed.text + client.get("/v1/audit", headers=admin).text
    with gateway.database.readings() as session:
        row = session.scalars(select(ApiKey)).one()
    assert row.sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert (row.created_by, key["created_by"]) == ("Ada Marsh", "Ada Marsh")


def test_a_key_that_is_revoked_or_has_expired_opens_nothing(
    client: TestClient, gateway: Gateway, admin: dict[str, str]
) -> None:
    ways = "/v1/session/ways"
    key, sent = make_key(client, admin, scopes=["sign in"])
    assert client.get(ways, headers=sent).status_code == 200
    for _ in range(2):
        revoked = client.post(f"/v1/keys/{key['id']}/revoke", json={"why": "leaked"}, headers=admin)
        assert revoked.json()["revoked"] is not None
    assert client.get(ways, headers=sent).status_code == 401
    (line,) = client.get("/v1/audit", params={"subject": f"key {key['id']}"}, headers=admin).json()["data"][
        :-1
    ]
    assert (line["what"], line["who"], line["why"]) == ("revoked key", "Ada Marsh", "leaked")
    end = (now_utc() + timedelta(days=1)).isoformat()
    _, sent = make_key(client, admin, scopes=["sign in"], expires=end)
    assert client.get(ways, headers=sent).status_code == 200
    with gateway.database.sessions.begin() as session:
        session.execute(update(ApiKey).values(expires=now_utc()))
    assert client.get(ways, headers=sent).status_code == 401


def test_a_quota_is_said_with_when_it_begins_anew(client: TestClient, admin: dict[str, str]) -> None:
    _, sent = make_key(client, admin, scopes=["sign in"], quota=2)
    replies = [client.get("/v1/session/ways", headers=sent) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].json()["error"]["code"] == "too_many_requests"
    assert 0 < int(replies[2].headers["Retry-After"]) <= 24 * 3600
    assert client.get("/v1/keys", headers=admin).json()["data"][0]["used_today"] == 2


def test_a_key_without_a_quota_is_not_counted(
    client: TestClient, gateway: Gateway, admin: dict[str, str]
) -> None:
    _, sent = make_key(client, admin, scopes=["sign in"])
    assert client.get("/v1/session/ways", headers=sent).status_code == 200
    with gateway.database.readings() as session:
        assert session.scalars(select(ApiKeyUse)).all() == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": ""}, "name"), ({"name": "a\x07b"}, "name"), ({"scopes": []}, "scopes"),
        ({"scopes": ["manage people"]}, "scopes"), ({"scopes": ["ask", "read inbox"]}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"), ({"quota": -1}, "quota"), ({"expires": "soon"}, "expires"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"), ({"expires": "2099-01-01T00:00:00"}, "expires"),
        ({"secret": "mine"}, "secret"),
    ],
)  # fmt: skip
def test_keys_that_are_not_made(
    client: TestClient, admin: dict[str, str], body: dict[str, object], param: str
) -> None:
    reply = client.post("/v1/keys", json={"name": "x", **body}, headers=admin)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
    assert client.get("/v1/keys", headers=admin).json()["data"] == []


def test_people_are_added_and_changed_and_it_is_all_in_the_log(
    client: TestClient, gateway: Gateway, admin: dict[str, str]
) -> None:
    body = {"name": "Dora  Quill", "role": "curator", "password": "a shelf of diaries"}
    added = client.post("/v1/people", json=body, headers=admin)
    assert added.status_code == 201, added.text
    dora = added.json()
    assert (dora["name"], dora["role"], dora["active"], dora["created_by"]) == (
        "Dora Quill", "curator", True, "Ada Marsh",
    )  # fmt: skip
    path = f"/v1/people/{dora['id']}"
    assert client.put(f"{path}/role", json={"role": "approver", "why": "more"}, headers=admin).json()[
        "role"
    ] == ("approver")
    assert (
        client.put(f"{path}/password", json={"password": "a chest of maps"}, headers=admin).status_code == 200
    )
    assert client.put(f"{path}/active", json={"active": False}, headers=admin).json()["active"] is False
    lines = client.get("/v1/audit", params={"subject": f"person {dora['id']}"}, headers=admin).json()
    assert [(line["what"], line["who"]) for line in lines["data"]] == [
        ("disabled", "Ada Marsh"), ("changed password", "Ada Marsh"), ("changed role", "Ada Marsh"),
        ("added", "Ada Marsh"),
    ]  # fmt: skip
    assert lines["next"] is None
    whole = client.get("/v1/audit", headers=admin).text + client.get("/v1/people", headers=admin).text
    for secret in ("a shelf of diaries", "a chest of maps", "argon2", "rrs_"):
        assert secret not in whole
    assert [person["name"] for person in client.get("/v1/people", headers=admin).json()["data"]] == [
        "Ada Marsh", "Ben Oakes", "Cora Lind", "Dora Quill",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "ADA marsh"}, 409), ({"name": "Ada\u00a0Marsh"}, 409), ({"name": "\uff21da Marsh"}, 409),
        ({"name": "\u202e"}, 400), ({"role": "patron"}, 400), ({"role": "client"}, 400),
        ({"role": "owner"}, 400), ({"password": "short"}, 400), ({"password": "Dora Quill!!"[:10]}, 400),
        ({"admin": True}, 400),
    ],
)  # fmt: skip
def test_accounts_that_are_not_made(
    client: TestClient, admin: dict[str, str], gateway: Gateway, body: dict[str, object], status: int
) -> None:
    good = {"name": "Dora Quill", "role": "curator", "password": "a shelf of diaries"}
    reply = client.post("/v1/people", json=good | body, headers=admin)
    assert reply.status_code == status, reply.text
    assert set(people_of(gateway.database)) == set(PASSWORDS)


def test_an_administrator_who_steps_down_is_out_at_once(client: TestClient, gateway: Gateway) -> None:
    first = sign_in(client, "Ada Marsh")
    staff = people_of(gateway.database)
    ben = f"/v1/people/{staff['Ben Oakes'].id}/role"
    assert client.put(ben, json={"role": "administrator"}, headers=first).status_code == 200
    own = f"/v1/people/{staff['Ada Marsh'].id}/role"
    assert client.put(own, json={"role": "curator"}, headers=first).status_code == 200
    assert client.get("/v1/people", headers=first).status_code == 401
    assert client.get("/v1/people", headers=sign_in(client, "Ada Marsh")).status_code == 403
    last = client.put(ben, json={"role": "curator"}, headers=BY_KEY)
    assert (last.status_code, last.json()["error"]["code"]) == (409, "conflict")


def test_the_staff_key_is_one_whatever_name_it_gives(client: TestClient, gateway: Gateway) -> None:
    cora = people_of(gateway.database)["Cora Lind"].id
    for name in ("Ada", "Somebody Else"):
        client.put(
            f"/v1/people/{cora}/active", json={"active": name != "Ada"},
            headers={**BY_KEY, "X-Reading-Room-Staff": name},
        )  # fmt: skip
    lines = client.get("/v1/audit", params={"who_id": "staff-key"}, headers=BY_KEY).json()["data"]
    assert [(line["who"], line["what"]) for line in lines] == [
        ("Somebody Else", "enabled"),
        ("Ada", "disabled"),
    ]
