"""The desk in a real browser: with the keyboard alone from sign-in to an approved pair, by two people."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.ui.desk.conftest import SignIn
from tests.ui.desk.stub_desk import Stub
from tests.ui.desk.stub_rooms import ROOMS

FIXED = "Ellen Marsh wrote of the flood to her brother [1]."


async def grave(page: Page) -> list[Any]:
    """What axe-core finds that is serious or critical."""
    found = (await Axe().run(page)).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


async def test_two_people_make_an_approved_pair_with_the_keyboard_alone(
    sign_in: SignIn, desk: Stub, desk_url: str
) -> None:
    curator = await sign_in("Ada Curator")
    await expect(curator.locator("#card-title")).to_be_focused()
    await curator.keyboard.press("f")
    await expect(curator.get_by_label("The answer it should be")).to_be_focused()
    await curator.keyboard.press("Control+a")
    await curator.keyboard.type(FIXED)
    await curator.keyboard.press("Tab")
    await curator.keyboard.press("Space")  # the first passage was cited; untick it, and tick it again
    await expect(curator.locator("input[name=evidence]").first).not_to_be_checked()
    await curator.keyboard.press("Space")
    await curator.keyboard.press("Shift+Tab")
    await curator.keyboard.press("Control+Enter")
    await curator.wait_for_url("**/desk/inbox/g2?*")
    await expect(curator.locator("#card-title")).to_be_focused()
    await expect(curator.locator("#announcer")).to_have_text("Judged: fixed. The pair waits for approval.")
    assert [(one.verdict, one.answer, one.evidence) for one in desk.judged] == [("fix", FIXED, [1, 2])]

    approver = await sign_in("Ben Approver")
    await approver.goto(f"{desk_url}/pairs/p1")
    await expect(approver.locator("h1")).to_be_focused()
    await expect(approver.locator("main")).to_contain_text(FIXED)
    await approver.keyboard.press("a")
    await approver.wait_for_url("**said=approved*")
    assert (desk.pairs["p1"].state, desk.pairs["p1"].approver) == ("approved", "Ben Approver")


async def test_an_item_is_one_key(sign_in: SignIn, desk: Stub) -> None:
    desk.fill(groups=6)
    page = await sign_in("Ada Curator")
    for number, key in enumerate(("g", "i", "n"), start=2):
        await page.keyboard.press(key)
        await page.wait_for_url(f"**/desk/inbox/g{number}?*")
    await page.keyboard.press("j")
    await page.wait_for_url("**/desk/inbox/g5")
    await page.keyboard.press("k")
    await page.wait_for_url("**/desk/inbox/g4")
    await page.keyboard.press("w")
    await page.keyboard.type("gin")  # letters typed into a box press nothing
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/inbox/g5?*")
    assert [one.verdict for one in desk.judged] == ["good", "ignore", "not_held", "wrong_source"]
    assert desk.judged[-1].right == "gin" and desk.judged[-1].wrong == [1, 2]


async def test_nobody_approves_alone_without_saying_why(sign_in: SignIn, desk: Stub, desk_url: str) -> None:
    page = await sign_in("Ben Approver")
    await page.keyboard.press("g")
    await page.wait_for_url("**/desk/inbox/g2?*")
    await page.goto(f"{desk_url}/pairs/p1")
    await page.keyboard.press("a")
    await expect(page.get_by_label("Reason for the waiver")).to_be_focused()
    await page.keyboard.type("I am alone here in August.")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**said=approved*")
    assert desk.pairs["p1"].waiver == "I am alone here in August."


async def test_the_desk_works_without_scripts(sign_in: SignIn, desk: Stub, desk_url: str) -> None:
    page = await sign_in("Ada Curator")
    browser = page.context.browser
    assert browser
    plain = await browser.new_context(java_script_enabled=False)
    await plain.add_cookies(
        [
            {"name": held["name"], "value": held["value"], "url": f"{desk_url}/inbox"}
            for held in await page.context.cookies(f"{desk_url}/inbox")
        ]
    )
    page = await plain.new_page()
    await page.goto(f"{desk_url}/inbox")
    await page.get_by_text("Fix the answer").click()
    await page.get_by_label("The answer it should be").fill(FIXED)
    await page.get_by_role("button", name="Keep this answer").click()
    await page.wait_for_url("**/desk/inbox/g2?*")
    await plain.close()
    assert desk.judged[0].answer == FIXED


@pytest.mark.parametrize("width", [1280, 390])
async def test_every_page_is_fit_for_everybody(
    sign_in: SignIn, desk: Stub, desk_url: str, width: int
) -> None:
    page = await sign_in("Cleo Head", width)
    for path in ROOMS:
        await page.goto(desk_url + path)
        assert await grave(page) == [], path
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert await page.locator("h1").count() == 1, path
        assert await page.locator("table:not(:has(> caption))").count() == 0, path
