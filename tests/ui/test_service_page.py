"""The page on the whole real service: engine, index, database and browser."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.service import RunningService

QUESTION = "Do you have letters from Ellen Marsh in 1905?"
NOWHERE = "Do you have the telemetry of the Zanzibar submarine cable robot?"


@pytest_asyncio.fixture
async def page(browser: Browser, service: RunningService) -> AsyncIterator[Page]:
    """A fresh visitor's page on the real service."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(120_000)
    page = await context.new_page()
    await page.goto(service.url)
    await page.wait_for_selector("button.example")
    yield page
    await context.close()


async def ask(page: Page, question: str) -> None:
    await page.get_by_role("textbox", name="question").fill(question)
    await page.keyboard.press("Enter")


async def test_a_patron_asks_opens_a_citation_and_sends_feedback(page: Page, service: RunningService) -> None:
    addresses: list[str] = []
    page.context.on("request", lambda request: addresses.append(request.url))
    await ask(page, QUESTION)
    await expect(page.locator("#present .list-heading")).to_contain_text("Cited", timeout=120_000)
    await page.locator("#present a.cite").first.click()
    source = page.locator("#present details.source[open]").first
    await expect(source.locator("summary")).to_be_focused()
    await expect(source).to_contain_text("Ellen Marsh")
    await expect(source).to_contain_text("Marsh Family Papers")
    await expect(source.locator("dt", has_text="Container")).to_be_visible()
    title = await source.locator(".title").inner_text()

    async with page.context.expect_page() as opened:
        await source.get_by_role("link", name="Full record").click()
    record = await opened.value
    await expect(record.locator("h1")).to_contain_text(title)
    assert record.url.startswith(f"{service.url}/records/")
    await record.close()

    await page.get_by_role("button", name="No", exact=True).click()
    await page.get_by_label("Something it says is wrong").check()
    await page.get_by_label("What the answer should have been").fill("Twenty-three letters, in Box 3.")
    await page.get_by_role("button", name="Send to the staff").click()
    await expect(page.locator("#feedback-note")).to_contain_text("Thank you, kept until")
    assert all(address.startswith(service.url) for address in addresses)
    with sqlite3.connect(service.data / "reading-room.sqlite") as database:
        rows = database.execute(
            "select thumb, question, corrected_answer from feedback where corrected_answer like 'Twenty-three%'"
        ).fetchall()
    database.close()
    assert rows == [("down", QUESTION, "Twenty-three letters, in Box 3.")]


async def test_not_found_says_how_far_the_search_looked(page: Page, service: RunningService) -> None:
    await ask(page, NOWHERE)
    told = page.locator("#present .not-found")
    await expect(told).to_contain_text("Marsh Family Papers", timeout=120_000)
    await expect(told).to_contain_text("Whom to ask")
    await expect(page.locator("#present .list-heading")).to_have_count(0)
    assert "Zanzibar" not in "\n".join(service.output), "a question was written to the log"
