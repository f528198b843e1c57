"""Jobs over HTTP: what each role may see and do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serve.database import Database
from serve.jobs.claims import News
from serve.jobs.job import Event
from serve.jobs.queue import Jobs
from serve.people.audit import read_audit
from serve.routes import jobs as job_routes
from tests.serve.job_parts import make_claims, submit, take
from tests.serve.people_parts import make_gateway, make_template, open_client, open_copy, sign_in

ADMINISTRATOR, APPROVER, CURATOR = "Ada Marsh", "Ben Oakes", "Cora Lind"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    database = open_copy(template, tmp_path)
    yield database
    database.close()


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(make_gateway(database, tmp_path / "data")) as client:
        client.app.include_router(job_routes.router)  # type: ignore[attr-defined]
        yield client


def test_staff_follow_a_job_to_its_end(client: TestClient, database: Database, jobs: Jobs) -> None:
    headers = sign_in(client, CURATOR)
    first, second = submit(jobs, "train", steps=3), submit(jobs)
    claims = make_claims(database)
    held = take(claims)
    said = Event("info", "metrics", "step 1", {"loss": 2.0})
    claims.renew(held, News({"done": 0.5, "seconds_left": 60.0}, from_run=(said,), heard=10))
    listed = client.get("/v1/jobs", headers=headers).json()
    assert (listed["total"], [job["id"] for job in listed["data"]]) == (2, [second.id, first.id])
    assert (listed["data"][0]["state"], listed["data"][0]["ahead"], listed["data"][0]["started"]) == (
        "queued",
        1,
        "",
    )
    shown = client.get(f"/v1/jobs/{first.id}", headers=headers).json()
    assert (shown["plan"], shown["result"]) == ({"steps": 3}, None)
    job = shown["job"]
    assert (job["kind"], job["title"], job["state"], job["wanted"]) == ("train", "letters--v1", "running", "")
    assert job["progress"] == {"done": 0.5, "seconds_left": 60.0}
    assert (job["attempt"], job["attempts"], job["worker"], job["created_by"]) == (1, 3, "one", "ben")
    assert job["created"].endswith("+00:00") and job["started"] and not job["finished"]
    claims.finish(held, {"score": 0.8})
    shown = client.get(f"/v1/jobs/{first.id}", headers=headers).json()
    assert (shown["job"]["state"], shown["result"]) == ("succeeded", {"score": 0.8})
    events = client.get(f"/v1/jobs/{first.id}/events", headers=headers).json()
    assert [event["type"] for event in events["data"]] == ["submitted", "claimed", "metrics", "succeeded"]
    assert events["data"][2]["data"] == {"loss": 2.0}
    path = f"/v1/jobs/{first.id}/events?after={events['next']}"
    assert client.get(path, headers=headers).json() == {"object": "list", "data": [], "next": events["next"]}
    for query, found in (
        ("kind=train", [first.id]),
        ("state=queued", [second.id]),
        ("limit=1&offset=1", [first.id]),
    ):
        assert [job["id"] for job in client.get(f"/v1/jobs?{query}", headers=headers).json()["data"]] == found


def test_who_manages_training_pauses_resumes_and_cancels(
    client: TestClient, database: Database, jobs: Jobs
) -> None:
    job = submit(jobs)
    curator, approver = sign_in(client, CURATOR), sign_in(client, APPROVER)
    for action in ("pause", "resume", "cancel"):
        assert client.post(f"/v1/jobs/{job.id}/{action}", json={}, headers=curator).status_code == 403
    assert jobs.find(job.id).revision == 1
    for action, state in (
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("cancel", "cancelled"),
    ):
        reply = client.post(f"/v1/jobs/{job.id}/{action}", json={"why": "as agreed"}, headers=approver)
        assert (reply.status_code, reply.json()["state"]) == (200, state), reply.text
    reply = client.post(f"/v1/jobs/{job.id}/resume", json={}, headers=approver)
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
    assert reply.json()["error"]["message"] == "This job is cancelled, and cannot go on."
    told = [(entry.what, entry.who, entry.why) for entry in read_audit(database, subject=f"job {job.id}")]
    assert told[:3] == [
        ("cancelled", APPROVER, "as agreed"),
        ("resumed", APPROVER, "as agreed"),
        ("paused", APPROVER, "as agreed"),
    ]


@pytest.mark.parametrize("name", ["train-none", "%00", "x" * 400, "..%2f", "%e2%80%ae"])
def test_what_is_not_there_is_said_to_be_so(client: TestClient, name: str) -> None:
    headers = sign_in(client, ADMINISTRATOR)
    for method, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/pause"),
        ("POST", "/resume"),
    ):
        body: dict[str, str] | None = {} if method == "POST" else None
        reply = client.request(method, f"/v1/jobs/{name}{path}", json=body, headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found"), (path, reply.text)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/jobs?state=lost", None),
        ("GET", "/v1/jobs?limit=0", None),
        ("GET", "/v1/jobs/x/events?after=99999999999", None),
        ("POST", "/v1/jobs/x/pause", {"because": "a typo"}),
        ("POST", "/v1/jobs/x/pause", {"why": "x" * 3_000}),
    ],
)
def test_what_cannot_be_meant_is_refused(client: TestClient, method: str, path: str, body: object) -> None:
    reply = client.request(method, path, json=body, headers=sign_in(client, ADMINISTRATOR))
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
