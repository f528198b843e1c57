"""One stub gateway with the page mounted on it, and one real browser, for all tests of the pages."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from serve.settings import keep_private

keep_private()

from tests.ui.stub_gateway import Stub, build_stub, listen, serving  # noqa: E402
from ui.mount import mount_patron  # noqa: E402

expect.set_options(timeout=20_000)

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest_asyncio.fixture(scope="session")
async def stub_service() -> AsyncIterator[tuple[str, Stub]]:
    """The address of a service with the page, and the stub behind it.

    Made inside a running loop: Gradio makes loops of its own where there is none, and leaves them open.
    """
    stub = Stub()
    app = build_stub(stub)
    listener = listen()
    mount_patron(app, f"http://127.0.0.1:{listener.getsockname()[1]}")
    with serving(app, listener) as url:
        yield url, stub


@pytest.fixture
def stub(stub_service: tuple[str, Stub]) -> Stub:
    """The stub, with nothing asked of it yet."""
    stub = stub_service[1]
    stub.chats.clear()
    stub.feedback.clear()
    stub.forgotten.clear()
    stub.feedback_fails = 0
    stub.agreement_fails = False
    stub.shared_terminal = False
    stub.idle_minutes = 5
    for told in (stub.agreements, stub.ended, stub.deleted):
        told.clear()
    stub.dropped = 0
    return stub


@pytest.fixture
def url(stub_service: tuple[str, Stub]) -> str:
    """The service's address."""
    return stub_service[0]


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    found = [path for path in CHROMIUM if os.access(path, os.X_OK)]
    if not found:
        pytest.skip(f"no Chromium at {', '.join(CHROMIUM)}: install the distribution's chromium package")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found[0], args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def page(browser: Browser, stub: Stub, url: str) -> AsyncIterator[Page]:
    """A fresh visitor's page, open and ready. What goes wrong in the browser is in `page.complaints`."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = await context.new_page()
    await page.add_init_script(
        "window.violations = []; document.addEventListener('securitypolicyviolation', "
        "event => window.violations.push(event.violatedDirective + ' ' + event.blockedURI))"
    )
    await page.goto(url)
    await page.wait_for_selector("button.example")
    yield page
    await context.close()
