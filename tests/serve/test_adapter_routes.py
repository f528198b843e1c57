"""Adapters over HTTP: who may, what is refused, and what comes of it in the registry."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import SecretStr

from retrieval.embedding import Embedder, load_embedder
from retrieval.library import Library
from serve.adapters.administration import Administration, make_administration
from serve.adapters.alias import Alias
from serve.adapters.registry import Registry
from serve.database import Database
from serve.error_replies import install_error_replies
from serve.routes import adapters
from serve.settings import BUNDLED_ADAPTERS, Settings
from tests.retrieval.shelf import build_shelf

KEY = "a long random text"
TERSE = next(path.name for path in BUNDLED_ADAPTERS.glob("terse--*"))
FORMAL = next(path.name for path in BUNDLED_ADAPTERS.glob("formal--*"))


@dataclass
class Offering:
    """Stands for engines, which this file has none of: notes what was to be made ready, and looked at again."""

    wanted: list[str] = field(default_factory=list)
    taken_over: list[Alias] = field(default_factory=list)

    async def make_ready(self, version: str) -> None:
        self.wanted.append(version)

    def take_over(self, alias: Alias) -> None:
        self.taken_over.append(alias)


@dataclass
class Parts:
    """The parts of a gateway that these routes use."""

    settings: Settings
    administration: Administration
    offering: Offering
    library: Library


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


@pytest.fixture
def parts(tmp_path: Path, embedder: Embedder) -> Iterator[Parts]:
    settings = Settings(data=tmp_path, staff_key=SecretStr(KEY), engine_urls=("http://127.0.0.1:9",))
    database = Database(settings.database)
    database.migrate()
    library = Library(settings.index_root, embedder)
    yield Parts(settings, make_administration(settings, Registry(database)), Offering(), library)
    database.close()


@pytest.fixture
def client(parts: Parts) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.service = parts
    install_error_replies(app)
    app.include_router(adapters.router)
    with TestClient(app, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


@pytest.fixture
def both(parts: Parts) -> None:
    """Both bundled versions, added as staff would; the base is not known here, so no reference is computed."""
    for name in (TERSE, FORMAL):
        parts.administration.add(BUNDLED_ADAPTERS / name, who="ada")


ROUTES = [
    ("GET", "/v1/adapters"), ("POST", "/v1/adapters"), ("GET", f"/v1/adapters/{TERSE}"),
    ("POST", f"/v1/adapters/{TERSE}/verify"), ("POST", f"/v1/adapters/{TERSE}/retire"),
    ("POST", f"/v1/adapters/{TERSE}/purge"), ("GET", "/v1/aliases"), ("GET", "/v1/aliases/default"),
    ("GET", "/v1/aliases/default/rollout"), ("PUT", "/v1/aliases/default"),
    ("POST", "/v1/aliases/default/rollback"), ("PUT", "/v1/collections/a/b/alias"),
    ("GET", "/v1/adapter-events"),
]  # fmt: skip


def test_the_table_above_has_every_route() -> None:
    routes = [route for route in adapters.router.routes if isinstance(route, APIRoute)]
    made = {(method, route.path) for route in routes for method in route.methods}
    assert len(made) == len(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "given", ["", KEY, f"Basic {KEY}", "Bearer", "Bearer ", f"Bearer {KEY}x", "Bearer wröng"]
)
def test_nothing_is_done_without_the_key(
    client: TestClient, parts: Parts, both: None, method: str, path: str, given: str
) -> None:
    before = parts.administration.registry.changes()
    body = {"folder": "x", "version": TERSE, "revision": 0, "alias": None}
    reply = client.request(
        method, path, headers={b"Authorization": given.encode()}, json=body if method != "GET" else None
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden")
    assert "Authorization: Bearer" in reply.json()["error"]["message"]
    assert parts.administration.registry.changes() == before
    assert parts.offering.wanted == []


def test_without_a_key_set_it_says_how_to_set_one(client: TestClient, parts: Parts) -> None:
    parts.settings = parts.settings.model_copy(update={"staff_key": SecretStr("")})
    for given in (f"Bearer {KEY}", "Bearer "):
        reply = client.get("/v1/adapters", headers={"Authorization": given})
        assert reply.status_code == 403
        assert "Set it to a long random text and restart" in reply.json()["error"]["message"]


def test_a_version_from_the_incoming_folder(client: TestClient, parts: Parts) -> None:
    shutil.copytree(BUNDLED_ADAPTERS / TERSE, parts.settings.data / "incoming" / TERSE)
    reply = client.post("/v1/adapters", json={"folder": TERSE, "why": "shorter answers"})
    assert reply.status_code == 201, reply.text
    assert "the base model is not on this machine" in reply.json()["remark"]
    made = reply.json()["adapter"]
    assert (made["name"], made["state"], made["rank"], made["created_by"]) == (TERSE, "validated", 8, "staff")
    # The bundled versions carry a reference in their manifest.
    assert (made["has_reference"], made["aliases"], made["lineage"]["alpha"]) == (True, {}, 16)
    assert client.get(f"/v1/adapters/{TERSE}").json() == made
    assert client.get("/v1/adapters").json()["data"] == [made]
    again = client.post("/v1/adapters", json={"folder": TERSE})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"folder": "../outside"}, 400),
        ({"folder": "/etc"}, 400),
        ({"folder": ".."}, 400),
        ({"folder": "a\\b"}, 400),
        ({"folder": "a\x00b"}, 400),
        ({"folder": ""}, 400),
        ({"folder": "gone"}, 404),
        ({"folder": "x" * 5000}, 400),
        ({"folder": "empty"}, 400),
        ({"folder": "a file"}, 404),
        ({"folder": "link"}, 400),
        ({"folder": "empty", "name": "text"}, 400),
        ({"folder": "empty", "surprise": 1}, 400),
        ({}, 400),
    ],
)
def test_folders_that_are_refused(
    client: TestClient, parts: Parts, body: dict[str, object], status: int
) -> None:
    incoming = parts.settings.data / "incoming"
    (incoming / "empty").mkdir(parents=True)
    (incoming / "a file").write_text("x")
    (incoming / "link").symlink_to(BUNDLED_ADAPTERS / TERSE)
    reply = client.post("/v1/adapters", json=body)
    assert reply.status_code == status, reply.text
    assert client.get("/v1/adapters").json() == {"object": "list", "change": 0, "data": []}


def test_promote_try_out_and_roll_back(client: TestClient, parts: Parts, both: None) -> None:
    body = {"version": TERSE, "revision": 0, "why": "first"}
    reply = client.put("/v1/aliases/default", json=body)
    assert (reply.status_code, reply.headers["ETag"]) == (200, '"1"')
    assert reply.json() == {
        "name": "default", "revision": 1, "stable": TERSE, "weights": {TERSE: 100},
        "previous": ["base"], "rollout": None,
    }  # fmt: skip
    trial = {"version": FORMAL, "share": 5, "automatic": True, "answers_needed": 30, "revision": 1}
    reply = client.put("/v1/aliases/default", json=trial)
    assert (reply.headers["ETag"], reply.json()["weights"]) == ('"2"', {TERSE: 95, FORMAL: 5})
    expected = {"candidate": FORMAL, "share": 5, "automatic": True, "answers_needed": 30}
    assert reply.json()["rollout"] == expected
    assert client.get("/v1/aliases/default").json() == reply.json()
    assert client.get(f"/v1/adapters/{FORMAL}").json()["aliases"] == {"default": 5}
    standing = client.get("/v1/aliases/default/rollout").json()
    assert (standing["rollout"], standing["stable"], standing["breached"]) == (expected, TERSE, [])
    assert standing["next"] == "goes to 25 % after 30 more answers at 5 %, unless a guard is breached"
    reply = client.post("/v1/aliases/default/rollback", json={"revision": 2, "why": "enough"})
    assert (reply.headers["ETag"], reply.json()["weights"]) == ('"3"', {TERSE: 100})
    assert client.get("/v1/aliases/default/rollout").status_code == 404
    reply = client.post("/v1/aliases/default/rollback")
    assert (reply.json()["stable"], reply.json()["revision"]) == ("base", 4)
    reply = client.post("/v1/aliases/default/rollback")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
    reply = client.put("/v1/aliases/plain", json={"version": "base", "revision": 0})
    assert reply.json()["weights"] == {"base": 100}
    # The base needs no engine to load anything; a rollback touches none.
    assert parts.offering.wanted == [TERSE, FORMAL]
    assert [alias["name"] for alias in client.get("/v1/aliases").json()["data"]] == ["default", "plain"]


def test_of_two_promotions_from_one_revision_the_second_is_told(client: TestClient, both: None) -> None:
    with ThreadPoolExecutor(2) as pool:
        replies = list(
            pool.map(
                lambda name: client.put("/v1/aliases/default", json={"version": name, "revision": 0}),
                (TERSE, FORMAL),
            )
        )
    statuses = [reply.status_code for reply in replies]
    assert sorted(statuses) == [200, 409]
    won, lost = replies[statuses.index(200)], replies[statuses.index(409)]
    error = lost.json()["error"]
    assert (error["code"], error["param"]) == ("conflict", "revision")
    assert f"points to {won.json()['stable']}, at revision 1; you had revision 0" in error["message"]
    assert client.get("/v1/aliases/default").json()["revision"] == 1


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"version": TERSE}, 400, "revision"),
        ({"version": TERSE, "revision": "new"}, 400, "revision"),
        ({"version": TERSE, "revision": -1}, 400, "revision"),
        ({"version": TERSE, "revision": 0, "share": 33}, 400, "share"),
        ({"version": TERSE, "revision": 0, "answers_needed": 0}, 400, "answers_needed"),
        ({"version": TERSE, "revision": 0, "shares": 5}, 400, "shares"),
        ({"version": "gone", "revision": 0}, 404, None),
        ({"version": TERSE, "revision": 7}, 409, "revision"),
    ],
)
def test_promotions_that_are_refused(
    client: TestClient, both: None, body: dict[str, object], status: int, param: str | None
) -> None:
    reply = client.put("/v1/aliases/default", json=body)
    assert (reply.status_code, reply.json()["error"]["param"]) == (status, param)
    assert client.get("/v1/aliases").json()["data"] == []


def test_a_whole_version_a_damaged_one_and_one_whose_files_are_gone(
    client: TestClient, parts: Parts, both: None
) -> None:
    def verify(name: str) -> dict[str, object]:
        found: dict[str, object] = client.post(f"/v1/adapters/{name}/verify").json()
        return found

    assert verify(TERSE) == {"name": TERSE, "whole": True, "problems": []}
    folder = parts.administration.store.find(TERSE)
    folder.chmod(0o755)
    weights = folder / "adapter_model.safetensors"
    weights.chmod(0o644)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    found = verify(TERSE)
    assert found["whole"] is False
    assert "is not the file that manifest.json describes" in str(found["problems"])
    assert f"the registry has {TERSE[-8:]}" in str(found["problems"])
    shutil.rmtree(folder)
    assert "its folder is missing" in str(verify(TERSE)["problems"])
    assert client.get(f"/v1/adapters/{TERSE}").json()["state"] == "validated"
    assert client.post("/v1/adapters/gone/verify").status_code == 404


def test_retire_then_purge(client: TestClient, parts: Parts, both: None) -> None:
    client.put("/v1/aliases/default", json={"version": TERSE, "revision": 0})
    refused = client.post(f"/v1/adapters/{TERSE}/retire", json={"why": "old"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert f"The alias default points to {TERSE}" in refused.json()["error"]["message"]
    assert client.post(f"/v1/adapters/{FORMAL}/purge").status_code == 409
    assert parts.administration.store.find(FORMAL).is_dir()
    assert client.post(f"/v1/adapters/{FORMAL}/retire", json={"why": "old"}).json()["state"] == "retired"
    assert client.post(f"/v1/adapters/{FORMAL}/purge").json()["state"] == "purged"
    assert not (parts.settings.adapters / FORMAL).exists()
    assert client.post(f"/v1/adapters/{FORMAL}/purge").json()["state"] == "purged"
    assert client.post("/v1/adapters/gone/retire").status_code == 404


def test_a_collections_own_alias(client: TestClient, parts: Parts, both: None, embedder: Embedder) -> None:
    client.put("/v1/aliases/terse", json={"version": TERSE, "revision": 0})
    reply = client.put("/v1/collections/us/mss-12/alias", json={"alias": "terse"})
    assert reply.json() == {"collection": "us/mss-12", "alias": "terse"}
    assert client.get("/v1/aliases").json()["collections"] == {"us/mss-12": "terse"}
    assert client.put("/v1/collections/us/mss-12/alias", json={"alias": "gone"}).status_code == 404
    assert client.put("/v1/collections/us/mss-12/alias", json={}).status_code == 400
    build_shelf(parts.settings.index_root, embedder)
    refused = client.put("/v1/collections/typo/alias", json={"alias": "terse"})
    assert refused.status_code == 404
    assert "no collection 'typo' in the index" in refused.json()["error"]["message"]
    assert client.put("/v1/collections/ms1/alias", json={"alias": "terse"}).status_code == 200
    # One that is not in the index any more can still be let go.
    assert client.put("/v1/collections/us/mss-12/alias", json={"alias": None}).status_code == 200
    assert client.get("/v1/aliases").json()["collections"] == {"ms1": "terse"}


def test_events_say_who(client: TestClient, both: None) -> None:
    body = {"version": TERSE, "revision": 0, "why": "Ellen's wish"}
    client.put("/v1/aliases/default", json=body, headers={"X-Reading-Room-Staff": "Ada Marsh"})
    listed = client.get("/v1/adapter-events", params={"subject": "default"}).json()
    (event,) = listed["data"]
    assert (event["who"], event["what"], event["why"]) == ("Ada Marsh", "promoted", "Ellen's wish")
    assert (event["details"]["before"], event["details"]["after"]["stable"]) == (None, TERSE)
    assert listed["next"] == event["id"]
    after = client.get("/v1/adapter-events", params={"after": event["id"]}).json()
    assert [(event["subject"], event["what"]) for event in after["data"]] == [(TERSE, "stable")]
    assert client.get("/v1/adapter-events", params={"limit": 2}).json()["next"] == 2
    for wrong in ("x" * 101, "a\tb", " "):
        reply = client.get("/v1/adapters", headers={"X-Reading-Room-Staff": wrong})
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "X-Reading-Room-Staff"), wrong
    assert client.get("/v1/adapter-events", params={"limit": 0}).status_code == 400
