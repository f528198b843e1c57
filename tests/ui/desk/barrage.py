"""Hostile payloads in every field of every room, looked at in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page, Request

from tests.ui.desk.stub_desk import PASSWORD, Stub
from tests.ui.desk.stub_rooms import ROOMS

BLOCK = 20
"""Payloads in one field at a time; fields beside each other have others."""
ADMINISTRATOR = "Cleo Head"
_LOOK = """() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const wrong = (url) => url && !["http:", "https:"].includes(new URL(url, location).protocol);
  const elements = [...document.querySelectorAll("*")];
  return {
    hacked: window.hacked ?? null,
    strange: elements.filter((one) => [...one.attributes].some((own) => own.name.startsWith("on") || own.name === "style")
      || ["IFRAME", "OBJECT", "EMBED", "BASE", "VIDEO", "MATH", "STYLE", "IMG", "TEMPLATE"].includes(one.tagName)
      || wrong(one.getAttribute("href")) || wrong(one.getAttribute("src")) || wrong(one.getAttribute("action"))).length,
    elements: elements.length,
  };
}"""


class Words:
    """What a text field says: the next payloads, so that over all rounds each field has had every one."""

    def __init__(self, payloads: Sequence[str]) -> None:
        self.blocks = ["\n".join(payloads[at : at + BLOCK]) for at in range(0, len(payloads), BLOCK)]
        self.at = 0
        self.fields = 0

    def __call__(self, _plain: str) -> str:
        self.at += 1
        self.fields += 1
        return self.blocks[self.at % len(self.blocks)]


@dataclass
class Outcome:
    """`payloads_run`: pages on which something of a payload ran or became an element that acts."""

    payloads: int = 0
    fields: int = 0
    pages: int = 0
    payloads_run: int = 0
    outside_requests: int = 0
    remarks: list[str] = field(default_factory=list)


async def look_at_rooms(
    page: Page, stub: Stub, url: str, payloads: Sequence[str], *, rounds: int | None = None
) -> Outcome:
    """Open every room with payloads in all its texts, as often as every field needs to have had each."""
    outcome, words = Outcome(payloads=len(payloads)), Words(payloads)

    def note(request: Request) -> None:
        if not request.url.startswith(url.removesuffix("/desk") + "/"):
            outcome.outside_requests += 1
            outcome.remarks.append(f"asked for {request.url[:200]}")

    page.on("request", note)
    page.on("dialog", lambda dialog: outcome.remarks.append(f"dialog on {page.url}"))
    tokens = dict(stub.tokens)
    for turn in range(rounds or len(words.blocks)):
        stub.say = words
        words.at = turn
        stub.fill(2)
        stub.tokens.update(tokens)
        for path in ROOMS:
            words.at = turn
            await page.goto(url + path)
            seen = await page.evaluate(_LOOK)
            outcome.pages += 1
            if seen["hacked"] or seen["strange"] or page.url != url + path:
                outcome.payloads_run += 1
                outcome.remarks.append(f"{path}: {seen}, at {page.url}")
    outcome.fields = words.fields
    return outcome


@asynccontextmanager
async def open_page(browser: Browser, stub: Stub, url: str) -> AsyncIterator[Page]:
    """An administrator's page of the desk at `url`."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(120_000)
    await page.goto(f"{url}/sign-in")
    await page.get_by_label("Name").fill(ADMINISTRATOR)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/inbox")
    yield page
    await context.close()
