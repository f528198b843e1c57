"""The page as it is served: what may be reached, what its headers forbid, what its colours are."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import ui
from serve.schemas import CollectionInfo, FeedbackRequest
from ui.client import GatewayClient
from ui.guard import HEADERS, MOST_BODY_BYTES
from ui.patron import UPDATE_SECONDS, build_patron
from ui.patron_feedback import make_key
from ui.scope import read_options, read_year
from ui.shell import Shell
from ui.wording import REASONS, suggest_questions

CSS = (Path(ui.__file__).parent / "page.css").read_text()


async def get(url: str, path: str, **options: Any) -> tuple[int, dict[str, str], str]:
    """Status, headers (lower case) and body of one request; no redirect is followed."""
    method = options.pop("method", "GET")
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, allow_redirects=False, **options) as response,
    ):
        return response.status, {k.lower(): v for k, v in response.headers.items()}, await response.text()


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/upload", "/gradio_api/upload_progress?upload_id=1", "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=https://example.org/", "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=https://x.hf.space/", "/gradio_api/runs", "/gradio_api/runs/", "/gradio_api/run/answer",
        "/gradio_api/run-history/records", "/gradio_api/call/answer", "/gradio_api/call/v2/answer",
        "/gradio_api/api/answer", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/deep_link",
        "/gradio_api/component_server", "/gradio_api/process_recording", "/gradio_api/stream/x",
        "/gradio_api/vibe-code", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/vibe-edit", "/gradio_api/dev/reload", "/gradio_api/token",
        "/gradio_api/user", "/gradio_api/login_check", "/gradio_api/app_id", "/gradio_api/mcp/sse",
        "/gradio_api/custom_component/x/client/component/a.js", "/gradio_api/profiling/traces",
        "/gradio_api/startup-events", "/gradio_api/theme.css", "/gradio_api/heartbeat/../upload",
        "/config", "/favicon.ico", "/config/", "/login", "/login/", "/logout", "/monitoring", "/monitoring/summary", "/svelte/x.js",
        "/manifest.json", "/pwa_icon", "/openapi.json", "/docs", "/redoc", "/assets/../index.html",
        "/assets/%2e%2e/index.html", "/static/..%2f..%2fetc/passwd", "//gradio_api/upload", "/GRADIO_API/upload",
        "/gradio_api//upload", "/index.html", "/queue/join", "/file=/etc/passwd",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
async def test_what_the_page_does_not_need_is_not_there(url: str, path: str, method: str) -> None:
    status, _, body = await get(url, path, method=method)
    assert status == 404
    assert json.loads(body)["error"]["message"] == "There is nothing at this address."


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_the_page_itself_is_only_read(url: str, method: str) -> None:
    assert (await get(url, "/", method=method))[0] == 404


async def test_an_upload_writes_nothing(url: str, tmp_path: Path) -> None:
    form = aiohttp.FormData()
    form.add_field("files", b"x" * 100_000, filename="a.txt")
    assert (await get(url, "/gradio_api/upload", method="POST", data=form))[0] == 404


async def test_every_reply_of_the_page_carries_the_security_headers(url: str) -> None:
    for path in ("/", "/page.css", "/page.js", "/theme.css", "/config", "/robots.txt"):
        _, headers, _ = await get(url, path)
        for name, value in HEADERS.items():
            assert headers[name.lower()] == value, (path, name)
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_the_policy_allows_no_inline_code_no_eval_and_no_other_site(url: str) -> None:
    _, headers, html = await get(url, "/")
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["connect-src"] == "'self'"
    assert "unsafe" not in policy["script-src"] and policy["img-src"] == "'self' data:"
    assert policy["script-src"].count("'sha256-") == len(re.findall(r"<script(?![^>]*src=)", html))
    assert not re.findall(r"https?://", policy["script-src"] + policy["style-src"] + policy["connect-src"])
    assert headers["cache-control"] == "no-store"


async def test_the_document_names_the_library_and_no_other_site(url: str) -> None:
    _, _, html = await get(url, "/")
    shown = re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)
    assert "<title>Harrow Point Library, Special Collections</title>" in html
    assert re.search(r'<html\s+lang="en"', html)
    assert "Questions are not kept. Feedback that you send is kept for 365 days." in shown
    assert "small model that comes with this service" in shown
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", shown) == []
    for word in ("huggingface", "og:image", "twitter", "gradio.app", "fonts.googleapis"):
        assert word not in shown


async def test_gradios_own_settings_are_the_closed_ones(url: str) -> None:
    _, _, html = await get(url, "/")
    found = re.search(r"window\.gradio_config = (\{.*?\});</script>", html)
    assert found
    config = json.loads(found[1])
    wanted = {
        "analytics_enabled": False, "footer_links": [], "run_history": False, "show_error": False, "pwa": False,
        "max_file_size": 1024, "vibe_mode": False, "dev_mode": False, "stylesheets": [],
    }  # fmt: skip
    assert {name: config[name] for name in wanted} == wanted
    assert {dependency["api_visibility"] for dependency in config["dependencies"]} == {"private"}
    kinds = {component["type"] for component in config["components"]}
    assert kinds.isdisjoint({"html", "file", "image", "uploadbutton", "downloadbutton", "chatbot"})
    for component in config["components"]:
        if component["type"] == "markdown":
            assert component["props"]["sanitize_html"] is True


@pytest.mark.parametrize("query", ["?view=api", "?view=settings", "?deep_link=x", "?__theme=dark"])
async def test_gradios_other_views_are_turned_away(url: str, query: str) -> None:
    status, headers, _ = await get(url, "/" + query)
    assert (status, headers["location"]) == (303, "/")


@pytest.mark.parametrize("host", ["127.0.0.1", "reading.library.example"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_no_foreign_origin_is_given_leave(url: str, host: str, method: str) -> None:
    headers = {"Host": host, "Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    _, replied, _ = await get(url, "/", method=method, headers=headers)
    assert "access-control-allow-origin" not in replied
    assert "access-control-allow-credentials" not in replied


async def test_a_huge_post_is_refused_before_gradio_reads_it(url: str) -> None:
    body = json.dumps({"data": ["x" * MOST_BODY_BYTES], "fn_index": 0, "session_hash": "a"})
    headers = {"Content-Type": "application/json"}
    assert (await get(url, "/gradio_api/queue/join", method="POST", data=body, headers=headers))[0] == 413


async def test_assets_may_be_kept_and_our_files_change_their_address(url: str) -> None:
    _, _, html = await get(url, "/")
    for path in re.findall(r'(?:href|src)="\./((?:assets|page)[^"]+)"', html):
        status, headers, _ = await get(url, "/" + path)
        assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert re.search(r'src="\./page\.js\?[0-9a-f]{12}"', html)


async def test_the_page_is_there_while_the_gateway_is_not() -> None:
    client = GatewayClient("http://127.0.0.1:9")
    shell = Shell(client)
    sent: list[Any] = []

    async def gradio(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send(
            {"type": "http.response.body", "body": b"<html><head></head><gradio-app></gradio-app></html>"}
        )

    async def keep(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.sleep(60)

    await shell.document(gradio)({"type": "http", "method": "GET", "headers": []}, receive, keep)
    await client.close()
    assert sent[0]["status"] == 200 and b"<h1>Reading Room</h1>" in sent[1]["body"]


async def test_the_queue_is_bounded_and_answers_share_one_limit() -> None:
    blocks = build_patron(GatewayClient("http://127.0.0.1:9"))
    assert blocks._queue.ANALYTICS_MAX_EVENTS == 1, "gradio keeps a record of 10,000 events else"
    assert blocks._queue.max_size == 128 and blocks._queue.default_concurrency_limit == 32
    answering = [fn for fn in blocks.fns.values() if fn.name == "answer"]
    assert len(answering) == 4 and {fn.concurrency_id for fn in answering} == {"answers"}
    assert 1 / UPDATE_SECONDS <= 15


@pytest.mark.parametrize(
    ("first", "last", "read"),
    [
        ("", None, (None, None)),
        ("1905", "", (1905, None)),
        ("1910", " 1905 ", (1905, 1910)),
        ("-44", "14", (-44, 14)),
    ],
)
def test_years_are_read(first: str | None, last: str | None, read: tuple[int | None, int | None]) -> None:
    filters = read_options([], first, last).filters
    assert (filters.year_from, filters.year_to) == read


@pytest.mark.parametrize("text", ["190x", "3001", "19050", "1905.5", "１９０５", "--5"])
def test_what_is_no_year_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is not a year. Please write it like 1905"):
        read_year(text)


def test_suggested_questions_ask_for_what_is_there() -> None:
    def described(title: str, records: int, abstract: str) -> CollectionInfo:
        return CollectionInfo(
            id=title, title=title, call_number="", repository="", dates="", extent="", records=records,
            abstract=abstract, url="",
        )  # fmt: skip

    collections = [
        described("The Mill Records", 5, "Ledgers."),
        described("Marsh Papers", 90, "Letters and photographs."),
        described("Frayne Studio", 20, "Photographs of Harrow Point."),
        described("A title as long as a sentence, which nobody would ever ask for in these words", 999, ""),
    ]
    assert suggest_questions(collections) == [
        "What is in the Marsh Papers?",
        "Which photographs are in the Frayne Studio?",
        "What is in the Mill Records?",
    ]
    assert suggest_questions([]) == []


def test_the_feedback_key_stays_for_the_same_words_and_changes_with_them() -> None:
    request = FeedbackRequest(
        answer_id="a", idempotency_key="-", thumb="down", reasons=["other"], comment="No."
    )
    assert make_key(request) == make_key(request.model_copy(update={"question": "q", "answer": "a"}))
    assert make_key(request) != make_key(request.model_copy(update={"comment": "No!"}))
    assert make_key(request) != make_key(request.model_copy(update={"answer_id": "b"}))


def test_every_reason_of_the_wire_has_words_but_the_one_a_button_says() -> None:
    reasons = FeedbackRequest.model_json_schema()["properties"]["reasons"]["items"]["enum"]
    assert set(REASONS) == set(reasons) - {"helpful"}


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_it_is_written_on(scheme: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0 if scheme == "light" else 1]))
    assert len(colours) == 12
    for text, ground in product(("ink", "quiet", "accent"), ("paper", "card", "tint")):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for text, ground in (
        ("on-accent", "accent"),
        ("warn", "warn-tint"),
        ("ink", "warn-tint"),
        ("warn", "paper"),
    ):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for edge, ground in product(("edge", "focus"), ("paper", "card")):
        assert contrast(colours[edge], colours[ground]) >= 3, (edge, ground)


def test_the_style_sheet_and_script_fetch_nothing() -> None:
    script = (Path(ui.__file__).parent / "page.js").read_text()
    for word in (
        "http:",
        "https:",
        "//cdn",
        "@import",
        "url(",
        "fetch(",
        "XMLHttpRequest",
        "localStorage",
        "innerHTML",
    ):
        assert word not in CSS and word not in script, word
