"""In a real browser: a patron agrees, takes it back, deletes; a shared computer keeps nothing of a session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.ui.stub_gateway import Stub
from tests.ui.test_browser import QUESTION, answered, ask, wait_until

STORAGE = """async () => ({
  cookie: document.cookie, local: localStorage.length, session: sessionStorage.length,
  databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
})"""


async def grave(page: Page) -> list[Any]:
    """What axe-core finds that is serious or critical."""
    found = (await Axe().run(page)).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


async def test_nothing_is_agreed_until_the_patron_ticks_and_all_of_it_by_keyboard(
    page: Page, stub: Stub
) -> None:
    await expect(page.locator("#agree")).to_have_count(0)
    await answered(page)
    box = page.get_by_role("checkbox", name="Keep this conversation, to improve the answers")
    await expect(box).not_to_be_checked()
    described = await box.get_attribute("aria-describedby")
    await expect(page.locator(f"#{described}")).to_contain_text("are then kept for 180 days")
    assert stub.agreements == []

    await box.focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#agreement-note")).to_contain_text("Kept until 20 May 2027.")
    await expect(page.locator("#announcer")).to_contain_text("The number that deletes it")
    conversation = stub.chats[-1].reading_room.conversation
    assert conversation is not None and len(conversation) == 32
    assert stub.agreements == [(conversation, True)]
    await expect(page.locator("#agreement-note")).to_contain_text(conversation)
    assert await grave(page) == []

    await answered(page, "And in 1906?")
    await expect(box).to_be_checked()
    await box.focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#agreement-note")).to_contain_text(
        "Nothing of this conversation is kept any more"
    )
    assert stub.agreements[1:] == [(conversation, False)]


async def test_a_tick_that_did_not_arrive_is_taken_off_again(page: Page, stub: Stub) -> None:
    stub.agreement_fails = True
    await answered(page)
    box = page.locator("#agree input")
    await box.check()
    await expect(page.locator("#agreement-note .problem")).to_contain_text("cannot be used at the moment")
    await expect(box).not_to_be_checked()


async def test_a_patron_deletes_and_goes_on_in_another_conversation(page: Page, stub: Stub) -> None:
    await answered(page)
    await page.locator("#agree input").check()
    await expect(page.locator("#agreement-note")).to_contain_text("Kept until")
    await page.get_by_role("button", name="Delete all that is kept").click()
    await expect(page.locator("#agreement-note")).to_contain_text("Deleted: everything")
    await expect(page.locator("#agreement-note")).to_contain_text("letters--v3")
    await expect(page.locator("#agree input")).not_to_be_checked()
    first = stub.chats[-1].reading_room.conversation
    assert stub.deleted == [first]
    await answered(page, "And in 1906?")
    assert stub.chats[-1].reading_room.conversation != first


async def test_a_new_conversation_is_not_agreed_to_and_the_old_one_is_forgotten(
    page: Page, stub: Stub
) -> None:
    await answered(page)
    await page.locator("#agree input").check()
    await expect(page.locator("#agreement-note")).to_contain_text("Kept until")
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.locator("#agree")).to_have_count(0)
    assert stub.ended == [stub.chats[-1].reading_room.conversation]
    await answered(page)
    await expect(page.locator("#agree input")).not_to_be_checked()


@pytest_asyncio.fixture
async def shared(browser: Browser, stub: Stub, url: str) -> AsyncIterator[BrowserContext]:
    """A browser at a shared computer; what the service says of itself is asked for anew."""
    stub.shared_terminal = True
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    yield context
    await context.close()


async def visit(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    await page.goto("about:blank")
    await page.goto(url)
    await expect(page.locator("#end")).to_be_visible()
    return page


async def test_end_session_leaves_nothing_behind(shared: BrowserContext, url: str, stub: Stub) -> None:
    page = await visit(shared, url)
    await expect(page.locator("#shared-words")).to_contain_text("This computer is shared.")
    await answered(page)
    await expect(page.locator("#feedback")).to_be_visible()
    await expect(page.locator("#agree")).to_have_count(0)
    warning = page.locator("#idle")
    await warning.evaluate("warning => warning.showModal()")
    assert await grave(page) == []
    await page.keyboard.press("Escape")
    await expect(warning).to_be_hidden()
    await page.locator("#question textarea").fill("Half a thought about my uncle")
    await page.locator("#end").focus()
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("button.example")
    assert stub.ended == [stub.chats[-1].reading_room.conversation]
    for look in (page.reload, page.go_back, page.go_forward):
        content = await page.content()
        assert QUESTION not in content and "Ellen Marsh wrote" not in content
        for box in await page.locator("textarea, input").all():
            assert "uncle" not in await box.input_value()
        if page.url.startswith(url):
            stored = await page.evaluate(STORAGE)
            assert stored == {"cookie": "", "local": 0, "session": 0, "databases": 0, "caches": 0}
        await look()
    assert await shared.cookies() == []


async def test_nobody_there_is_warned_then_the_session_ends(
    shared: BrowserContext, url: str, stub: Stub
) -> None:
    page = await visit_quick(shared, url, minutes=0.15)
    await answered(page)
    warning = page.get_by_role("alertdialog", name="Are you still here?")
    await expect(warning).to_be_visible()
    await expect(page.locator("#stay")).to_be_focused()
    await expect(warning).to_contain_text("This session ends in")
    await page.keyboard.press("Enter")
    await expect(warning).to_be_hidden()
    await expect(page.locator("#question textarea")).to_be_focused()
    await expect(page.locator("#turn-1")).to_be_visible()

    await expect(warning).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(warning).to_be_hidden()
    await expect(page.locator("#turn-1")).to_be_visible()
    assert stub.ended == []

    async with page.expect_navigation(timeout=60_000):
        await expect(warning).to_be_visible()
    await page.wait_for_selector("button.example")
    await expect(page.locator(".turn")).to_have_count(0)
    await wait_until(lambda: len(stub.ended) == 1)


async def visit_quick(context: BrowserContext, url: str, *, minutes: float) -> Page:
    """A page that was told these minutes, whatever the shell still believes of the service."""
    page = await context.new_page()
    await page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { for (const old of document.querySelectorAll("
        "'meta[name=reading-room-idle]')) old.remove(); const told = document.createElement('meta'); "
        f"told.name = 'reading-room-idle'; told.content = '{minutes}'; document.head.append(told); }})"
    )
    await page.goto(url)
    await expect(page.locator("#end")).to_be_visible()
    return page


async def test_a_page_that_nobody_used_gives_no_warning(shared: BrowserContext, url: str) -> None:
    page = await visit_quick(shared, url, minutes=0.03)
    await page.wait_for_timeout(3_000)
    await expect(page.locator("#idle")).to_be_hidden()
    await ask(page, "x")
