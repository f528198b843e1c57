"""Pairs into the service as files and out of it, and drafts by an engine, over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr
from sqlalchemy import text

from retrieval.embedding import Embedder, load_embedder
from retrieval.library import Library
from retrieval.store.builder import build_index
from serve.app import create_app
from serve.curation.importing import Rights, export_pairs, import_pairs
from serve.curation.pairs import StoredPair, read_pairs
from serve.database import Database
from serve.engine.client import EngineClient
from serve.people.audit import read_audit
from serve.people.authority import Actor, Role
from serve.routes import pairs_exchange
from serve.settings import Settings
from tests.retrieval.shelf import shelf_records
from tests.retrieval.test_update import quiet, readings
from tests.serve.access_scene import SECRET, WITHHELD
from tests.serve.drafting_stub import DraftingStub
from train.pairs.exchange.forms import FORMS
from train.pairs.exchange.forms import read_pairs as read_file
from train.pairs.exchange.reading import MOST_BYTES
from train.pairs.pair import Earlier, Evidence, Pair

KEY = "a long random text"
STAFF = {"Authorization": f"Bearer {KEY}", "X-Reading-Room-Staff": "Ada"}
LETTER = "Ellen Marsh ALS to Thomas Marsh, 1905 March 14 (Box 2, Folder 3)"


def test_both_databases_take_a_file_in_once(database: Database) -> None:
    raw = "question,answer\nWho?,\u202eShe\u0001.\nWhat?,It.\nWhat?,It.\n".encode()
    ada, ben = Actor(Role.CURATOR, "1", "Ada"), Actor(Role.CURATOR, "2", "Ben")
    tried = import_pairs(database, ada, raw, Rights(), None, tried=True)
    first = import_pairs(database, ada, raw, Rights(), None)
    again = import_pairs(database, ben, raw, Rights("CC0-1.0", True), None)
    assert (len(tried.new), len(first.new), first.known, again.new, again.known) == (2, 2, 1, (), 3)
    with database.readings() as session:
        stored = read_pairs(session)
    assert [(each.pair.question, each.pair.answer) for each in stored] == [("Who?", "She."), ("What?", "It.")]
    assert {(each.pair.contributor, each.pair.consent, each.revision) for each in stored} == {
        ("Ada", "file", 2)
    }
    _, export, count = export_pairs(database, ada, "csv")
    assert count == 2
    assert [pair.answer for pair in read_file(export.data)[1].pairs] == ["She.", "It."]


@dataclass
class Room:
    """A gateway with its database, and the engine's stub."""

    app: FastAPI
    http: httpx.AsyncClient
    stub: DraftingStub

    @property
    def database(self) -> Database:
        database: Database = self.app.state.service.database
        return database

    async def send(self, raw: bytes | str, **query: object) -> httpx.Response:
        """A file as staff send it."""
        content = raw.encode() if isinstance(raw, str) else raw
        params = {name: str(value) for name, value in query.items()}
        return await self.http.post("/v1/pairs/import", params=params, content=content, headers=STAFF)

    async def take(self, raw: bytes | str, **query: object) -> dict[str, Any]:
        """What is replied of a file that is good enough."""
        reply = await self.send(raw, **query)
        assert reply.status_code == 200, reply.text
        answered: dict[str, Any] = reply.json()
        return answered

    async def draft(self, collection: str, count: int) -> httpx.Response:
        body = {"collection": collection, "count": count}
        return await self.http.post("/v1/pairs/drafts", json=body, headers=STAFF)

    def stored(self) -> dict[str, StoredPair]:
        """Every pair by its question."""
        return {each.pair.question: each for each in self.pairs()}

    def pairs(self) -> list[StoredPair]:
        """Every pair: two drafts may ask the same of two records."""
        with self.database.readings() as session:
            return read_pairs(session)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


@pytest.fixture(scope="module")
def index_root(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    root = tmp_path_factory.mktemp("exchange") / "index"
    build_index(root, readings([*shelf_records(), *WITHHELD]), embedder, quiet)
    return root


@pytest_asyncio.fixture
async def room(tmp_path: Path, index_root: Path, embedder: Embedder) -> AsyncIterator[Room]:
    async with open_room(tmp_path, index_root, embedder) as room:
        yield room


@asynccontextmanager
async def open_room(data: Path, index_root: Path, embedder: Embedder) -> AsyncIterator[Room]:
    settings = Settings(data=data, staff_key=SecretStr(KEY), engine_urls=("http://engine",))
    stub = DraftingStub()
    runner = web.AppRunner(stub.app())
    await runner.setup()
    await web.UnixSite(runner, str(data / "engine")).start()
    library = Library(index_root, embedder)
    library.refresh()
    engine = EngineClient("http://engine", socket=data / "engine", stall_seconds=5)
    app = create_app(settings, library=library, engines=[engine], base="base")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://here") as http,
        ):
            yield Room(app, http, stub)
    finally:
        await runner.cleanup()


TABLE = f"""question,answer,evidence,kind
What did Ellen write in 1905?,"About the flood [1], in ""{LETTER}"".",ms1/3,
Whose papers are these?,The Marsh family's [1].,MS 1,
Who paraded?,The band [1] [2].,PH.00002; ph2/1,
Do you have airships?,The passages I was given do not answer that.,,
"""


async def test_a_table_comes_in_as_drafts_with_evidence_from_the_index(room: Room) -> None:
    reply = await room.take(TABLE, name="ours.csv", licence="CC0-1.0", consent=1)
    assert (reply["form"], reply["rows"], reply["imported"], reply["known"], reply["refused"]) == (
        "csv",
        4,
        4,
        0,
        0,
    )
    assert (reply["tried"], reply["problems"], reply["more_problems"]) == (False, [], 0)
    stored = room.stored()
    assert [stored[question].pair.id for question in stored] and set(reply["pair_ids"]) == {
        each.pair.id for each in stored.values()
    }
    letter = stored["What did Ellen write in 1905?"]
    assert (letter.state, letter.revision) == ("draft", 1)
    assert (letter.pair.origin, letter.pair.contributor, letter.pair.approver) == ("import", "Ada", "")
    assert (letter.pair.consent, letter.pair.licence, letter.pair.kind) == ("file", "CC0-1.0", "answer")
    assert letter.pair.evidence == (
        Evidence(
            record_id="ms1/3", collection_id="ms1", heading=LETTER, text="The flood at the mill.",
            breadcrumb=("Marsh family papers", "Correspondence"), source=letter.pair.evidence[0].source,
        ),
    )  # fmt: skip
    assert [item.record_id for item in stored["Whose papers are these?"].pair.evidence] == ["ms1"]
    assert [item.record_id for item in stored["Who paraded?"].pair.evidence] == ["ph2", "ph2/1"]
    assert stored["Do you have airships?"].pair.kind == "refusal"
    (line, *_) = read_audit(room.database)
    assert (line.who, line.what, line.details) == (
        "Ada",
        "imported",
        {"form": "csv", "pairs": 4, "refused": 0, "rights": 0},
    )


async def test_the_same_file_twice_brings_nothing_new_and_a_try_keeps_nothing(room: Room) -> None:
    tried = await room.take(TABLE, **{"try": 1})
    assert (tried["tried"], tried["imported"], room.stored()) == (True, 4, {})
    first = await room.take(TABLE)
    assert (first["imported"], first["pair_ids"]) == (4, tried["pair_ids"])
    again = await room.take(TABLE)
    assert (again["imported"], again["known"], again["pair_ids"]) == (0, 4, [])
    as_json = json.dumps(
        [{"Frage": "Whose papers are these?", "Antwort": "The Marsh family's [1].", "Signatur": "ms 1"}]
    )
    other = await room.take(as_json)  # another form, other words for the columns, the same pair
    assert (other["imported"], other["known"]) == (0, 1)
    assert len(room.stored()) == 4
    assert [line.what for line in read_audit(room.database)].count("imported") == 1


async def test_rights_that_were_left_out_can_be_stated_with_the_same_file(room: Room) -> None:
    await room.take(TABLE)
    changed = room.stored()["Who paraded?"].pair.id
    edit = {"revision": 1, "answer": "Nobody [1]."}
    reply = await room.http.patch(f"/v1/pairs/{changed}", json=edit, headers=STAFF)
    assert reply.status_code == 200, reply.text
    tried = await room.take(TABLE, licence="CC0-1.0", consent=1, **{"try": 1})
    assert {each.pair.consent for each in room.pairs()} == {"none"}
    taken = await room.take(TABLE, licence="CC0-1.0", consent=1)
    assert (taken["imported"], taken["known"]) == (tried["imported"], tried["known"]) == (0, 4)
    said = "Licence and consent of 3 pairs that were here without them are now those stated."
    assert [each["sentence"] for each in taken["problems"] if not each["place"]] == [said]
    rights = {
        question: (each.pair.consent, each.pair.licence, each.revision)
        for question, each in room.stored().items()
    }
    assert rights.pop("Who paraded?") == ("none", "", 2)
    assert set(rights.values()) == {("file", "CC0-1.0", 2)}
    again = await room.take(TABLE, licence="CC-BY-4.0", consent=1)
    assert [each for each in again["problems"] if not each["place"]] == []
    assert {each.pair.licence for each in room.pairs()} == {"", "CC0-1.0"}


async def test_two_at_once_bring_each_pair_in_once(room: Room) -> None:
    replies = await asyncio.gather(*(room.take(TABLE) for _ in range(4)))
    assert sorted(reply["imported"] for reply in replies) == [0, 0, 0, 4]
    assert len(room.stored()) == 4


async def test_rows_that_do_not_fit_are_told_and_the_others_kept(room: Room) -> None:
    raw = "question,answer,call number\nA?,x [1],MS 999\nB?,y [1],\nC?,,MS 1\nB?,y [1],\nD?,z,dn9\n"
    reply = await room.take(raw, name="x.csv")
    assert (reply["rows"], reply["imported"], reply["known"], reply["refused"]) == (5, 2, 1, 2)
    told = {(each["place"], each["column"]): each for each in reply["problems"]}
    missing = told["Row 2", "evidence"]
    assert missing["sentence"] == (
        "Row 2, evidence: there is no record or call number “MS 999” in the index in use. "
        "Take the id from a search, or leave the cell empty."
    )
    assert (missing["row"], missing["refused"]) == (2, True)
    assert (
        told["Row 4", "column “answer”"]["sentence"] == "Row 4, column “answer”: is empty. Write the answer."
    )
    assert (told["Row 5", ""]["problem"], told["Row 5", ""]["refused"]) == ("says the same as row 3", False)
    withheld = room.stored()["D?"].pair.evidence[0]
    assert (withheld.record_id, withheld.public, withheld.text) == ("dn9", False, SECRET)


async def test_what_is_withheld_here_is_not_public_whatever_a_file_says(room: Room) -> None:
    claimed = Evidence(record_id="dn9", collection_id="dn9", heading="Pemberton donor files", text=SECRET)
    others = Evidence(record_id="x/1", collection_id="x", heading="Of another library", text="A letter.")
    shown = replace(others, record_id="ms1/3")
    hidden = replace(shown, public=False)
    pair = Pair(id="", question="Who?", answer="He [1].", evidence=(claimed, others, shown, hidden, claimed))
    await room.take(FORMS["jsonl"].write([pair]).data)
    evidence = room.stored()["Who?"].pair.evidence
    assert [item.public for item in evidence] == [False, True, True, False, False]
    assert evidence[1] == others


async def test_a_passage_of_our_prompt_is_known_by_its_heading(room: Room) -> None:
    passages = (
        f"Passages:\n\n[1] {LETTER}\nThe flood.\n\n[2] Of another library\nNothing.\n\nQuestion: What flood?"
    )
    turns = [{"role": "user", "content": passages}, {"role": "assistant", "content": '"The flood" [1]'}]
    assert (await room.take(json.dumps({"messages": turns})))["form"] == "openai"
    ours, other = room.stored()["What flood?"].pair.evidence
    assert (ours.record_id, ours.collection_id, ours.heading, ours.text) == (
        "ms1/3",
        "ms1",
        LETTER,
        "The flood.",
    )
    assert (other.record_id, other.heading, other.text) == ("", "Of another library", "Nothing.")


async def test_nobody_is_believed_to_have_approved_what_a_file_brings(room: Room) -> None:
    claims = {
        "id": "pair-00112233445566aa", "question": "Q?", "answer": "A.", "approver": "Ben", "waiver": "trust me",
        "contributor": "Somebody", "consent": "patron", "licence": "CC-BY-4.0", "origin": "feedback",
    }  # fmt: skip
    synthetic = {**claims, "id": "7", "question": "R?", "origin": "draft"}
    reply = await room.take(json.dumps([claims, synthetic]))
    assert reply["imported"] == 2
    pair, drafted = room.stored()["Q?"].pair, room.stored()["R?"].pair
    assert (pair.id, pair.origin, pair.contributor) == ("pair-00112233445566aa", "import", "Ada")
    assert (pair.approver, pair.waiver, pair.consent, pair.licence) == ("", "", "none", "CC-BY-4.0")
    assert (drafted.origin, drafted.id[:6]) == ("draft", "draft-")
    assert {each.state for each in room.stored().values()} == {"draft"}


async def test_what_the_importer_has_to_state(room: Room) -> None:
    reply = await room.send(TABLE, consent=1)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "licence")
    assert reply.json()["error"]["message"].startswith("Consent was stated without a licence.")
    reply = await room.send(TABLE, form="word")
    assert reply.json()["error"]["message"] == (
        "There is no form “word”. Choose one of csv, xlsx, json, jsonl, alpaca, sharegpt, openai, faq."
    )
    reply = await room.send(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100, name="old.xlsx")
    assert (reply.status_code, reply.json()["error"]["message"]) == (
        400,
        "The file is an Excel 97 workbook (.xls), whatever its name. Save it as .xlsx.",
    )
    assert room.stored() == {}


async def test_a_file_that_is_too_large_is_refused_and_one_below_is_read(room: Room) -> None:
    reply = await room.send(b"x" * (MOST_BYTES + 1))
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "request_too_large")
    assert reply.json()["error"]["message"].endswith("Split the file.")
    long = "question,answer\n" + "".join(f"Why {number}?,{'so ' * 100}\n" for number in range(5_000))
    assert len(long) > room.app.state.service.settings.request_bytes
    taken = await room.take(long, **{"try": 1})
    assert (taken["rows"], taken["imported"]) == (5_000, 5_000)


async def test_a_fault_in_the_middle_leaves_nothing(room: Room) -> None:
    with room.database.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON pair WHEN NEW.question = 'Who paraded?' "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        )
    reply = await room.send(TABLE)
    assert reply.status_code >= 500
    assert room.stored() == {}
    with room.database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER full"))
    assert (await room.take(TABLE))["imported"] == 4


@pytest.mark.parametrize("form", [name for name in FORMS if name != "faq"])
async def test_what_goes_out_comes_in_as_known_and_elsewhere_as_it_was(
    room: Room, form: str, tmp_path: Path, index_root: Path, embedder: Embedder
) -> None:
    await room.take(TABLE, licence="CC0-1.0", consent=1)
    history = (Earlier(role="user", content="Hello"), Earlier(role="assistant", content="=1+1"))
    spoken = Pair(id="pair-00112233445566aa", question="=And then?", answer="@So [1].", history=history)
    await room.take(FORMS["json"].write([spoken]).data, licence="CC0-1.0", consent=1)
    reply = await room.http.get("/v1/pairs/export", params={"form": form}, headers=STAFF)
    assert reply.status_code == 200
    assert reply.headers["content-disposition"] == f'attachment; filename="pairs{FORMS[form].suffix}"'
    assert (reply.headers["x-content-type-options"], reply.headers["cache-control"]) == (
        "nosniff",
        "no-store",
    )
    pairs = [each.pair for each in room.stored().values()]
    assert sorted(read_file(reply.content)[1].pairs, key=str) == sorted(pairs, key=str)
    again = await room.take(reply.content)
    assert (again["imported"], again["known"], again["problems"]) == (0, 5, [])
    (tmp_path / "other").mkdir()
    async with open_room(tmp_path / "other", index_root, embedder) as other:
        taken = await other.take(reply.content, licence="CC0-1.0", consent=1)
        assert taken["imported"] == 5
        assert sorted((each.pair for each in other.stored().values()), key=str) == sorted(pairs, key=str)


async def test_a_pair_that_is_here_is_not_changed_by_a_file(room: Room) -> None:
    ours = Pair(id="pair-00112233445566aa", question="Who?", answer="She.")
    await room.take(FORMS["json"].write([ours]).data)
    reply = await room.take(FORMS["csv"].write([replace(ours, answer="He.")]).data)
    assert (reply["imported"], reply["known"]) == (0, 1)
    assert reply["problems"][0]["sentence"] == (
        "Row 2: pair-00112233445566aa is here already with other words, and stays as it is. Change it at the "
        "desk, or take its id out of the file to bring it in as another pair."
    )
    assert room.stored()["Who?"].pair.answer == "She."


async def test_an_export_says_what_it_leaves_out_and_takes_states_and_ids(room: Room) -> None:
    await room.take(TABLE)
    query: dict[str, Any] = {"form": "faq", "try": "1"}
    report = (await room.http.get("/v1/pairs/export", params=query, headers=STAFF)).json()
    assert (report["form"], report["name"], report["pairs"]) == ("faq", "pairs.txt", 4)
    assert "FAQ text cannot carry evidence: left out of 3 pairs." in report["notes"]
    reply = await room.http.get("/v1/pairs/export", params={"form": "faq"}, headers=STAFF)
    assert json.loads(reply.headers["x-reading-room-notes"]) == report["notes"]
    assert "Q: Who paraded?\nA: The band [1] [2].\n" in reply.text
    exported = [line for line in read_audit(room.database) if line.what == "exported"]
    assert [(line.who, line.details) for line in exported] == [("Ada", {"form": "faq", "pairs": 4})]
    for query, count in (({"state": "approved"}, 0), ({"state": ["draft", "submitted"]}, 4)):
        report = await room.http.get("/v1/pairs/export", params={**query, "try": 1}, headers=STAFF)
        assert report.json()["pairs"] == count
    one = room.stored()["Who paraded?"].pair.id
    reply = await room.http.get("/v1/pairs/export", params={"id": one, "form": "jsonl"}, headers=STAFF)
    assert json.loads(reply.text)["id"] == one
    forms = (await room.http.get("/v1/pairs/forms", headers=STAFF)).json()["data"]
    assert [form["name"] for form in forms] == list(FORMS)
    assert [form["name"] for form in forms if form["leaves_out"]] == ["faq"]


async def test_these_routes_are_for_staff(room: Room) -> None:
    routes = [route for route in pairs_exchange.router.routes if isinstance(route, APIRoute)]
    assert len(routes) == 4
    for route in routes:
        (method,) = route.methods
        body = {"collection": "ms1"} if "drafts" in route.path else None
        reply = await room.http.request(method, route.path, json=body)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden")


def headings(pairs: Sequence[StoredPair]) -> set[str]:
    return {each.pair.evidence[0].record_id for each in pairs}


async def test_a_model_that_can_write_questions_drafts_them(room: Room) -> None:
    reply = await room.draft("ms1", 5)
    assert reply.status_code == 201, reply.text
    told = reply.json()
    assert (len(told["pair_ids"]), told["asked"], told["model"], told["notes"]) == (5, 5, "base", [])
    stored = room.pairs()
    assert {each.pair.id for each in stored} == set(told["pair_ids"])
    assert len(headings(stored)) == 5  # each from another entry
    for each in stored:
        pair, evidence = each.pair, each.pair.evidence[0]
        assert (each.state, pair.origin, pair.is_synthetic, pair.contributor) == (
            "draft",
            "draft",
            True,
            "Ada",
        )
        assert pair.question == f"What is known of {evidence.heading[:20]}?"
        assert pair.answer == f'It is "{evidence.heading}" [1].'
        assert evidence.public
    assert len(room.stub.bodies) == 5
    assert [message["role"] for message in room.stub.asked[0]] == ["system", "user"]
    assert room.stub.asked[0][1]["content"].startswith("Passage:\n\n[1] ")


async def test_a_small_model_answers_questions_made_from_the_fields(room: Room) -> None:
    room.stub.skill = "small"
    told = (await room.draft("ms1", 4)).json()
    assert len(told["pair_ids"]) == 4
    assert told["notes"] == [
        "The model writes no questions of its own; they were made from the entries' fields."
    ]
    for each in room.pairs():
        evidence = each.pair.evidence[0]
        assert each.pair.answer == f'Yes: "{evidence.heading}" [1].'
        assert each.pair.question.endswith("?")
        words = re.findall(r"\w{4,}", evidence.heading.lower())
        assert any(word in each.pair.question.lower() for word in words)
    asked = [messages for messages in room.stub.asked if messages[1]["content"].startswith("Passage:")]
    assert len(asked) == 2  # then it is not asked for questions any more
    assert "Passages:\n\n[1] " in room.stub.asked[-1][1]["content"]


async def test_entries_drafted_from_before_are_passed_over_until_none_is_left(room: Room) -> None:
    seen: set[str] = set()
    for _ in range(8):
        told = (await room.draft("ms1", 5)).json()
        seen |= set(told["pair_ids"])
        if not told["pair_ids"]:
            break
    stored = room.pairs()
    assert len(seen) == len(stored) == len(headings(stored))
    public = {record.id for record in shelf_records() if record.collection_id == "ms1"}
    assert headings(stored) == public
    assert told["notes"] == ["The collection has 0 entries that no draft was made from yet."]
    assert not any(SECRET in json.dumps(messages) for messages in room.stub.asked)


@pytest.mark.parametrize(
    ("skill", "note"),
    [
        ("careless", "the answer cited nothing, or a passage that it was not given"),
        ("inventing", "the answer named a number or year that is not in the passage"),
        ("refusing", "the model found no answer in the passage"),
    ],
)
async def test_answers_that_the_passage_does_not_bear_out_are_left_out(
    room: Room, skill: Any, note: str
) -> None:
    room.stub.skill = skill
    told = (await room.draft("ph2", 1)).json()
    assert (told["pair_ids"], room.stored()) == ([], {})
    assert any(line.startswith(f"Left out, since {note}: ") for line in told["notes"])


async def test_what_was_drafted_before_the_engine_failed_is_kept(room: Room) -> None:
    room.stub.fails_after = 2
    told = (await room.draft("ms1", 5)).json()
    assert len(told["pair_ids"]) == len(room.pairs()) == 2
    assert told["notes"][0].endswith("What had been written by then was kept.")
    reply = await room.draft("ms1", 5)
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "engine_unavailable")


@pytest.mark.parametrize(
    ("collection", "count", "status"),
    [("nowhere", 1, 404), ("dn9", 1, 404), ("ms1", 0, 400), ("ms1", 21, 400)],
)
async def test_drafts_that_cannot_be_asked_for(room: Room, collection: str, count: int, status: int) -> None:
    reply = await room.draft(collection, count)
    assert reply.status_code == status, reply.text
    assert ("Patrons may see nothing of 'dn9'" in reply.text) == (collection == "dn9")
    assert room.stub.bodies == []


async def test_a_draft_cannot_be_approved_before_somebody_submits_it(room: Room) -> None:
    (name,) = (await room.draft("ms1", 1)).json()["pair_ids"]
    reply = await room.http.post(f"/v1/pairs/{name}/approve", json={"revision": 1}, headers=STAFF)
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
    assert "only a submitted pair can be approved" in reply.json()["error"]["message"]
