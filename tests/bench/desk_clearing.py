"""Clear an inbox of 200 items with the keyboard, and count what a curator does.

    python -m tests.bench.desk_clearing [--items 200]

An action is one key pressed for its own sake, or one text typed, however long. Of ten items four are good,
two are ignored, one is not in the collections, one has a wrong source, two are fixed: a text typed, a passage
ticked. Prints one line of JSON: actions an item, by verdict, and seconds an item from key to next item.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from dataclasses import dataclass, field

from serve.settings import keep_private

keep_private()

from playwright.async_api import Page, async_playwright  # noqa: E402

from tests.ui.conftest import CHROMIUM  # noqa: E402
from tests.ui.desk.barrage import open_page  # noqa: E402
from tests.ui.desk.stub_desk import Stub, build_stub  # noqa: E402
from tests.ui.desk.stub_rooms import add_rooms  # noqa: E402
from tests.ui.stub_gateway import listen, serving  # noqa: E402
from ui.mount import mount_desk  # noqa: E402

TEN = ("good", "ignore", "good", "fix", "not_held", "good", "wrong_source", "ignore", "fix", "good")
ANSWER = "Ellen Marsh wrote of the flood to her brother [1]."


@dataclass
class Curator:
    """Somebody at the keyboard, whose actions are counted."""

    page: Page
    actions: int = 0
    by_verdict: dict[str, list[int]] = field(default_factory=dict)

    async def press(self, key: str) -> None:
        """One key."""
        self.actions += 1
        await self.page.keyboard.press(key)

    async def write(self, text: str) -> None:
        """One text."""
        self.actions += 1
        await self.page.keyboard.insert_text(text)

    async def judge(self, verdict: str, following: str) -> None:
        """One item, until the next one is there."""
        before = self.actions
        if verdict == "fix":
            await self.press("f")
            await self.press("Control+a")
            await self.write(ANSWER)
            await self.press("Tab")
            await self.press("Space")
            await self.press("Shift+Tab")
            await self.press("Control+Enter")
        elif verdict == "wrong_source":
            await self.press("w")
            await self.press("Enter")
        else:
            await self.press({"good": "g", "ignore": "i", "not_held": "n"}[verdict])
        await self.page.wait_for_url(following)
        self.by_verdict.setdefault(verdict, []).append(self.actions - before)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=200)
    print(json.dumps(asyncio.run(measure(parser.parse_args().items))))


async def measure(items: int) -> dict[str, object]:
    """The figures, by name."""
    stub = Stub()
    stub.fill(items)
    app = build_stub(stub, add_rooms)
    listener = listen()
    mount_desk(app, f"http://127.0.0.1:{listener.getsockname()[1]}")
    chromium = next(path for path in CHROMIUM if os.access(path, os.X_OK))
    with serving(app, listener) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            async with open_page(browser, stub, f"{address}/desk") as page:
                curator, begun = Curator(page), time.monotonic()
                for number in range(items):
                    last = number == items - 1
                    following = "**/desk/inbox?was=*" if last else f"**/desk/inbox/g{number + 2}?was=*"
                    await curator.judge(TEN[number % len(TEN)], following)
                seconds = time.monotonic() - begun
            await browser.close()
    assert [one.verdict for one in stub.judged] == [TEN[number % len(TEN)] for number in range(items)]
    return {
        "items": items,
        "actions_per_item": round(curator.actions / items, 2),
        "actions_by_verdict": {name: sum(each) / len(each) for name, each in curator.by_verdict.items()},
        "seconds_per_item": round(seconds / items, 3),
    }


if __name__ == "__main__":
    main()
