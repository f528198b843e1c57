"""1,000 hostile payloads in every field that staff see, and axe-core on every page of the desk.

    python -m tests.bench.desk_payloads [--payloads 1000] [--rounds N]

Ends with one line of JSON: payloads_run, outside_requests and axe_serious should all be 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time

from serve.settings import keep_private

keep_private()

from axe_playwright_python.async_playwright import Axe  # noqa: E402
from playwright.async_api import Page, async_playwright  # noqa: E402

from tests.ui.conftest import CHROMIUM  # noqa: E402
from tests.ui.desk.barrage import BLOCK, look_at_rooms, open_page  # noqa: E402
from tests.ui.desk.stub_desk import Stub, build_stub  # noqa: E402
from tests.ui.desk.stub_rooms import ROOMS, add_rooms  # noqa: E402
from tests.ui.payloads import PAYLOADS  # noqa: E402
from tests.ui.stub_gateway import listen, serving  # noqa: E402
from ui.mount import mount_desk  # noqa: E402

WIDTHS = (1280, 390)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--payloads", type=int, default=1000, help=f"at most {len(PAYLOADS)}")
    parser.add_argument("--rounds", type=int, help=f"default: as many as each field needs, {BLOCK} at a time")
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.payloads, arguments.rounds))))


async def measure(payloads: int, rounds: int | None) -> dict[str, object]:
    """The figures, by name."""
    stub = Stub()
    stub.fill()
    app = build_stub(stub, add_rooms)
    listener = listen()
    mount_desk(app, f"http://127.0.0.1:{listener.getsockname()[1]}")
    chromium = next(path for path in CHROMIUM if os.access(path, os.X_OK))
    with serving(app, listener) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            async with open_page(browser, stub, f"{address}/desk") as page:
                serious = await count_serious(page, f"{address}/desk")
                begun = time.monotonic()
                outcome = await look_at_rooms(
                    page, stub, f"{address}/desk", PAYLOADS[:payloads], rounds=rounds
                )
            await browser.close()
    for remark in [*serious, *outcome.remarks][:20]:
        print(remark)
    return {
        "payloads": outcome.payloads,
        "fields_filled": outcome.fields,
        "pages_opened": outcome.pages,
        "seconds": round(time.monotonic() - begun, 1),
        "payloads_run": outcome.payloads_run,
        "outside_requests": outcome.outside_requests,
        "axe_serious": len(serious),
    }


async def count_serious(page: Page, url: str) -> list[str]:
    """What axe-core calls serious or critical, on every page at both widths."""
    found = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        for path in ROOMS:
            await page.goto(url + path)
            violations = (await Axe().run(page)).response["violations"]
            found += [
                f"{path} at {width}: {one['id']}"
                for one in violations
                if one["impact"] in ("serious", "critical")
            ]
    return found


if __name__ == "__main__":
    main()
