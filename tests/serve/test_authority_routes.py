"""Every route of the app, asked by everybody, held against a table that was written out by hand.

A route that is not in the table fails, and so does one that names no action.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.routing import APIRoute

from retrieval.embedding import Embedder, load_embedder
from serve.people.access import CONVERSATION_HEADER, Requirement
from serve.people.accounts import find_by_name, make_name_key
from serve.people.authority import Action
from serve.people.keys import add_key
from serve.people.moments import now_utc
from serve.people.sessions import Lifetime, open_session
from serve.service import Service
from tests.serve.access_scene import KEY, Scene, open_scene
from tests.serve.people_parts import ROLES, ROOT, add_staff
from ui.desk.cookies import DOOR, FLOW, SESSION

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER, PATRON, CLIENT, CURATOR, APPROVER, ADMINISTRATOR, STAFF_KEY = WHO = (
    "stranger", "patron", "client", "curator", "approver", "administrator", "staff key",
)  # fmt: skip
D = frozenset({ADMINISTRATOR, STAFF_KEY})
AD = D | {APPROVER}
CAD = AD | {CURATOR}
ASKERS = CAD | {PATRON, CLIENT}
ALL = ASKERS | {STRANGER}

TABLE: dict[str, frozenset[str]] = {
    # asking
    "GET /v1/models": ASKERS,
    "POST /v1/chat/completions": ASKERS,
    "POST /v1/search": ASKERS,
    "GET /v1/collections": ASKERS,
    "GET /v1/records/{record_id:path}": ASKERS,
    "GET /records/{record_id:path}": ALL,
    "GET /try": ASKERS,
    "POST /v1/feedback": ASKERS,
    "POST /v1/conversations/{conversation}/agreement": ASKERS,
    "POST /v1/conversations/{conversation}/end": ASKERS,
    "DELETE /v1/conversations/{conversation}": ASKERS,
    # the service itself
    "GET /healthz": ALL,
    "GET /readyz": ALL,
    "GET /metrics": ALL,
    "GET /openapi.json": ALL,
    "GET /v1/service": ALL,
    # signing in
    "POST /v1/session": ALL,
    "GET /v1/session/ways": ALL,
    "POST /v1/session/oidc": ALL,
    "POST /v1/session/oidc/finish": ALL,
    "GET /v1/session": CAD,
    "DELETE /v1/session": CAD,
    "PUT /v1/session/password": CAD,
    # people, keys, what was done
    "GET /v1/people": D,
    "POST /v1/people": D,
    "PUT /v1/people/{person}/role": D,
    "PUT /v1/people/{person}/active": D,
    "PUT /v1/people/{person}/password": D,
    "GET /v1/keys": D,
    "POST /v1/keys": D,
    "POST /v1/keys/{key}/revoke": D,
    "GET /v1/audit": D,
    "GET /v1/purges": D,
    "GET /v1/erasures": D,
    "POST /v1/erasures": D,
    # adapters
    "GET /v1/adapters": CAD,
    "POST /v1/adapters": D,
    "GET /v1/adapters/{name}": CAD,
    "GET /v1/adapters/{name}/card": CAD,
    "POST /v1/adapters/{name}/verify": CAD,
    "POST /v1/adapters/{name}/retire": D,
    "POST /v1/adapters/{name}/purge": D,
    "GET /v1/aliases": CAD,
    "GET /v1/aliases/{alias}": CAD,
    "GET /v1/aliases/{alias}/rollout": CAD,
    "PUT /v1/aliases/{alias}": D,
    "POST /v1/aliases/{alias}/rollback": D,
    "PUT /v1/collections/{collection:path}/alias": D,
    "GET /v1/adapter-events": CAD,
    # blind comparisons
    "GET /v1/comparisons": CAD,
    "POST /v1/comparisons": AD,
    "GET /v1/comparisons/{comparison}": CAD,
    "POST /v1/comparisons/{comparison}/fill": AD,
    "POST /v1/comparisons/{comparison}/open": AD,
    "POST /v1/comparisons/{comparison}/close": AD,
    "GET /v1/comparisons/{comparison}/result": CAD,
    "GET /v1/comparison-ratings": CAD,
    "GET /v1/open-comparisons": ASKERS,
    "GET /v1/comparisons/{comparison}/task": ASKERS,
    "POST /v1/comparisons/{comparison}/votes": ASKERS,
    "DELETE /v1/comparisons/{comparison}/votes/{question}": ASKERS,
    # the inbox
    "GET /v1/inbox": CAD,
    "POST /v1/inbox/next": CAD,
    "GET /v1/inbox/{group}": CAD,
    "PUT /v1/inbox/{group}/claim": CAD,
    "DELETE /v1/inbox/{group}/claim": CAD,
    "POST /v1/inbox/{group}/judgement": CAD,
    "POST /v1/inbox/{group}/reopen": CAD,
    "GET /v1/retrieval-cases": CAD,
    "GET /v1/retrieval-cases/export": CAD,
    # pairs
    "GET /v1/pairs/forms": CAD,
    "POST /v1/pairs/import": CAD,
    "GET /v1/pairs/export": CAD,
    "POST /v1/pairs/drafts": CAD,
    "GET /v1/pairs": CAD,
    "POST /v1/pairs": CAD,
    "GET /v1/pairs/{pair}": CAD,
    "PATCH /v1/pairs/{pair}": CAD,
    "GET /v1/pairs/{pair}/checks": CAD,
    "GET /v1/pairs/{pair}/events": CAD,
    "POST /v1/pairs/{pair}/submit": CAD,
    "POST /v1/pairs/{pair}/approve": AD,
    "POST /v1/pairs/{pair}/return": AD,
    "POST /v1/pairs/{pair}/withdraw": CAD,
    # dataset versions
    "GET /v1/datasets": CAD,
    "POST /v1/datasets": AD,
    "GET /v1/dataset-preview": CAD,
    "GET /v1/datasets/{version}": CAD,
    "GET /v1/datasets/{version}/pairs": D,
    "GET /v1/datasets/{version}/exam": D,
    "GET /v1/datasets/{before}/diff/{after}": CAD,
    "POST /v1/datasets/{version}/verify": CAD,
    # jobs
    "GET /v1/jobs": CAD,
    "GET /v1/jobs/{job}": CAD,
    "GET /v1/jobs/{job}/events": CAD,
    "POST /v1/jobs/{job}/cancel": AD,
    "POST /v1/jobs/{job}/pause": AD,
    "POST /v1/jobs/{job}/resume": AD,
    # training runs
    "GET /v1/runs": CAD,
    "POST /v1/runs": AD,
    "POST /v1/run-estimates": AD,
    "GET /v1/runs/{run}": CAD,
    "GET /v1/runs/{run}/exam": CAD,
    "POST /v1/runs/{run}/exam": AD,
    "POST /v1/runs/{run}/decision": AD,
    "GET /v1/my-corrections": CAD,
    "GET /v1/affected-adapters": CAD,
    # the other rooms
    "GET /v1/instructions": AD,
    "GET /v1/instructions/versions": AD,
    "POST /v1/instructions/versions": AD,
    "POST /v1/instructions/trials": AD,
    "GET /v1/instructions/trials": AD,
    "GET /v1/instructions/trials/{trial_id}": AD,
    "DELETE /v1/instructions/trials/{trial_id}": AD,
    "PUT /v1/instructions/active": AD,
    "GET /v1/instructions/events": AD,
    "GET /v1/usage": CAD,
    "GET /v1/settings": D,
    "GET /v1/sources": CAD,
}
OWNED = [route for route in TABLE if "/conversations/" in route]
"""Routes to what belongs to one patron."""
MINE, THEIRS = "c-0f3c1d22-mine-and-only-mine", "c-9a7be410-somebody-elses"
BODIES = {
    "POST /v1/conversations/{conversation}/agreement": {"agreed": True},
    "POST /v1/search": {"query": "letters"},
}
"""Where an empty body would not show that the owner is looked at."""


@dataclass
class House:
    """The whole app with its pages and its staff, over a database that nothing is in."""

    scene: Scene
    keys: dict[str, str]

    @property
    def service(self) -> Service:
        service: Service = self.scene.app.state.service
        return service

    def headers(self, who: str) -> dict[str, str]:
        """What somebody sends to show who they are; staff sign in anew each time."""
        if who in (STRANGER, PATRON):
            return {}
        if who == STAFF_KEY:
            return {"Authorization": f"Bearer {KEY}"}
        if who == CLIENT:
            return {"Authorization": f"Bearer {self.keys['all']}"}
        name = next(name for name, role in ROLES.items() if role.value == who)
        with self.service.database.sessions.begin() as session:
            row = find_by_name(session, make_name_key(name))
            assert row is not None
            lifetime = Lifetime.from_settings(self.service.settings)
            token = open_session(session, row, lifetime, now_utc()).token
        return {"Authorization": f"Bearer {token}"}

    async def ask(self, who: str, route: str, **sent: Any) -> Any:
        """One request; a stranger's comes to a service whose API needs a key."""
        method, _, path = route.partition(" ")
        headers = {**self.headers(who), **sent.pop("headers", {})}
        body = sent.pop("json", BODIES.get(route, {})) if method != "GET" else None
        service = self.service
        needs_key = service.settings.model_copy(update={"api_needs_key": who == STRANGER})
        self.scene.app.state.service = replace(service, settings=needs_key)
        try:
            return await self.scene.http.request(method, fill(path, **sent), json=body, headers=headers)
        finally:
            self.scene.app.state.service = service


def fill(path: str, **named: str) -> str:
    """A path with something in each of its places; of what is named there, nothing is there."""
    for name in ("record_id:path", "collection:path"):
        path = path.replace(f"{{{name}}}", "nothing")
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", value)
    return "/".join("nothing" if part.startswith("{") else part for part in path.split("/"))


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> AsyncIterator[House]:
    async with open_scene(tmp_path_factory.mktemp("d"), embedder) as scene:
        database = scene.app.state.service.database
        add_staff(database)
        possible = [Action.ASK, Action.GIVE_FEEDBACK, Action.KEEP_CONVERSATION, Action.READ_PAGE,
                    Action.READ_STATUS, Action.SIGN_IN, Action.COMPARE_ANSWERS]  # fmt: skip
        _, everything = add_key(database, ROOT, "everything", possible)
        _, feedback = add_key(database, ROOT, "feedback", [Action.GIVE_FEEDBACK])
        yield House(scene, {"all": everything, "feedback": feedback})


def list_routes(app: FastAPI) -> dict[str, APIRoute]:
    return {
        f"{method} {route.path}": route
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def list_actions(route: APIRoute) -> list[Action]:
    """The actions that a route names, its own and its router's."""
    calls = (dependency.call for dependency in route.dependant.dependencies)
    return [call.action for call in calls if isinstance(call, Requirement)]


async def test_the_table_has_every_route_and_each_names_its_action(house: House) -> None:
    routes = list_routes(house.scene.app)
    assert sorted(routes) == sorted(TABLE)
    assert [name for name, route in routes.items() if not list_actions(route)] == []
    # There is no other kind of route: nothing answers that names no action.
    assert [route for route in house.scene.app.routes if not isinstance(route, APIRoute)] == []


@pytest.mark.parametrize("route", TABLE)
async def test_who_may_come_in(house: House, route: str) -> None:
    for who in WHO:
        named = {"headers": {CONVERSATION_HEADER: MINE}, "conversation": MINE}
        reply = await house.ask(who, route, **named)
        code = reply.json()["error"]["code"] if reply.status_code in (401, 403) else ""
        assert (code == "") is (who in TABLE[route]), (who, reply.status_code, reply.text)
        if who not in TABLE[route]:
            expected = "unauthorized" if who == STRANGER and route in ASKED else "forbidden"
            assert code == expected, (who, reply.text)


ASKED = {route for route, allowed in TABLE.items() if allowed == ASKERS}
"""What a patron may do: a stranger is told to send a key, not to be somebody else."""


@pytest.mark.parametrize("route", OWNED)
@pytest.mark.parametrize("who", [PATRON, CLIENT, CURATOR, APPROVER, ADMINISTRATOR, STAFF_KEY])
async def test_whose_it_is(house: House, route: str, who: str) -> None:
    mine = f"{MINE}-{OWNED.index(route)}-{WHO.index(who)}"  # what was deleted once is not begun again
    own = {"headers": {CONVERSATION_HEADER: mine}, "conversation": mine}
    another = {"headers": {CONVERSATION_HEADER: mine}, "conversation": THEIRS}
    found = await house.ask(who, route, **own)
    assert found.status_code == (200 if who in (PATRON, CLIENT) else 404), found.text
    missing = await house.ask(who, route, **another)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    # Without the header whoever knows the id holds the conversation: patrons have nothing else to show.
    named = await house.ask(who, route, conversation=mine)
    assert named.status_code == (200 if who in (PATRON, CLIENT) else 404)


@pytest.mark.parametrize("route", TABLE)
async def test_a_cookie_alone_shows_nobody(house: House, route: str) -> None:
    """A browser sends cookies along whatever page asked it to: another origin's too."""
    for who in (ADMINISTRATOR, STAFF_KEY):
        token = house.headers(who)["Authorization"].removeprefix("Bearer ")
        names = (SESSION, DOOR, FLOW, "session", "token", "Authorization", "access_token")
        cookies = "; ".join(f'{name}="{token}"' for name in names)
        hidden = {"X-Api-Key": token, "X-Auth-Token": token, "Proxy-Authorization": f"Bearer {token}"}
        path = f"{fill(route, conversation=MINE)}?token={token}&key={token}"
        method, _, path = path.partition(" ")
        asked = await house.scene.http.request(
            method, path, json=None if method == "GET" else {}, headers={"Cookie": cookies, **hidden}
        )
        refused = asked.status_code in (401, 403)
        assert refused is (PATRON not in TABLE[route]), asked.text
        assert "set-cookie" not in asked.headers


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [(STRANGER, 401, "unauthorized"), ("feedback", 403, "forbidden"), (PATRON, 200, ""), (CLIENT, 200, "")],
)
async def test_a_stream_is_decided_on_before_its_first_event(
    house: House, who: str, status: int, code: str
) -> None:
    body = {"messages": [{"role": "user", "content": "letters of Ellen Marsh"}], "stream": True}
    house.scene.stub.bodies.clear()
    headers = {"Authorization": f"Bearer {house.keys['feedback']}"} if who == "feedback" else {}
    reply = await house.ask(
        PATRON if who == "feedback" else who, "POST /v1/chat/completions", json=body, headers=headers
    )
    assert reply.status_code == status, reply.text
    if code:
        assert reply.json()["error"]["code"] == code
        assert house.scene.stub.bodies == []
    else:
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        assert reply.text.endswith("data: [DONE]\n\n")


async def test_what_is_over_is_not_taken_for_a_patrons(house: House) -> None:
    for token in ("rrs_unknown", "rrk_unknown", "rrs_", "rrk_"):
        reply = await house.scene.http.get("/v1/collections", headers={"Authorization": f"Bearer {token}"})
        assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer"), token
    # Clients of the OpenAI API always send a key, and need none here.
    for token in ("none", "sk-1234", "", "rrp_guessed"):
        reply = await house.scene.http.get("/v1/collections", headers={"Authorization": f"Bearer {token}"})
        assert reply.status_code == 200, token


async def test_the_gateways_own_pages_ask_where_programs_need_a_key(house: House) -> None:
    for key, status in ((house.service.page_key, 200), (house.service.page_key + "x", 401)):
        sent = {"Authorization": f"Bearer {key}"}
        reply = await house.ask(STRANGER, "GET /v1/collections", headers=sent)
        assert reply.status_code == status


@pytest.mark.parametrize("who", [PATRON, CLIENT, CURATOR, STAFF_KEY])
async def test_what_is_withheld_is_for_staff_alone(house: House, who: str) -> None:
    body = {"query": "Zebulon Quarles creamery", "top_k": 20}
    reply = await house.ask(who, "POST /v1/search", json=body)
    assert ("ms1/sealed" in reply.text) is (who in CAD)
    record = await house.scene.http.get("/v1/records/ms1/sealed", headers=house.headers(who))
    assert record.status_code == (200 if who in CAD else 404)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://here.evil.example", "http://here:81"]
)
async def test_no_other_origin_may_read_a_reply_or_send_a_token(house: House, origin: str) -> None:
    asked = {
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }  # fmt: skip
    for path in ("/v1/session", "/v1/people", "/v1/chat/completions"):
        preflight = await house.scene.http.request("OPTIONS", path, headers=asked)
        assert preflight.status_code in (400, 405)
        reply = await house.scene.http.get(path, headers={"Origin": origin, **house.headers(STAFF_KEY)})
        for answer in (preflight, reply):
            assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
