"""Training over HTTP: what each role may see and do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serve.adapters.administration import Administration, make_administration
from serve.adapters.registry import Registry
from serve.database import Database
from serve.jobs.queue import Jobs
from serve.routes import training as training_routes
from serve.settings import Settings
from serve.training.administration import Training
from tests.serve.dataset_parts import BEN, withdraw
from tests.serve.people_parts import KEY, Gateway, open_client, sign_in
from tests.serve.training.test_deciding import examine
from tests.serve.training_parts import (
    QUICK,
    make_scene,
    make_settings,
    publish,
    submit,
)
from train.datasets.folder import open_dataset

ADMINISTRATOR, APPROVER, CURATOR = "Ada Marsh", "Ben Oakes", "Cora Lind"


@dataclass
class TrainingGateway(Gateway):
    """With the parts that the routes of training use."""

    administration: Administration | None = None


@pytest.fixture
def settings(tmp_path: Path, base: Path) -> Settings:
    return make_settings(tmp_path, base, staff_key=KEY)


@pytest.fixture
def training(database: Database, settings: Settings) -> Training:
    return make_scene(database, settings)[0]


@pytest.fixture
def client(database: Database, settings: Settings) -> Iterator[TestClient]:
    administration = make_administration(settings, Registry(database))
    with open_client(TrainingGateway(settings, database, administration=administration)) as client:
        client.app.include_router(training_routes.router)  # type: ignore[attr-defined]
        yield client


def dataset_of(training: Training) -> str:
    return training.datasets.versions()[0].version


def test_a_run_is_asked_for_and_followed(client: TestClient, training: Training) -> None:
    ben, cora = sign_in(client, APPROVER), sign_in(client, CURATOR)
    body = {
        "dataset": dataset_of(training),
        "adapter": "letters",
        "recipe": {**QUICK, "rate": "auto"},
        "why": "try",
    }
    assert client.post("/v1/runs", json=body, headers=cora).status_code == 403
    made = client.post("/v1/runs", json=body, headers=ben)
    assert made.status_code == 201, made.text
    run = made.json()
    assert (run["stage"], run["recipe"], run["created_by"], run["why"]) == ("waiting", QUICK, APPROVER, "try")
    assert (run["pairs"], run["exam"], run["version"], run["verdict"]) == (58, 10, "", "")
    again = client.post("/v1/runs", json=body, headers=ben)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    listed = client.get("/v1/runs", headers=cora).json()
    assert (listed["total"], listed["data"]) == (1, [run])
    shown = client.get(f"/v1/runs/{run['id']}", headers=cora).json()
    assert (shown["run"], shown["gate"], shown["report"], shown["decisions"]) == (run, None, None, [])
    assert (shown["job"]["state"], shown["learning"]["verdict"], shown["result"]) == (
        "queued",
        "unchecked",
        None,
    )
    Jobs(training.database).cancel(run["job"], BEN)
    assert client.get("/v1/runs", headers=cora).json()["data"][0]["stage"] == "cancelled"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"dataset": "letters--v9-00000000", "adapter": "letters"}, 404, "not_found"),
        ({"dataset": "DATASET", "adapter": "Letters"}, 400, "invalid_request"),
        ({"dataset": "DATASET", "adapter": "letters", "recipe": {"epochs": 0}}, 400, "invalid_request"),
        ({"dataset": "DATASET", "adapter": "letters", "recipe": {"epochs": [1]}}, 400, "invalid_request"),
        ({"dataset": "DATASET", "adapter": "letters", "reason": "x"}, 400, "invalid_request"),
        ({"dataset": "DATASET", "adapter": "letters", "recipe": {"rank": 64}}, 409, "conflict"),
    ],
)
def test_what_cannot_be_trained_is_said(
    client: TestClient, training: Training, body: dict[str, object], status: int, code: str
) -> None:
    body = {key: dataset_of(training) if value == "DATASET" else value for key, value in body.items()}
    reply = client.post("/v1/runs", json=body, headers=sign_in(client, APPROVER))
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code), reply.text
    assert training.list()[1] == 0


def test_a_version_is_decided_on_over_http(
    client: TestClient, training: Training, settings: Settings, base: Path
) -> None:
    ada, ben, cora = (sign_in(client, name) for name in (ADMINISTRATOR, APPROVER, CURATOR))
    run = examine(training, publish(training, settings, base, submit(training, dataset_of(training))))
    Jobs(training.database).cancel(run.exam_job, BEN)
    shown = client.get(f"/v1/runs/{run.id}", headers=cora).json()
    assert (shown["run"]["stage"], shown["problem"]) == ("to be decided", "")
    assert [stage["name"] for stage in shown["gate"]["stages"]] == [
        "integrity", "data", "automatic", "people", "canary",
    ]  # fmt: skip
    assert (shown["gate"]["may_try"], shown["gate"]["verdict"]) == (False, "not enough evidence")
    assert shown["report"]["versions"]["candidate"]["name"] == run.version
    address, body = f"/v1/runs/{run.id}/decision", {"decision": "promote", "why": "it answers better"}
    assert client.post(address, json=body, headers=cora).status_code == 403
    stopped = client.post(address, json=body, headers=ben).json()["error"]
    assert (stopped["code"], stopped["param"]) == ("conflict", "override")
    body["override"] = "we are two people here"
    assert client.post(address, json=body, headers=ben).status_code == 403
    key = client.post(address, json=body, headers={"Authorization": f"Bearer {KEY}"})
    assert key.status_code == 403 and "person's name" in key.json()["error"]["message"]
    made = client.post(address, json=body, headers=ada)
    assert made.status_code == 201, made.text
    assert (made.json()["who"], made.json()["alias"], made.json()["share"]) == (ADMINISTRATOR, "letters", 5)
    assert client.get(f"/v1/runs/{run.id}", headers=cora).json()["decisions"] == [made.json()]
    # Pairs of theirs are behind it once it is what patrons get; contributors read so.
    Registry(training.database).promote("letters", run.version, revision=None, who="Ada Marsh")
    assert client.get("/v1/my-corrections", headers=cora).json()["data"] == []
    withdraw(training.database, open_dataset(training.datasets.store.find(run.dataset)).train()[0].pair.id)
    (affected,) = client.get("/v1/affected-adapters", headers=cora).json()["data"]
    assert (affected["version"], affected["aliases"], affected["withdrawn"]) == (run.version, ["letters"], 1)


def test_a_damaged_dataset_is_told_in_the_run(
    client: TestClient, training: Training, settings: Settings, base: Path
) -> None:
    run = publish(training, settings, base, submit(training, dataset_of(training)))
    file = training.datasets.store.find(run.dataset) / "exam.jsonl"
    file.chmod(0o600)
    file.write_bytes(b"")
    shown = client.get(f"/v1/runs/{run.id}", headers=sign_in(client, CURATOR)).json()
    assert shown["gate"] is None and "exam.jsonl: expected SHA-256" in shown["problem"]
