"""From a patron's thumbs-down to a pair in a dataset version, by two people, on the real gateway.

Only the model is a stub. What the staff do they do with the keyboard.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
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
    "/exchange/export", "/exchange/drafts", "/datasets", "/usage", "/adapters", "/sources", "/me", "/instructions",
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


@pytest.mark.parametrize(
    ("name", "open_to"),
    [("Ada Marsh", len(PLAIN_ROOMS)), (APPROVER, 16), (CURATOR, 14)],
    ids=lambda one: str(one),
)
async def test_every_room_opens_to_whom_it_may(house: House, name: str, open_to: int) -> None:
    async with httpx.AsyncClient(base_url=f"{house.url}/desk", headers={"Origin": house.url}) as client:
        door = (await client.get("/sign-in")).text
        token = re.search(r'name="form_token" value="(\w+)"', door)
        assert token
        await client.post("/sign-in", data={"form_token": token[1], "name": name, "password": PASSWORD})
        replies = {path: await client.get(path) for path in PLAIN_ROOMS}
    assert {reply.status_code for reply in replies.values()} <= {200, 403}
    opened = [path for path, reply in replies.items() if reply.status_code == 200]
    assert len(opened) == open_to, opened
