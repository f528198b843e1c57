"""From a patron's thumbs-down to a pair in a dataset version, by two people, on the real gateway.

Only the model is a stub. What the staff do they do with the keyboard.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from retrieval.embedding import load_embedder
from serve.app import create_app
from serve.engine.client import EngineClient
from serve.people.accounts import add_person
from serve.people.authority import Actor, Role
from serve.service import Service
from serve.settings import Settings
from tests.serve.curation_parts import open_library
from tests.serve.stub_engine import StubEngine
from tests.ui.stub_gateway import listen, serving
from ui.mount import mount_desk

PASSWORD = "boxes and folders of letters"
CURATOR, APPROVER = "Cora Lind", "Ben Oakes"
STAFF = (("Ada Marsh", Role.ADMINISTRATOR), (CURATOR, Role.CURATOR), (APPROVER, Role.APPROVER))
ASKED = {
    "Ellen Marsh ALS to Ada Hale": (
        "What did Ellen Marsh write to Ada Hale on 2 June 1905?",
        'Ellen Marsh wrote that "the mill has burned and the children are safe" [{}].',
    ),
    "Ada Hale ALS to Ellen Marsh": (
        "What did Ada Hale answer to Ellen Marsh on 9 June 1905?",
        'Ada Hale answered that "beds are made up for all of them in Hale Street" [{}].',
    ),
}


PLAIN_ROOMS = (
    "/inbox", "/inbox?state=judged", "/cases", "/pairs", "/pairs?state=draft", "/pairs/new", "/exchange/import",
    "/exchange/export", "/exchange/drafts", "/datasets", "/training", "/training/new", "/usage", "/adapters", "/comparisons", "/sources", "/me", "/instructions",
    "/instructions/of?kind=collection&name=ms1", "/people", "/audit", "/audit/erasures", "/settings",
)  # fmt: skip
"""Every page that needs nothing made before."""


@dataclass(frozen=True)
class House:
    """The service's address, and its inside."""

    url: str
    service: Service


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A gateway over a small index, with a curator and an approver."""
    settings = Settings(data=tmp_path, engine_urls=("http://engine",))
    library = open_library(settings.index_root, load_embedder())
    runner = web.AppRunner(StubEngine({}).app())
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "engine")).start()
    engine = EngineClient("http://engine", socket=tmp_path / "engine", stall_seconds=30)
    listener = listen()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(
        settings,
        library=library,
        engines=[engine],
        base="base",
        mount_pages=lambda app: mount_desk(app, address),
    )
    with serving(app, listener) as url:
        setup = Actor(Role.ADMINISTRATOR, "command", "setup")
        for name, role in STAFF:
            add_person(app.state.service.database, setup, name, role, PASSWORD)
        yield House(url, app.state.service)
    await runner.cleanup()


async def ask_and_complain(url: str) -> None:
    """A patron who asks each question and says that the answer did not help."""
    async with httpx.AsyncClient(base_url=url, timeout=120) as patron:
        for question, _ in ASKED.values():
            body = {"messages": [{"role": "user", "content": question}]}
            answer = await patron.post("/v1/chat/completions", json=body)
            assert answer.status_code == 200, answer.text
            feedback = {
                "answer_id": answer.json()["reading_room"]["answer_id"],
                "idempotency_key": secrets.token_hex(8),
                "thumb": "down",
                "reasons": ["wrong_fact"],
                "consent": "feedback-1",
            }
            assert (await patron.post("/v1/feedback", json=feedback)).status_code == 201


async def sign_in(browser: Browser, url: str, name: str) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = await context.new_page()
    page.set_default_timeout(60_000)
    await page.goto(f"{url}/desk")
    for _ in range(20):
        if await page.evaluate("document.activeElement?.name") == "name":
            break
        await page.keyboard.press("Tab")
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/inbox")
    return page


async def press_until(page: Page, script: str, key: str = "Tab") -> None:
    """Press a key until a script about the focused element says so."""
    for _ in range(60):
        if await page.evaluate(f"(one => {script})(document.activeElement)"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"never focused: {script}")


async def fix(page: Page) -> None:
    """Mend the answer of the question that is open, and tick the letter that supports it."""
    heading = await page.locator("#card-title").inner_text()
    title, (_, answer) = next(one for one in ASKED.items() if one[1][0] == heading)
    ticks = page.locator("label.tick", has_text=title).locator("input[name=evidence]")
    number = await ticks.first.get_attribute("value")
    await page.keyboard.press("f")
    await page.keyboard.press("Control+a")
    await page.keyboard.type(answer.format(number))
    await press_until(page, f"one.name === 'evidence' && one.value === '{number}'")
    if not await ticks.first.is_checked():
        await page.keyboard.press("Space")
    await press_until(page, "one.tagName === 'BUTTON' && one.textContent.startsWith('Keep this answer')")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**said=judged*")


async def test_a_thumbs_down_becomes_a_pair_in_a_dataset_version(browser: Browser, house: House) -> None:
    await ask_and_complain(house.url)
    curator = await sign_in(browser, house.url, CURATOR)
    for _ in ASKED:
        await fix(curator)
        await expect(curator.locator(".said")).to_have_text("Judged: fixed. The pair waits for approval.")
    await expect(curator.locator("#card-title")).to_have_text("Nothing is waiting")

    approver = await sign_in(browser, house.url, APPROVER)
    await press_until(approver, "one.textContent === 'Pairs'")
    await approver.keyboard.press("Enter")
    await approver.wait_for_url("**/desk/pairs")
    await press_until(approver, "one.closest?.('tbody') && one.tagName === 'A'")
    await approver.keyboard.press("Enter")
    await approver.wait_for_url("**/desk/pairs/*")
    for following in ("**/desk/pairs/*?was=*", "**/desk/pairs?was=*"):
        await expect(approver.locator("h1")).to_be_focused()
        await approver.keyboard.press("a")
        await approver.wait_for_url(following)

    await approver.goto(f"{house.url}/desk/datasets")
    await press_until(approver, "one.name === 'name'")
    await approver.keyboard.press("Control+a")
    await approver.keyboard.type("letters")
    await approver.keyboard.press("Enter")
    await approver.wait_for_url(re.compile("/desk/datasets/letters--v1-.*said=built"))
    await expect(approver.locator("main dl").first).to_contain_text("To train on1 pair")
    await expect(approver.locator("main dl").first).to_contain_text("Exam1 pair, not shown")
    for page in (curator, approver):
        await page.context.close()


@asynccontextmanager
async def enter(house: House, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without scripts, signed in."""
    async with httpx.AsyncClient(
        base_url=f"{house.url}/desk", headers={"Origin": house.url}, timeout=60
    ) as client:
        data = {"form_token": await read_token(client, "/sign-in"), "name": name, "password": PASSWORD}
        assert (await client.post("/sign-in", data=data)).status_code == 303
        yield client


async def read_token(client: httpx.AsyncClient, path: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="form_token" value="(\w+)"', (await client.get(path)).text)
    assert found
    return found[1]


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a page's form, and look at the page that follows."""
    data = {"form_token": await read_token(client, path), **fields}
    return await client.post(path.split("?")[0], data=data, follow_redirects=True)


@pytest.mark.parametrize(
    ("name", "open_to"),
    [("Ada Marsh", len(PLAIN_ROOMS)), (APPROVER, 19), (CURATOR, 17)],
    ids=lambda one: str(one),
)
async def test_every_room_opens_to_whom_it_may(house: House, name: str, open_to: int) -> None:
    async with enter(house, name) as client:
        replies = {path: await client.get(path) for path in PLAIN_ROOMS}
    assert {reply.status_code for reply in replies.values()} <= {200, 403}
    opened = [path for path, reply in replies.items() if reply.status_code == 200]
    assert len(opened) == open_to, opened


CSV = (
    "question,answer,licence\nWho wrote in June?,Ellen Marsh wrote in June.,CC0\n,An answer to nothing.,CC0\n"
)


async def test_a_file_comes_in_by_its_good_rows_and_goes_out_again(house: House) -> None:
    async with enter(house, CURATOR) as client:
        for step, kept in (("try", 0), ("keep", 1)):
            data = {
                "form_token": await read_token(client, "/exchange/import"), "form": "", "licence": "CC0",
                "consent": "1", "do": step,
            }  # fmt: skip
            files = {"file": ("faq.csv", CSV.encode(), "text/csv")}
            page = (await client.post("/exchange/import", data=data, files=files)).text
            assert "2 rows: 1 new pair, 0 here already, 1 left out." in page
            (row,) = re.findall("<tbody>(.*?)</tbody>", page, re.DOTALL)
            assert '<th scope="row">Row 3</th><td><bdi>column “question”</bdi></td>' in row
            pairs = (await client.get("/pairs?state=draft")).text
            assert pairs.count("Who wrote in June?") == kept
        file = await client.get("/exchange/file?form=csv&state=draft")
    assert file.headers["content-disposition"].startswith("attachment")
    assert "Who wrote in June?" in file.text and "An answer to nothing" not in file.text


async def test_an_administrators_forms_do_what_they_say(house: House) -> None:
    async with enter(house, "Ada Marsh") as client:
        added = await send(
            client, "/people", do="add-person", name="Dora Ng", role="curator", password=PASSWORD
        )
        assert "The account is changed." in added.text and "Dora Ng" in added.text
        twice = await send(
            client, "/people", do="add-person", name="Dora Ng", role="curator", password=PASSWORD
        )
        assert twice.status_code == 409 and 'value="Dora Ng"' in twice.text
        key = await send(client, "/people", do="add-key", key_name="Catalogue", quota="10", scopes="ask")
        secret = re.search(r"shown this once:</strong><br><code>([^<]+)</code>", key.text)
        assert secret
        assert "shown this once" not in (await client.get("/people")).text

        of = "/instructions/of?kind=collection&name=ms1"
        here = {"kind": "collection", "name": "ms1"}
        written = await send(client, of, **here, do="write", text="Say who wrote to whom.", why="")
        assert "It is not in force yet." in written.text
        early = await send(client, of, **here, do="activate", number="1", revision="0", trial="", why="")
        assert early.status_code in (400, 409) and "That did not work." in early.text
        active = await send(
            client, of, **here, do="activate", number="1", revision="0", trial="", why="Asked for"
        )
        assert "The change is in force." in active.text and "Version 1 is in force" in active.text

        unsure = await send(client, "/audit/erasures", kind="feedback", named="feedback-1")
        assert "Tick the box" in unsure.text and 'value="feedback-1"' in unsure.text
        log = (await client.get("/audit")).text
    assert "added" in log and PASSWORD not in log and secret[1] not in log
