"""The inbox and pairs over HTTP: what each button takes, and what is refused in which words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from retrieval.library import Library
from serve.curation.collecting import collect
from serve.database import Database
from serve.error_replies import install_error_replies
from serve.routes import inbox, pairs, session
from serve.settings import Settings
from tests.serve.curation_parts import ANSWER, LETTER, QUESTION, SEALED, SECOND, give_feedback
from tests.serve.curation_parts import library as library
from tests.serve.people_parts import PASSWORDS, add_staff

ASKED = [QUESTION, *(f"Do you hold a letter about the {year} flood?" for year in range(1800, 1819))]


@dataclass(frozen=True)
class _Answerer:
    @staticmethod
    def count_tokens(text: str) -> int:
        return len(text.split())


@dataclass(frozen=True)
class _Gateway:
    """The parts of a gateway that these routes use."""

    settings: Settings
    database: Database
    library: Library
    answerer: _Answerer = _Answerer()
    page_key: str = "rrp_the page's key"


@dataclass
class Desk:
    """Requests by name of staff; `calls` counts them."""

    http: TestClient
    database: Database
    library: Library
    tokens: dict[str, str]
    calls: int = 0

    def send(self, who: str, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        self.calls += 1
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        reply = self.http.request(method, f"/v1{path}", json=body, headers=headers)
        return reply.status_code, reply.json()

    def ask(self, *questions: str, **changes: Any) -> None:
        """Answers given, and disliked; grouped."""
        with self.database.sessions.begin() as writing:
            for question in questions:
                give_feedback(writing, question, **changes)
        collect(self.database, self.library)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, library: Library) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    database = Database(f"sqlite:///{folder / 'room.sqlite'}")
    database.migrate()
    add_staff(database)
    app = FastAPI()
    settings = Settings(data=Path(folder), staff_key=SecretStr("k" * 20), engine_urls=("http://engine",))
    app.state.service = _Gateway(settings, database, library)
    install_error_replies(app)
    for routes in (session, inbox, pairs):
        app.include_router(routes.router)
    with ExitStack() as stack:
        http = stack.enter_context(TestClient(app))
        tokens = {
            name.split()[0]: http.post("/v1/session", json={"name": name, "password": word}).json()["token"]
            for name, word in PASSWORDS.items()
        }
        yield Desk(http, database, library, tokens)
    database.close()


@pytest.fixture
def desk(made: Desk) -> Desk:
    """The desk with nothing left open from the test before."""
    left = made.send("Ada", "GET", "/inbox?limit=200")[1]["data"]
    for group in left:
        made.send("Ada", "PUT", f"/inbox/{group['id']}/claim")
        body = {"verdict": "ignore", "revision": group["revision"], "idempotency_key": f"clear {group['id']}"}
        made.send("Ada", "POST", f"/inbox/{group['id']}/judgement", body)
    made.calls = 0
    return made


def test_clearing_the_inbox_takes_one_call_an_item_and_one_more(desk: Desk) -> None:
    desk.ask(*(question.replace("flood", "frost") for question in ASKED[1:]))
    _, reply = desk.send("Cora", "POST", "/inbox/next")
    items = 0
    while group := reply["group"]:
        assert group["claim"]["mine"]
        body = {
            "verdict": "ignore", "revision": group["revision"], "idempotency_key": f"clear {group['id']}",
            "take_next": True,
        }  # fmt: skip
        status, judged = desk.send("Cora", "POST", f"/inbox/{group['id']}/judgement", body)
        assert (status, judged["group"]["verdict"]) == (200, "ignore")
        reply, items = judged["next"], items + 1
    assert (items, desk.calls, reply["left"]) == (19, 20, 0)


def test_from_a_thumb_down_to_an_approved_pair_by_two_people(desk: Desk) -> None:
    desk.ask(QUESTION, corrected_answer="She wrote that they are safe.")
    _, reply = desk.send("Cora", "POST", "/inbox/next")
    group = reply["group"]
    assert group["entries"][0]["suggested"] == "She wrote that they are safe."
    judgement = {
        "verdict": "fix", "revision": group["revision"], "idempotency_key": "judge", "evidence": [2],
        "answer": 'She wrote that "the children are safe" [2].',
    }  # fmt: skip
    _, judged = desk.send("Cora", "POST", f"/inbox/{group['id']}/judgement", judgement)
    assert (judged["pair_state"], judged["next"]) == ("submitted", None)
    again = desk.send("Cora", "POST", f"/inbox/{group['id']}/judgement", judgement)
    assert again[1]["pair"] == judged["pair"]
    path = f"/pairs/{judged['pair']}"
    status, refused = desk.send("Cora", "POST", f"{path}/approve", {"revision": 2})
    assert (status, refused["error"]["code"]) == (403, "forbidden")
    _, shown = desk.send("Ben", "GET", path)
    assert (shown["may_approve"], shown["state"], shown["contributor"]) == ("", "submitted", "Cora Lind")
    assert [(one["number"], one["record_id"], one["public"]) for one in shown["evidence"]] == [
        (1, LETTER, True)
    ]
    status, approved = desk.send("Ben", "POST", f"{path}/approve", {"revision": 2, "take_next": True})
    assert (status, approved["pair"]["approver"], approved["next"]) == (200, "Ben Oakes", None)
    assert [event["what"] for event in approved["pair"]["events"]] == ["judged", "submitted", "approved"]
    status, late = desk.send("Ada", "POST", f"{path}/approve", {"revision": 2})
    assert (status, late["error"]["code"]) == (409, "conflict")
    assert "it is approved now, last changed by Ben Oakes at" in late["error"]["message"]


def test_somebody_elses_claim_is_said(desk: Desk) -> None:
    desk.ask("Where is the mill?")
    group = desk.send("Cora", "POST", "/inbox/next")[1]["group"]
    status, refused = desk.send("Ben", "PUT", f"/inbox/{group['id']}/claim")
    assert (status, refused["error"]["code"]) == (409, "conflict")
    assert refused["error"]["message"].startswith("Cora Lind is at this question until")
    listed = desk.send("Ben", "GET", "/inbox")[1]["data"][0]
    assert (listed["claim"]["who"], listed["claim"]["mine"]) == ("Cora Lind", False)
    assert desk.send("Cora", "DELETE", f"/inbox/{group['id']}/claim")[1]["claim"] is None
    assert desk.send("Ben", "PUT", f"/inbox/{group['id']}/claim")[1]["mine"] is True


def test_cases_come_out_as_lines_for_the_evaluation(desk: Desk) -> None:
    desk.ask("Where did Ada make up beds?")
    group = desk.send("Cora", "POST", "/inbox/next")[1]["group"]
    body = {"verdict": "wrong_source", "revision": 1, "idempotency_key": "w", "right": SECOND, "wrong": [2]}
    case = desk.send("Cora", "POST", f"/inbox/{group['id']}/judgement", body)[1]["retrieval_case"]
    assert desk.send("Cora", "GET", "/retrieval-cases")[1]["data"][-1]["wrong"] == [LETTER]
    headers = {"Authorization": f"Bearer {desk.tokens['Cora']}"}
    lines = desk.http.get("/v1/retrieval-cases/export", headers=headers).text.splitlines()
    assert json.loads(lines[-1]) == {
        "id": case, "question": "Where did Ada make up beds?", "kind": "wrong source", "record": SECOND,
        "trap": f"not {LETTER}",
    }  # fmt: skip


def test_staff_write_change_and_submit_a_pair_of_their_own(desk: Desk) -> None:
    body = {
        "idempotency_key": "own", "question": "Where were beds made up?", "answer": "In Hale Street [1].",
        "evidence": [SECOND],
    }  # fmt: skip
    status, made = desk.send("Cora", "POST", "/pairs", body)
    assert (status, made["state"], made["consent"], made["origin"]) == (201, "draft", "staff", "staff")
    assert desk.send("Cora", "POST", "/pairs", body)[1]["id"] == made["id"]
    path = f"/pairs/{made['id']}"
    change = {"revision": 1, "answer": "In Hale Street [2].", "evidence": [SEALED, 1], "submit": True}
    _, reply = desk.send("Cora", "PATCH", path, change)
    pair = reply["pair"]
    assert (pair["state"], [one["public"] for one in pair["evidence"]]) == ("submitted", [False, True])
    checks = desk.send("Ben", "GET", f"{path}/checks")[1]
    assert (checks["revision"], checks["findings"][0]["severity"]) == (3, "stop")
    status, stopped = desk.send("Ben", "POST", f"{path}/approve", {"revision": 3})
    assert (status, stopped["error"]["param"]) == (409, "waiver")
    assert desk.send("Ben", "POST", f"{path}/return", {"revision": 3, "note": "Not the diary."})[0] == 200
    status, back = desk.send("Cora", "GET", path)
    assert (back["state"], back["returned"]) == ("draft", "Not the diary.")


@pytest.mark.parametrize(
    "method,path,body,status,told",
    [
        ("GET", "/inbox/group-forged", None, 404, "no group 'group-forged'"),
        ("GET", "/inbox?limit=0", None, 400, "limit"),
        ("GET", "/inbox?state=%00", None, 400, "state"),
        ("POST", "/inbox/x/judgement", {"verdict": "delete", "revision": 1, "idempotency_key": "k"}, 400, "verdict"),
        ("POST", "/inbox/x/judgement", {"verdict": "good", "revision": 1}, 400, "idempotency_key"),
        ("POST", "/inbox/x/judgement", {"verdict": "good", "revision": 1, "idempotency_key": "k"}, 404, "no group"),
        ("GET", "/pairs/pair-forged", None, 404, "no pair 'pair-forged'"),
        ("GET", "/pairs/%00%ff", None, 404, "no pair"),
        ("GET", "/pairs?state=secret", None, 400, "state"),
        ("POST", "/pairs/pair-forged/submit", {"revision": 1}, 404, "no pair"),
        ("POST", "/pairs", {"idempotency_key": "x", "question": "\ud800"}, 400, "question"),
        ("POST", "/pairs", {"idempotency_key": "x", "question": "q" * 8_001}, 400, "question"),
        ("POST", "/pairs", {"idempotency_key": "x", "question": "q", "evidence": ["ms1/no"]}, 400, "no record"),
        ("POST", "/pairs", {"idempotency_key": "x", "question": "q", "state": "approved"}, 400, "Unknown field"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(
    desk: Desk, method: str, path: str, body: object, status: int, told: str
) -> None:
    headers = {"Authorization": f"Bearer {desk.tokens['Cora']}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    reply = desk.http.request(method, f"/v1{path}", content=content, headers=headers)
    assert (reply.status_code, told in reply.json()["error"]["message"]) == (status, True), reply.text


@pytest.mark.parametrize("path", ["/inbox", "/pairs", "/retrieval-cases", "/retrieval-cases/export"])
def test_patrons_see_nothing_of_it(desk: Desk, path: str) -> None:
    assert desk.send("", "GET", path)[0] == 403


def test_answers_have_their_text_and_nothing_runs(desk: Desk) -> None:
    desk.ask("<img src=x onerror=alert(1)> where?", answer=ANSWER, comment="![a](http://evil/x.png)")
    group = desk.send("Cora", "POST", "/inbox/next")[1]["group"]
    assert group["question"] == "<img src=x onerror=alert(1)> where?"
    assert group["entries"][0]["comment"] == "![a](http://evil/x.png)"
