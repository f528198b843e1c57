"""The whole loop on the running service: pairs, dataset version, run, exam, gate, decision, answer, rollback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.database import Database
from serve.people.accounts import add_person
from serve.people.authority import Role
from serve.settings import Settings
from serve.training.administration import make_training
from tests.serve.adapter_scene import Scene, set_scene, wait_until
from tests.serve.dataset_parts import approve
from tests.serve.people_parts import ROOT
from tests.serve.training_parts import build_dataset, list_pairs
from tests.service import RunningService

LOOP_SECONDS = 1_200.0
"""Ample: a run, two versions that sit an exam, on a machine that may be busy."""
NAME, PASSWORD = "Dora Finch", "a ledger of herrings"
RECIPE = {"epochs": 4, "rate": 0.003, "batch": 8, "context": 1024, "passages": 2, "replay": 0.05, "rank": 8}


@pytest.fixture(scope="module")
def scene(service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with set_scene(service, tmp_path_factory.mktemp("training")) as scene:
        yield scene


@pytest.fixture(scope="module")
def dataset(scene: Scene) -> str:
    """A dataset version beside the service, as approved pairs make it; and an administrator with a name."""
    settings = Settings(data=scene.service.data)
    with closing(Database(settings.database)) as database:
        add_person(database, ROOT, NAME, Role.ADMINISTRATOR, PASSWORD)
        approve(database, list_pairs())
        return build_dataset(make_training(settings, database), "loop")


def test_from_a_dataset_version_to_an_answer_and_back(scene: Scene, dataset: str) -> None:
    signed = scene.gateway.post("/v1/session", json={"name": NAME, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {signed.json()['token']}"}
    body = {"dataset": dataset, "adapter": "loop", "recipe": RECIPE, "why": "to answer better"}
    estimate = scene.gateway.post(
        "/v1/run-estimates",
        json={key: body[key] for key in ("dataset", "adapter", "recipe")},
        headers=headers,
    )
    assert estimate.status_code == 200, estimate.text
    assert estimate.json()["seconds"][1] > 0 and "alpha" in estimate.json()["automatic"]
    asked = scene.gateway.post("/v1/runs", json=body, headers=headers)
    assert asked.status_code == 201, asked.text
    address = f"/v1/runs/{asked.json()['id']}"

    def look() -> Any:
        return scene.gateway.get(address, headers=headers).json()

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
    assert stands_for(scene.gateway, "loop") == ""
    decision = {
        "decision": "promote",
        "why": "to see the whole loop",
        "override": "a test of the loop",
        "share": 100,
    }
    made = scene.gateway.post(f"{address}/decision", json=decision, headers=headers)
    assert made.status_code == 201, made.text
    wait_until(lambda: stands_for(scene.gateway, "loop") == version, 30)
    wait_until(lambda: scene.is_ready(version), 60)
    assert scene.chat("loop").json()["model"] == version
    assert look()["run"]["stage"] == "decided"
    rolled = scene.gateway.post("/v1/aliases/loop/rollback", headers=headers)
    assert (rolled.status_code, rolled.json()["stable"]) == (200, "base")
    wait_until(lambda: stands_for(scene.gateway, "loop") == "bundled-reader", 30)
    scene.withdraw(version)
    assert not (Path(scene.service.data) / "adapters" / version).exists()


def stands_for(gateway: httpx.Client, alias: str) -> str:
    listed = gateway.get("/v1/models").json()["data"]
    return next((str(model["resolves_to"]) for model in listed if model["id"] == alias), "")
