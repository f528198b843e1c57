"""Signing in at an OpenID provider: one that answers as it should, and every way in which it may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select, update

from serve.people.accounts import set_active
from serve.people.audit import read_audit
from serve.people.moments import now_utc
from serve.people.oidc import find_role
from serve.people.tables import OidcFlow
from serve.settings import Settings
from tests.serve.oidc_server import CLIENT, SECRET, OidcServer, run_oidc_server
from tests.serve.people_parts import (
    ROOT,
    Gateway,
    make_gateway,
    make_template,
    open_client,
    open_copy,
    people_of,
    sign_in,
)

ELLEN = {"sub": "u-1", "name": "Ellen Marsh", "groups": ["readers", "room-approvers"]}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def running() -> Iterator[OidcServer]:
    with run_oidc_server() as server:
        yield server


@pytest.fixture
def provider(running: OidcServer) -> OidcServer:
    running.claims, running.userinfo, running.fault = dict(ELLEN), {}, ""
    return running


@pytest.fixture
def gateway(template: Path, tmp_path: Path, provider: OidcServer) -> Iterator[Gateway]:
    gateway = make_gateway(
        open_copy(template, tmp_path),
        tmp_path,
        public_url="https://room.example/",
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SecretStr(SECRET),
        oidc_roles="administrator=room-admins,approver=room-approvers,curator=readers",
    )
    yield gateway
    gateway.database.close()


@pytest.fixture
def client(gateway: Gateway) -> Iterator[TestClient]:
    with open_client(gateway) as client:
        yield client


def go(client: TestClient, provider: OidcServer, **changed: str) -> Any:
    """Begin, go to the provider, come back."""
    begun = client.post("/v1/session/oidc")
    assert begun.status_code == 201, begun.text
    back = {"flow": begun.json()["flow"], **provider.authorize(begun.json()["url"])} | changed
    return client.post("/v1/session/oidc/finish", json=back)


def test_the_first_sign_in_makes_an_account_in_the_role_the_provider_says(
    client: TestClient, gateway: Gateway, provider: OidcServer
) -> None:
    assert client.get("/v1/session/ways").json() == {
        "password": True, "provider": "your institution's account",
    }  # fmt: skip
    reply = go(client, provider)
    assert (reply.status_code, reply.headers["Cache-Control"]) == (201, "no-store")
    person = reply.json()["person"]
    assert (person["name"], person["role"], person["elsewhere"]) == ("Ellen Marsh", "approver", True)
    shown = client.get("/v1/session", headers={"Authorization": f"Bearer {reply.json()['token']}"}).json()
    assert (shown["id"], shown["role"]) == (person["id"], "approver")
    signed_in, added = read_audit(gateway.database, subject=f"person {person['id']}")
    assert (added.what, added.who, added.details["role"]) == ("added", "the OpenID provider", "approver")
    assert (signed_in.what, signed_in.who, signed_in.details) == (
        "signed in", "Ellen Marsh", {"at": provider.issuer},
    )  # fmt: skip
    # The same again is the same person, whatever they are called now.
    provider.claims["name"] = "Ellen Oakes"
    assert go(client, provider).json()["person"]["id"] == person["id"]
    # There is no password that signs such a person in, not even an empty one.
    for password in ("x", " "):
        body = {"name": "Ellen Marsh", "password": password}
        assert client.post("/v1/session", json=body).status_code == 401


def test_another_role_ends_earlier_sign_ins_and_none_ends_all(
    client: TestClient, gateway: Gateway, provider: OidcServer
) -> None:
    first = {"Authorization": f"Bearer {go(client, provider).json()['token']}"}
    provider.claims["groups"] = ["room-admins", "readers"]
    second = {"Authorization": f"Bearer {go(client, provider).json()['token']}"}
    assert client.get("/v1/session", headers=first).status_code == 401
    assert client.get("/v1/session", headers=second).json()["role"] == "administrator"
    provider.claims["groups"] = ["gardeners"]
    refused = go(client, provider)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert client.get("/v1/session", headers=second).status_code == 401
    person = people_of(gateway.database)["Ellen Marsh"]
    whats = [entry.what for entry in read_audit(gateway.database, subject=f"person {person.id}")]
    assert whats == ["ended sign-ins", "signed in", "changed role", "signed in", "added"]


def test_a_stranger_without_a_role_gets_no_account(
    client: TestClient, gateway: Gateway, provider: OidcServer
) -> None:
    provider.claims["groups"] = []
    assert go(client, provider).status_code == 403
    assert set(people_of(gateway.database)) == {"Ada Marsh", "Ben Oakes", "Cora Lind"}


def test_a_disabled_account_stays_out_and_its_role_is_the_providers(
    client: TestClient, gateway: Gateway, provider: OidcServer
) -> None:
    person = go(client, provider).json()["person"]["id"]
    admin = sign_in(client, "Ada Marsh")
    for method, path, body in (
        ("PUT", f"/v1/people/{person}/role", {"role": "curator"}),
        ("PUT", f"/v1/people/{person}/password", {"password": "a good enough one"}),
    ):
        reply = client.request(method, path, json=body, headers=admin)
        assert (reply.status_code, "OpenID provider" in reply.text) == (409, True)
    set_active(gateway.database, ROOT, person, False)
    refused = go(client, provider)
    assert (refused.status_code, "disabled" in refused.json()["error"]["message"]) == (403, True)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ada MARSH", "ada MARSH (2)"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\u202eb\x1b[31m\n\x00c", "a b [31m c"),
        ("x" * 300, "x" * 80),
        ("\u200b\x07", "Somebody"),
        (17, "u-1"),
    ],
)
def test_names_as_the_provider_has_them(
    client: TestClient, provider: OidcServer, name: object, shown: str
) -> None:
    provider.claims["name"] = name
    assert go(client, provider).json()["person"]["name"] == shown


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("issuer", 401), ("audience", 401), ("audiences", 401), ("nonce", 401), ("no nonce", 401),
        ("expired", 401), ("future", 401), ("at_hash", 401), ("another key", 401), ("unknown key", 401),
        ("our secret", 401), ("its public key", 401), ("unsigned", 401), ("no sub", 401), ("no id_token", 401),
    ],
)  # fmt: skip
def test_tokens_that_do_not_hold(
    client: TestClient, gateway: Gateway, provider: OidcServer, fault: str, status: int
) -> None:
    provider.fault = fault
    reply = go(client, provider)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, "unauthorized")
    assert "The OpenID provider's answer does not hold" in reply.json()["error"]["message"]
    assert "Ellen Marsh" not in people_of(gateway.database)


@pytest.mark.parametrize("fault", ["away", "no JSON", "described as another", "plain endpoints"])
def test_a_provider_that_cannot_be_used_is_said_to_be_so(
    client: TestClient, provider: OidcServer, fault: str
) -> None:
    provider.fault = fault
    reply = client.post("/v1/session/oidc")
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "not_ready")
    assert "The OpenID provider" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "changed", [{"state": "another state"}, {"flow": "another flow"}, {"code": "another code"}]
)
def test_what_comes_back_must_belong_to_what_was_begun(
    client: TestClient, gateway: Gateway, provider: OidcServer, changed: dict[str, str]
) -> None:
    reply = go(client, provider, **changed)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "unauthorized")
    assert "Ellen Marsh" not in people_of(gateway.database)


def test_a_flow_is_finished_once_and_within_its_time(
    client: TestClient, gateway: Gateway, provider: OidcServer
) -> None:
    begun = client.post("/v1/session/oidc").json()
    body = {"flow": begun["flow"], **provider.authorize(begun["url"])}
    assert client.post("/v1/session/oidc/finish", json=body).status_code == 201
    again = body | provider.authorize(begun["url"])
    assert client.post("/v1/session/oidc/finish", json=again).status_code == 401
    late = client.post("/v1/session/oidc").json()
    with gateway.database.sessions.begin() as session:
        session.execute(update(OidcFlow).values(expires=now_utc()))
    body = {"flow": late["flow"], **provider.authorize(late["url"])}
    assert client.post("/v1/session/oidc/finish", json=body).status_code == 401
    client.post("/v1/session/oidc")
    with gateway.database.readings() as session:
        assert session.scalar(select(func.count()).select_from(OidcFlow)) == 1


def test_roles_that_only_the_userinfo_has(client: TestClient, provider: OidcServer) -> None:
    provider.claims["groups"] = None
    provider.userinfo = {"sub": "u-1", "groups": ["room-admins"], "iss": "ignored"}
    assert go(client, provider).json()["person"]["role"] == "administrator"
    provider.userinfo = {"sub": "u-2", "groups": ["room-admins"]}
    assert go(client, provider).status_code == 401


@pytest.mark.parametrize(
    ("claims", "claim", "role"),
    [
        ({"groups": ["readers"]}, "groups", "curator"),
        ({"groups": "readers"}, "groups", "curator"),
        ({"groups": ["readers", "room-admins", 7, None]}, "groups", "administrator"),
        ({"realm_access": {"roles": ["room-approvers"]}}, "realm_access.roles", "approver"),
        ({"https://room.example/roles": ["readers"]}, "https://room.example/roles", "curator"),
        ({"groups": {"readers": True}}, "groups", None),
        ({"groups": ["READERS", "reader", ""]}, "groups", None),
        ({"realm_access": ["readers"]}, "realm_access.roles", None),
        ({}, "groups", None),
    ],
)
def test_the_role_is_the_highest_that_the_claim_gives(
    gateway: Gateway, claims: dict[str, Any], claim: str, role: str | None
) -> None:
    settings = gateway.settings.model_copy(update={"oidc_role_claim": claim})
    assert find_role(claims, settings) == role


def test_without_a_provider_there_is_none(client: TestClient, gateway: Gateway) -> None:
    gateway.settings = gateway.settings.model_copy(update={"oidc_issuer": ""})
    assert client.get("/v1/session/ways").json() == {"password": True, "provider": ""}
    for path, body in (("", None), ("/finish", {"flow": "x", "code": "y", "state": "z"})):
        assert client.post(f"/v1/session/oidc{path}", json=body).status_code == 404


GOOD: dict[str, Any] = {
    "oidc_issuer": "https://id.example", "oidc_client_id": "x", "public_url": "https://room.example",
    "oidc_roles": "curator=staff",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"oidc_issuer": "http://id.example"}, "https://"),
        ({"public_url": ""}, "READING_ROOM_PUBLIC_URL"),
        ({"oidc_client_id": ""}, "READING_ROOM_OIDC_CLIENT_ID"),
        ({"oidc_roles": ""}, "READING_ROOM_OIDC_ROLES"),
        ({"oidc_roles": "owner=staff"}, "ROLE=VALUE"),
        ({"oidc_roles": "patron=staff"}, "ROLE=VALUE"),
        ({"oidc_roles": "curator"}, "ROLE=VALUE"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_start(changed: dict[str, str], said: str) -> None:
    assert Settings(_env_file=None, **GOOD).oidc_roles == ("curator=staff",)
    with pytest.raises(ValidationError, match=said):
        Settings(_env_file=None, **(GOOD | changed))
