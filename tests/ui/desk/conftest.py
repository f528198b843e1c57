"""One stub gateway with the desk mounted on it, and pages of its staff in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.ui.desk.stub_desk import PASSWORD, Stub, build_stub
from tests.ui.desk.stub_rooms import add_rooms
from tests.ui.stub_gateway import listen, serving
from ui.mount import mount_desk


class SignIn(Protocol):
    """Signs somebody in, in a browser of their own."""

    def __call__(self, name: str, width: int = 1280) -> Awaitable[Page]:
        """Their page, in the inbox."""
        ...


@pytest.fixture(scope="session")
def desk_service() -> Iterator[tuple[str, Stub]]:
    """The address of a service with the desk, and the stub behind it."""
    stub = Stub()
    app = build_stub(stub, add_rooms)
    listener = listen()
    mount_desk(app, f"http://127.0.0.1:{listener.getsockname()[1]}")
    with serving(app, listener) as url:
        yield url, stub


@pytest.fixture
def desk(desk_service: tuple[str, Stub]) -> Stub:
    """The stub, begun anew."""
    stub = desk_service[1]
    stub.say = lambda words: words
    stub.fill()
    return stub


@pytest.fixture
def desk_url(desk_service: tuple[str, Stub]) -> str:
    """The desk's address."""
    return f"{desk_service[0]}/desk"


@pytest_asyncio.fixture
async def sign_in(browser: Browser, desk: Stub, desk_url: str) -> AsyncIterator[SignIn]:
    """Makes a browser of its own for a member of staff, signed in and in the inbox."""
    contexts = []

    async def open_desk(name: str, width: int = 1280) -> Page:
        context = await browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = await context.new_page()
        await page.goto(desk_url)
        await page.get_by_label("Name").fill(name)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/desk/inbox")
        return page

    yield open_desk
    for context in contexts:
        await context.close()
