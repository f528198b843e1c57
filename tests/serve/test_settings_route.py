"""Over HTTP: the settings in force without a secret, the sources with their problems, and what patrons ask."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from retrieval.embedding import load_embedder
from retrieval.errors import SourceError
from retrieval.prompt import PROMPT_VERSION
from retrieval.sources.registry import Source, save_sources
from retrieval.store.builder import build_index
from retrieval.store.origins import Origin
from serve.conversations.counts import DailyTally
from serve.routes.sources import is_being_written
from serve.settings import BUNDLED_READER, Settings
from tests.retrieval.shelf import shelf_records
from tests.retrieval.test_update import quiet, readings
from tests.serve.access_scene import KEY, STAFF, WITHHELD, Scene, open_scene

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROBLEM = "<img src=x onerror=alert(1)> is no date"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path_factory.mktemp("d"), load_embedder()) as scene:
        yield scene


async def get(scene: Scene, path: str) -> Any:
    reply = await scene.http.get(path, headers=STAFF)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("path", ["/v1/settings", "/v1/sources", "/v1/usage"])
async def test_only_staff_see_them(scene: Scene, path: str) -> None:
    assert (await scene.http.get(path)).status_code == 403


async def test_settings_say_what_is_in_force_and_never_a_secret(scene: Scene) -> None:
    reply = await get(scene, "/v1/settings")
    shown = {setting["name"]: setting for setting in reply["data"]}
    assert list(shown) == list(Settings.model_fields)
    assert shown["staff_key"]["value"] == "set"
    assert (shown["engine_key"]["value"], shown["engine_key"]["is_default"]) == ("not set", True)
    assert KEY not in json.dumps(reply)
    assert (shown["engine_urls"]["value"], shown["engine_urls"]["is_default"]) == ("http://engine", False)
    assert (shown["top_k"]["value"], shown["top_k"]["is_default"]) == ("6", True)
    assert shown["top_k"]["description"] == "Passages that an answer is given to work from."
    assert shown["top_k"]["variable"] == "READING_ROOM_TOP_K"
    assert [name for name, setting in shown.items() if not setting["description"]] == []
    assert (reply["bundled_reader"], reply["base"], reply["prompt_version"]) == (
        False,
        "base",
        PROMPT_VERSION,
    )
    packages = {package["name"]: package["version"] for package in reply["packages"]}
    assert packages["reading-room"] == version("reading-room")
    assert packages["torch"] == version("torch")
    assert reply["engines"] == [{"address": "http://engine", "serving": True, "names": ["base"]}]
    index = scene.app.state.service.library.current()
    assert reply["index"]["version"] == index.version
    assert (reply["index"]["records"], reply["index"]["problem"]) == (index.manifest.records, "")


async def test_looking_imports_neither_torch_nor_an_engine() -> None:
    told = "import sys, serve.routes.settings; print({'torch', 'vllm', 'transformers'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


async def test_the_base_is_named_by_the_digest_of_its_weights_where_they_are_here(scene: Scene) -> None:
    assert (await get(scene, "/v1/settings"))["base_sha256"] == ""  # an engine by address: whose weights?
    service = scene.app.state.service
    own_engine = service.settings.model_copy(update={"engine_urls": ()})
    scene.app.state.service = replace(service, settings=own_engine)
    try:
        reply = await get(scene, "/v1/settings")
    finally:
        scene.app.state.service = service
    (weights,) = BUNDLED_READER.glob("*.safetensors")
    assert reply["base_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert reply["bundled_reader"] is True


async def test_sources_are_listed_with_their_records_and_problems_in_plain_words(scene: Scene) -> None:
    root = scene.data / "index"
    marsh, band, *rest = readings([*shelf_records(), *WITHHELD])
    path = Path("/srv/papers/marsh.xml")
    marsh = replace(
        marsh,
        origin=Origin(source="papers", name="marsh.xml"),
        problems=(
            SourceError(path, PROBLEM, line=12, remedy="mend it"),
            SourceError(path, "has no container", remedy="add one"),
        ),
    )
    band = replace(band, origin=Origin(source="town", name="band.csv"))
    build_index(root, [marsh, band, *rest], scene.embedder, quiet)
    save_sources(
        root,
        [
            Source(name="papers", kind="files", location="/srv/papers", place=1, read="2026-11-20T10:00:00+00:00"),
            Source(
                name="town", kind="oai", location="https://me:hunter2@town.example/oai", place=2, staff_only=True,
                problem="https://me:hunter2@town.example/oai: did not answer (try again later)",
            ),
            Source(name="new", kind="files", location="/srv/new", place=3, embargo="2030-01-31"),
        ],
    )  # fmt: skip
    scene.app.state.service.library.refresh()
    reply = await get(scene, "/v1/sources")
    assert (reply["total"], reply["problem"], reply["refreshing"]) == (3, "", False)
    papers, town, new = reply["data"]
    assert (papers["files"], papers["records"], papers["collections"]) == (
        1,
        len(marsh.records),
        ["Marsh family papers"],
    )
    assert (papers["access"], papers["refreshed"]) == ("public", "2026-11-20T10:00:00+00:00")
    assert papers["problems"] == 2
    assert papers["file_problems"] == [
        {"file": "marsh.xml", "problem": f"line 12: {PROBLEM} (mend it)"},
        {"file": "marsh.xml", "problem": "has no container (add one)"},
    ]
    assert (town["kind"], town["access"], town["records"]) == ("oai", "staff only", len(band.records))
    assert town["problem"] == "https://…@town.example/oai: did not answer (try again later)"
    assert "hunter2" not in json.dumps(reply)
    assert (new["files"], new["records"], new["access"], new["refreshed"]) == (
        0,
        0,
        "public after 2030-01-31",
        "",
    )
    (root / "sources.json").write_text("{")
    broken = await get(scene, "/v1/sources")
    assert broken["data"] == []
    assert "is no registry of sources" in broken["problem"]


async def test_an_index_is_being_written_while_the_process_that_began_it_lives(tmp_path: Path) -> None:
    assert not is_being_written(tmp_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / f"build-{ended.pid}.tmp").mkdir()
    (tmp_path / "build-x.tmp").mkdir()
    (tmp_path / f"build-{10**30}.tmp").mkdir()
    assert not is_being_written(tmp_path)
    (tmp_path / f"build-{os.getpid()}.tmp").mkdir()
    assert is_being_written(tmp_path)


async def test_usage_counts_what_gateways_counted_and_names_what_it_is_of(scene: Scene) -> None:
    tally = DailyTally()
    for collection, status, found in [
        ("ms1", "answered", True),
        ("ms1", "not_found", False),
        ("", "plain", False),
    ]:
        tally.add(collection=collection, found=found, status=status, adapter="base")
    tally.flush(scene.app.state.service.database)
    reply = await get(scene, "/v1/usage?days=3")
    today = datetime.now(UTC).date()
    assert [day["day"] for day in reply["by_day"]] == [
        str(today - timedelta(days=back)) for back in (2, 1, 0)
    ]
    assert reply["by_day"][-1] | {"day": ""} == {"day": "", "answers": 3, "found": 1, "not_found": 1}
    assert [(share["label"], share["answers"]) for share in reply["by_collection"]] == [
        ("Marsh family papers", 2), ("Several, or none", 1),
    ]  # fmt: skip
    assert [share["label"] for share in reply["by_status"]] == [
        "Answered",
        "Not found",
        "Without the collections",
    ]
    assert [(share["label"], share["answers"]) for share in reply["by_adapter"]] == [("Base model", 3)]
    assert (reply["answers"], reply["found"], reply["not_found"], reply["questions"]) == (3, 1, 1, [])


@pytest.mark.parametrize("days", ["0", "401", "x", "1e3"])
async def test_days_that_cannot_be_are_refused(scene: Scene, days: str) -> None:
    reply = await scene.http.get(f"/v1/usage?days={days}", headers=STAFF)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "days")
