"""Hostile text in every field that staff see is text, and no more."""

from __future__ import annotations

from playwright.async_api import Browser

from tests.ui.desk.barrage import look_at_rooms, open_page
from tests.ui.desk.stub_desk import Stub
from tests.ui.desk.stub_rooms import ROOMS
from tests.ui.payloads import PAYLOADS


async def test_nothing_in_any_field_runs_or_asks_elsewhere(
    browser: Browser, desk: Stub, desk_url: str
) -> None:
    async with open_page(browser, desk, desk_url) as page:
        outcome = await look_at_rooms(page, desk, desk_url, PAYLOADS[:1000], rounds=1)
    assert outcome.pages == len(ROOMS) and outcome.fields > 300
    assert (outcome.payloads_run, outcome.outside_requests) == (0, 0), outcome.remarks[:5]
