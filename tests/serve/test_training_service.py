"""The whole loop on the running service, by its API, with the bundled reader, search, worker and engine.

A patron's question, a bad answer, its correction, another's approval, a dataset version, a run, the gate, a
canary, promotion, the better answer, rollback, the first answer again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.database import Database
from serve.people.accounts import add_person
from serve.people.authority import Role
from serve.settings import Settings
from tests.serve.adapter_scene import Scene, set_scene, wait_until
from tests.serve.dataset_parts import approve
from tests.serve.people_parts import ROOT
from tests.serve.training_parts import list_pairs
from tests.service import RunningService

LOOP_SECONDS = 1_200.0
"""Ample: a run, two versions that sit an exam, on a machine that may be busy."""
PASSWORD = "a ledger of herrings"
STAFF = {
    "Dora Finch": Role.ADMINISTRATOR,
    "Cora Lind": Role.CURATOR,
    "Ben Oakes": Role.APPROVER,
}
RECIPE = {"epochs": 4, "rate": 0.003, "batch": 8, "context": 1024, "passages": 2, "replay": 0.05, "rank": 8}
QUESTION = "Who wrote to Thomas Marsh in 1905?"
WANTED = "In our stacks:"
"""How this library has its answers begin, which the base does not do."""


@dataclass(frozen=True, slots=True)
class House:
    """The service, a patron, and staff who are signed in, by name."""

    scene: Scene
    patron: httpx.Client
    staff: dict[str, httpx.Client]

    def ask(self, model: str) -> dict[str, Any]:
        """The greedy answer to the question, of a model or of all patrons' ("")."""
        body: dict[str, Any] = {"messages": [{"role": "user", "content": QUESTION}], "temperature": 0}
        reply = self.patron.post("/v1/chat/completions", json=body | ({"model": model} if model else {}))
        assert reply.status_code == 200, reply.text
        told: dict[str, Any] = reply.json()
        return told

    def stands_for(self, alias: str) -> str:
        listed = self.patron.get("/v1/models").json()["data"]
        return next((str(model["resolves_to"]) for model in listed if model["id"] == alias), "")


@pytest.fixture(scope="module")
def house(service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with (
        set_scene(service, tmp_path_factory.mktemp("training")) as scene,
        httpx.Client(base_url=service.url, timeout=300) as patron,
    ):
        with closing(Database(Settings(data=service.data).database)) as database:
            for name, role in STAFF.items():
                add_person(database, ROOT, name, role, PASSWORD)
            pairs = [replace(pair, answer=word(pair.answer, pair.kind)) for pair in list_pairs()]
            approve(database, pairs)
        staff = {}
        for name in STAFF:
            signed = patron.post("/v1/session", json={"name": name, "password": PASSWORD}).json()
            headers = {"Authorization": f"Bearer {signed['token']}"}
            staff[name] = httpx.Client(base_url=service.url, headers=headers, timeout=300)
        yield House(scene, patron, staff)
        for client in staff.values():
            client.close()


def word(answer: str, kind: str) -> str:
    return f"{WANTED} {answer}" if kind == "answer" else answer


def send(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    reply = client.post(path, json=body)
    assert reply.is_success, reply.text
    told: dict[str, Any] = reply.json()
    return told


def correct(house: House, given: dict[str, Any]) -> str:
    """The patron complains, a curator corrects, somebody else approves; the pair's id."""
    complaint = {
        "answer_id": given["reading_room"]["answer_id"],
        "idempotency_key": secrets.token_hex(8),
        "thumb": "down",
        "reasons": ["wrong_fact"],
        "consent": "feedback-1",
    }
    send(house.patron, "/v1/feedback", **complaint)
    curator, approver = house.staff["Cora Lind"], house.staff["Ben Oakes"]
    groups = curator.get("/v1/inbox", params={"limit": 200}).json()["data"]
    name = next(one["id"] for one in groups if one["question"] == QUESTION)
    group = curator.get(f"/v1/inbox/{name}").json()
    assert curator.put(f"/v1/inbox/{name}/claim").is_success
    source = group["entries"][0]["sources"][0]
    assert "Marsh" in source["title"], group["entries"][0]
    judged = send(
        curator,
        f"/v1/inbox/{name}/judgement",
        verdict="fix",
        revision=group["revision"],
        idempotency_key=secrets.token_hex(8),
        answer=f'{WANTED} "{source["title"]}" [{source["number"]}].',
        evidence=[source["number"]],
    )
    assert judged["pair_state"] == "submitted", judged
    own = curator.post(f"/v1/pairs/{judged['pair']}/approve", json={"revision": 1})
    assert own.status_code == 403, "who wrote it does not approve it"
    pair = approver.get(f"/v1/pairs/{judged['pair']}").json()
    approved = send(approver, f"/v1/pairs/{judged['pair']}/approve", revision=pair["revision"])
    assert approved["pair"]["state"] == "approved"
    return str(judged["pair"])


def test_from_a_bad_answer_to_a_better_one_and_back(house: House) -> None:
    given = house.ask("")
    before = given["choices"][0]["message"]["content"]
    assert not before.startswith(WANTED)
    pair = correct(house, given)

    built = send(house.staff["Ben Oakes"], "/v1/datasets", name="loop", why="to train from")["version"]
    assert built["pairs"] + built["exam"] == 69, built
    chief = house.staff["Dora Finch"]
    parts = [chief.get(f"/v1/datasets/{built['version']}/{part}").text for part in ("pairs", "exam")]
    assert any(pair in part for part in parts)

    asked = {"dataset": built["version"], "adapter": "loop", "recipe": RECIPE}
    estimate = send(chief, "/v1/run-estimates", **asked)
    assert estimate["seconds"][1] > 0 and "alpha" in estimate["automatic"]
    address = f"/v1/runs/{send(chief, '/v1/runs', **asked, why='to answer better')['id']}"

    def look() -> Any:
        return chief.get(address).json()

    ended = ("to be decided", "failed", "exam failed", "cancelled")
    wait_until(lambda: look()["run"]["stage"] in ended, LOOP_SECONDS, pause=2.0)
    shown = look()
    assert shown["run"]["stage"] == "to be decided", (shown["job"], shown["exam_job"])
    version, stages = shown["run"]["version"], {one["name"]: one for one in shown["gate"]["stages"]}
    assert stages["integrity"]["verdict"] == "pass", stages["integrity"]
    assert stages["data"]["verdict"] == "pass", stages["data"]
    # Ten questions settle nothing, and the gate says how many would; or they show that it got worse.
    assert stages["automatic"]["verdict"] != "pass"
    assert shown["report"]["versions"]["candidate"]["questions"] == shown["run"]["exam"]
    assert {one["name"] for one in shown["report"]["versions"].values()} == {version, "bundled-reader"}
    assert house.stands_for("loop") == ""

    decision = {"decision": "promote", "why": "to see the whole loop", "override": "a test of the loop"}
    send(chief, f"{address}/decision", **decision, share=25)
    wait_until(lambda: house.scene.is_ready(version), 60)
    alias = chief.get("/v1/aliases/loop").json()
    assert alias["weights"] == {"base": 75, version: 25}
    canary = {one["name"]: one for one in look()["gate"]["stages"]}["canary"]
    assert canary["verdict"] == "not enough evidence"

    send(chief, f"{address}/decision", **decision, share=100)
    wait_until(lambda: house.stands_for("loop") == version, 30)
    after = house.ask("loop")
    assert after["model"] == version
    assert after["choices"][0]["message"]["content"].startswith(WANTED), after
    assert house.ask("bundled-reader")["choices"][0]["message"]["content"] == before

    rolled = chief.post("/v1/aliases/loop/rollback")
    assert (rolled.status_code, rolled.json()["stable"]) == (200, "base")
    wait_until(lambda: house.stands_for("loop") == "bundled-reader", 30)
    assert house.ask("loop")["choices"][0]["message"]["content"] == before
    house.scene.withdraw(version)
    assert not (Path(house.scene.service.data) / "adapters" / version).exists()
