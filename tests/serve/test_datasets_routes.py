"""Dataset versions over HTTP: what each role may do and see, and nobody the exam who may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serve.database import Database
from serve.datasets.administration import make_datasets
from serve.routes import datasets as dataset_routes
from tests.serve.dataset_parts import approve, withdraw
from tests.serve.people_parts import make_gateway, make_template, open_client, open_copy, sign_in
from tests.train.datasets.made_pairs import make_pairs, make_refusal
from train.datasets.names import PAIRS

ADMINISTRATOR, APPROVER, CURATOR = "Ada Marsh", "Ben Oakes", "Cora Lind"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    file = make_template(folder)
    database = Database(f"sqlite:///{file}")
    approve(database, [*make_pairs(60), make_refusal(70)])
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.close()
    return file


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    database = open_copy(template, tmp_path)
    yield database
    database.close()


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(make_gateway(database, tmp_path / "data")) as client:
        client.app.include_router(dataset_routes.router)  # type: ignore[attr-defined]
        yield client


def build(client: TestClient, headers: dict[str, str], name: str = "letters") -> str:
    reply = client.post("/v1/datasets", json={"name": name, "why": "for a try"}, headers=headers)
    assert reply.status_code == 201, reply.text
    version: str = reply.json()["version"]["version"]
    return version


def test_an_approver_builds_a_version_that_all_staff_can_look_at(client: TestClient) -> None:
    ben, cora = sign_in(client, APPROVER), sign_in(client, CURATOR)
    preview = client.get("/v1/dataset-preview", params={"name": "letters"}, headers=cora).json()
    assert (preview["number"], preview["pairs"], preview["exam"], preview["refusal"]) == (1, 51, 10, "")
    version = build(client, ben)
    listed = client.get("/v1/datasets", headers=cora).json()
    (info,) = listed["data"]
    assert (listed["total"], listed["names"]) == (1, ["letters"])
    assert (info["version"], info["pairs"], info["exam"], info["who"]) == (version, 51, 10, APPROVER)
    assert (info["why"], info["created"][-6:]) == ("for a try", "+00:00")
    detail = client.get(f"/v1/datasets/{version}", headers=cora).json()
    assert detail["version"] == info
    assert detail["datasheet"].startswith("# Datasheet of the dataset letters\n")
    tables = {table["key"]: table for section in detail["sections"] for table in section["tables"]}
    assert tables["kind"]["rows"] == [
        {"value": "answers", "pairs": 60, "percent": 98},
        {"value": "refusals", "pairs": 1, "percent": 2},
    ]
    verified = client.post(f"/v1/datasets/{version}/verify", headers=cora).json()
    assert verified == {"version": version, "whole": True, "problems": []}


def test_the_exam_is_for_administrators_alone(client: TestClient, database: Database) -> None:
    ada, ben, cora = (sign_in(client, name) for name in (ADMINISTRATOR, APPROVER, CURATOR))
    first = build(client, ben)
    withdraw(database, *(f"p{number:04}" for number in range(12)))
    second = build(client, ben)
    exam = client.get(f"/v1/datasets/{second}/exam", headers=ada).json()
    learned = client.get(f"/v1/datasets/{second}/pairs", params={"limit": 5, "offset": 2}, headers=ada).json()
    assert (len(exam["data"]), len(learned["data"])) == (exam["total"], 5)
    assert exam["total"] + learned["total"] == 49
    assert exam["data"][0]["question"].startswith("Who wrote of the ")
    for headers in (ben, cora, {}, {"Authorization": "Bearer rrs_wrong"}):
        for part in ("exam", "pairs"):
            reply = client.get(f"/v1/datasets/{second}/{part}", headers=headers)
            assert reply.status_code in (401, 403)
            assert "Who wrote" not in reply.text
    names = [one["id"] for one in exam["data"]]
    gone = client.get(f"/v1/datasets/{first}", headers=ada).json()["withdrawn_pairs"]
    assert gone == [f"p{number:04}" for number in range(12)]
    for address in (
        "/v1/datasets",
        f"/v1/datasets/{first}",
        f"/v1/datasets/{second}",
        f"/v1/datasets/{first}/diff/{second}",
        "/v1/dataset-preview?name=letters",
    ):
        for headers in (ben, cora):
            reply = client.get(address, headers=headers)
            assert reply.status_code == 200
            assert [one for one in names if one in reply.text] == []
            assert "Who wrote" not in reply.text


def test_a_difference_is_told_in_numbers_and_named_to_who_may_read_the_exam(
    client: TestClient, database: Database
) -> None:
    ada, cora = sign_in(client, ADMINISTRATOR), sign_in(client, CURATOR)
    first = build(client, ada)
    withdraw(database, "p0001", "p0002")
    second = build(client, ada)
    seen = client.get(f"/v1/datasets/{first}/diff/{second}", headers=ada).json()
    assert (seen["removed"], seen["added"], seen["changed"]) == (["p0001", "p0002"], [], [])
    assert seen["pairs_removed"] + seen["exam_removed"] == 2
    assert (seen["exam_moved"], seen["exam_added"]) == (0, 0)
    hidden = client.get(f"/v1/datasets/{first}/diff/{second}", headers=cora).json()
    assert hidden == {**seen, "removed": []}
    told = {one["version"]: one["remark"] for one in client.get("/v1/datasets", headers=cora).json()["data"]}
    assert told[first].startswith("holds 2 withdrawn pairs")
    assert told[second] == ""


def test_only_approvers_build(client: TestClient) -> None:
    for headers in (sign_in(client, CURATOR), {}):
        reply = client.post("/v1/datasets", json={"name": "letters"}, headers=headers)
        assert reply.status_code in (401, 403)
    assert client.get("/v1/datasets").status_code in (401, 403)
    assert client.get("/v1/datasets", headers=sign_in(client, CURATOR)).json()["data"] == []


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/v1/datasets/letters--v1-00000000", 404, "not_found"),
        ("/v1/datasets/..%2F..%2Fetc", 404, "not_found"),
        ("/v1/datasets/letters--v1-00000000/exam", 404, "not_found"),
        ("/v1/datasets/x/diff/y", 404, "not_found"),
        ("/v1/dataset-preview?name=..", 400, "invalid_request"),
        ("/v1/datasets?limit=0", 400, "invalid_request"),
    ],
)
def test_what_is_not_there_is_said_so(client: TestClient, address: str, status: int, code: str) -> None:
    reply = client.get(address, headers=sign_in(client, ADMINISTRATOR))
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_a_tampered_version_is_refused_over_http(client: TestClient, tmp_path: Path) -> None:
    ada = sign_in(client, ADMINISTRATOR)
    version = build(client, ada)
    file = tmp_path / "data" / "datasets" / version / PAIRS
    file.chmod(0o600)
    file.write_bytes(b"")
    for part in ("", "/pairs", "/exam"):
        reply = client.get(f"/v1/datasets/{version}{part}", headers=ada)
        assert (reply.status_code, reply.json()["error"]["code"]) == (409, "dataset_damaged")
        assert "pairs.jsonl: expected SHA-256" in reply.json()["error"]["message"]
    verified = client.post(f"/v1/datasets/{version}/verify", headers=ada).json()
    assert (verified["whole"], len(verified["problems"])) == (False, 1)


def test_a_gateway_finds_what_a_build_of_another_has_made(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    gateway = make_gateway(database, tmp_path / "data")
    version = build(client, sign_in(client, APPROVER))
    assert make_datasets(gateway.settings, database).open(version).manifest.number == 1
