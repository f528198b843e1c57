"""Comparing answers on the real gateway: staff with the keyboard, patrons without scripts, nobody told who is who.

There is no engine: both versions' answers are written by the test.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from retrieval.embedding import load_embedder
from retrieval.library import Library
from serve.app import create_app
from serve.comparisons.book import ComparisonBook
from serve.comparisons.comparison import Comparison, Vote
from serve.comparisons.filling import fill
from serve.people.accounts import add_person
from serve.people.authority import Actor, Role
from serve.settings import Settings
from tests.serve.comparison_parts import ADA, NEW, OLD, begin, write
from tests.ui.desk.test_desk_browser import grave
from tests.ui.desk.test_desk_whole import APPROVER, CURATOR, PASSWORD, STAFF, press_until, sign_in
from tests.ui.stub_gateway import listen, serving
from ui.mount import mount_comparing, mount_desk

QUESTIONS = 4
HIDDEN = (NEW, OLD, "letters--", "champion")


@dataclass(frozen=True)
class House:
    """The service's address, and the comparisons in it."""

    url: str
    book: ComparisonBook

    async def open(self, **given: object) -> Comparison:
        """A comparison that people may vote in."""
        begun = await asyncio.to_thread(begin, self.book, QUESTIONS, **given)
        return await fill(self.book, begun.id, write, pause=0)

    def votes(self, comparison: Comparison) -> tuple[Vote, ...]:
        return self.book.votes(comparison)


@pytest_asyncio.fixture
async def house(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A gateway with its desk, its page for patrons and three of staff; a parameter is the setting."""
    settings = Settings(data=tmp_path, patron_comparisons=getattr(request, "param", False))
    listener = listen()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def mount(app: FastAPI) -> None:
        mount_desk(app, address)
        mount_comparing(app, address, app.state.service.page_key)

    library = Library(settings.index_root, load_embedder())
    app = create_app(settings, library=library, engines=[], base="base", mount_pages=mount)
    with serving(app, listener) as url:
        database = app.state.service.database
        setup = Actor(Role.ADMINISTRATOR, "command", "setup")
        for name, role in STAFF:
            add_person(database, setup, name, role, PASSWORD)
        yield House(url, ComparisonBook(database))


async def look(page: Page) -> tuple[str, list[str]]:
    """The question shown, and who wrote the sides, as their words show to those who know."""
    await expect(page.locator("h1")).to_be_focused()
    texts = await page.locator("section.card .words").all_inner_texts()
    return await page.locator("h1").inner_text(), [
        "candidate" if text.startswith("Brief") else "champion" for text in texts
    ]


async def test_staff_compare_with_the_keyboard_alone(browser: Browser, house: House) -> None:
    opened = await house.open(contributors=["cora lind"])
    page = await sign_in(browser, house.url, CURATOR)
    await press_until(page, "one.textContent === 'Comparisons'")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/comparisons")
    await press_until(page, "one.textContent.startsWith('Compare 4 answers')")
    await page.keyboard.press("Enter")
    chosen: dict[str, str] = {}
    for keys in (
        ["2", "Enter"],
        ["ArrowLeft", "Enter"],
        ["ArrowRight", "ArrowDown", "Enter"],
        ["4", "Enter"],
    ):
        question, arms = await look(page)
        told = await page.content()
        assert [word for word in HIDDEN if word in told] == []
        for key in keys:
            await page.keyboard.press(key)
        await page.wait_for_function(
            "question => document.querySelector('h1').innerText !== question", arg=question
        )
        told_by = {"2": arms[1], "ArrowLeft": arms[0], "ArrowRight": "tie", "4": "neither"}
        chosen[question] = told_by[keys[0]]
    await expect(page.locator("h1")).to_have_text("That is all")
    await expect(page.locator("#announcer")).to_have_text("Your vote is kept.")
    texts = {question.id: question.text for question in house.book.questions(opened)}
    assert {texts[vote.question]: vote.choice for vote in house.votes(opened)} == chosen
    assert {(vote.name, vote.contributed) for vote in house.votes(opened)} == {(CURATOR, True)}
    await press_until(page, "one.textContent === 'Take my last vote back'")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said")).to_have_text("Your vote is taken back.")
    assert len(house.votes(opened)) == QUESTIONS - 1
    await page.context.close()


async def test_a_key_alone_sends_nothing_and_an_empty_ballot_neither(browser: Browser, house: House) -> None:
    opened = await house.open()
    page = await sign_in(browser, house.url, CURATOR)
    await page.goto(f"{house.url}/desk/comparisons/{opened.id}/judge")
    await page.keyboard.press("1")
    await expect(page.locator("input[name=choice]").first).to_be_checked()
    await page.keyboard.press("3")
    await expect(page.get_by_label("Both alike")).to_be_checked()
    assert house.votes(opened) == ()
    await page.reload()
    await page.get_by_role("button", name="Vote").click()  # the browser asks for a choice
    assert house.votes(opened) == ()
    await page.context.close()


@pytest.mark.parametrize("house", [True], indirect=True)
@pytest.mark.parametrize("width", [1280, 390])
async def test_every_page_is_fit_for_everybody(browser: Browser, house: House, width: int) -> None:
    opened, closed = await house.open(patrons=True), await house.open()
    preparing = await asyncio.to_thread(begin, house.book, 2)
    await asyncio.to_thread(house.book.close, closed.id, ADA, revision=2)
    page = await sign_in(browser, house.url, APPROVER)
    await page.set_viewport_size({"width": width, "height": 900})
    at = f"{house.url}/desk/comparisons"
    for url in (at, *(f"{at}/{one.id}" for one in (opened, closed, preparing)), f"{at}/{opened.id}/judge",
                f"{house.url}/compare/"):  # fmt: skip
        await page.goto(url)
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert await grave(page) == [], url
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
        assert await page.locator("h1").count() == 1, url
    await page.context.close()


def token_of(page: str) -> str:
    found = re.search(r'name="form_token" value="(\w+)"', page)
    assert found, page
    return found[1]


def read_ballot(page: str) -> dict[str, str]:
    """The hidden fields of the first form that asks a question."""
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="choice"' in one)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def read_sides(page: str) -> list[str]:
    return re.findall(r'name="choice" value="([0-9a-f]{16})"', page)


async def enter(client: httpx.AsyncClient, name: str) -> None:
    """Sign in without a browser."""
    door = (await client.get("/desk/sign-in")).text
    data = {"form_token": token_of(door), "name": name, "password": PASSWORD}
    assert (await client.post("/desk/sign-in", data=data)).status_code == 303


async def test_staff_begin_judge_and_close_without_scripts(house: House) -> None:
    opened = await house.open()
    at = f"/desk/comparisons/{opened.id}"
    async with httpx.AsyncClient(base_url=house.url, headers={"Origin": house.url}, timeout=60) as client:
        await enter(client, APPROVER)
        page = (await client.get("/desk/comparisons")).text
        data = {
            "form_token": token_of(page),
            "candidate": "base",
            "champion": "base",
            "questions": "Any maps?\n",
        }
        refused = await client.post("/desk/comparisons", data={**data, "title": "Maps"})
        assert refused.status_code == 400 and "Expected two versions" in refused.text
        assert "Any maps?" in refused.text and 'value="Maps"' in refused.text
        for _ in range(QUESTIONS):
            page = (await client.get(f"{at}/judge")).text
            assert [word for word in HIDDEN if word in page] == []
            ballot = read_ballot(page)
            empty = await client.post(f"{at}/judge", data={**ballot, "do": "vote"})
            assert empty.status_code == 400 and "Choose one of the four first." in empty.text
            voted = await client.post(
                f"{at}/judge", data={**ballot, "do": "vote", "choice": read_sides(page)[0]}
            )
            assert voted.status_code == 303
        assert "That is all" in (await client.get(f"{at}/judge")).text
        page = (await client.get(at)).text
        assert "Close the comparison" in page and "4 votes" in page and "Brief:" not in page
        data = {"form_token": token_of(page), "do": "close", "revision": "2", "why": "enough"}
        assert (await client.post(at, data=data)).headers["location"].endswith("said=comparison-closed")
        page = (await client.get(at)).text
        late = await client.post(at, data=data)
    assert "Not enough votes" in page and "Every question, and who wrote what" in page and NEW in page
    assert page.count("Brief:") == QUESTIONS
    assert late.status_code == 409 and "That did not work." in late.text
    assert {vote.shown_first == vote.choice for vote in house.votes(opened)} == {True}


@pytest.mark.parametrize("house", [True], indirect=True)
async def test_patrons_compare_without_scripts_and_without_a_name(house: House) -> None:
    await house.open()
    opened = await house.open(patrons=True)
    async with httpx.AsyncClient(base_url=house.url, headers={"Origin": house.url}, timeout=60) as client:
        page = await client.get("/compare/")
        (cookie,) = page.headers.get_list("set-cookie")
        assert cookie.startswith("reading-room-compare=") and "max-age" not in cookie.lower()
        assert "path=/compare" in cookie.lower() and "httponly" in cookie.lower()
        assert "unsafe" not in page.headers["content-security-policy"]
        for number in range(QUESTIONS):
            assert [word for word in HIDDEN if word in page.text] == []
            choice = {"choice": read_sides(page.text)[1]} if number else {"choice": "neither"}
            data = {**read_ballot(page.text), "do": "vote", **choice}
            voted = await client.post("/compare/", data=data, follow_redirects=True)
            assert voted.status_code == 200 and "Your vote is kept." in voted.text
            page = await client.get("/compare/")
            assert "set-cookie" not in page.headers
        assert "That is all" in page.text
        client.cookies.clear()
        stale = await client.post("/compare/", data=data)
        assert stale.status_code == 403 and "Please choose once more." in stale.text
        forged = await client.post("/compare/", data=data, headers={"Origin": "https://evil.example"})
        assert forged.status_code == 403
    votes = house.votes(opened)
    assert len(votes) == QUESTIONS and {(vote.body, vote.name) for vote in votes} == {("patrons", "")}
    assert sorted(vote.choice != vote.shown_first for vote in votes) == [True] * QUESTIONS


async def test_where_patrons_are_not_asked_the_page_says_so(house: House) -> None:
    await house.open(patrons=True)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as client:
        page = await client.get("/compare/")
        assert page.status_code == 200 and "Nothing to compare just now" in page.text
        assert read_sides(page.text) == []
        assert (await client.get("/compare/files/desk.css")).status_code == 200
        assert (await client.get("/compare/nowhere")).status_code == 404
