"""The page's document: Gradio's own, with our heading in it, its metadata out, and a strict policy.

The heading is there before any script has run, so that the page says at once what it is.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import time
from pathlib import Path

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.schemas import ServiceInfo
from ui.client import GatewayClient, GatewayError
from ui.plain import escape

HERE = Path(__file__).parent
BUNDLED = "Answers are written by the small model that comes with this service; it is for trying it out."
COMPARE = "Help the library: say which of two answers is better."
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' "
    "height='32' rx='6' fill='%237b2d26'/%3E%3Cpath d='M16 10c-2-2-5-2.5-8-2.5v14c3 0 6 .5 8 2.5 2-2 5-2.5 "
    "8-2.5v-14c-3 0-6 .5-8 2.5zm0 0v14' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E"
)
"""An open book."""
KNOWN_SECONDS = 15
"""How long what the gateway says about the service is taken as still true."""

_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL)
_NOT_OURS = re.compile(
    r"""<meta\s+(?:property|name)="(?:og|twitter):.*?/>\s*|<link\s+rel="manifest"[^>]*>\s*""", re.DOTALL
)


class Shell:
    """Makes the document, and serves the style sheet and the script that belong to it."""

    def __init__(self, client: GatewayClient) -> None:
        self._client = client
        self._service: ServiceInfo | None = None
        self._asked = float("-inf")
        self._files = {
            "/page.css": ((HERE / "page.css").read_bytes(), "text/css"),
            "/page.js": ((HERE / "page.js").read_bytes(), "text/javascript"),
        }
        self._stamp = hashlib.sha256(b"".join(body for body, _ in self._files.values())).hexdigest()[:12]

    def file(self, path: str) -> Response | None:
        """One of our own files, None for any other path."""
        if path == "/robots.txt":
            return PlainTextResponse("User-agent: *\nAllow: /$\nDisallow: /\n")
        if path not in self._files:
            return None
        body, kind = self._files[path]
        return Response(
            body, media_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    def document(self, gradio: ASGIApp) -> ASGIApp:
        """An app that answers with Gradio's document made ours."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            status, body = await _collect(gradio, scope, receive)
            if status != 200:
                await PlainTextResponse("The page cannot be shown at the moment.", 503)(scope, receive, send)
                return
            html = dress(body.decode(), await self._know_service(), self._stamp)
            headers = {"Content-Security-Policy": write_policy(html), "Cache-Control": "no-store"}
            content = html.encode()
            if b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b""):
                content = gzip.compress(content, compresslevel=5)
                headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            await Response(content, media_type="text/html", headers=headers)(scope, receive, send)

        return answer

    async def _know_service(self) -> ServiceInfo | None:
        """The last that was heard, asked for again now and then."""
        if time.monotonic() - self._asked > KNOWN_SECONDS:
            try:
                self._service = await self._client.service()
                self._asked = time.monotonic()
            except GatewayError:
                pass
        return self._service


def dress(document: str, service: ServiceInfo | None, stamp: str) -> str:
    """Gradio's document with our heading, foot, style and script, and nothing that names other sites."""
    title = escape(service.library_name) if service else "Reading Room"
    head = (
        f'<title>{title}</title><meta name="description" content="Ask the special collections.">'
        f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{ICON}">'
        f'{_render_idle(service)}<link rel="stylesheet" href="./page.css?{stamp}">'
        f'<script src="./page.js?{stamp}" defer></script>'
    )
    document = _NOT_OURS.sub("", document)
    document = document.replace("</head>", head + "</head>", 1)
    document = document.replace("<gradio-app", _render_heading(service) + "<gradio-app", 1)
    return document.replace("</gradio-app>", "</gradio-app>" + _render_foot(service), 1)


def write_policy(document: str) -> str:
    """The content security policy: our own files, the document's own inline scripts by hash, no eval."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(found['body'].encode()).digest()).decode()}'"
        for found in _SCRIPT.finditer(document)
        if "src=" not in found["attributes"]
    )
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}",
            # Gradio sets style attributes and adds style elements while it runs.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _render_heading(service: ServiceInfo | None) -> str:
    name = escape(service.library_name) if service else "Reading Room"
    return (
        '<a class="skip" href="#question">Skip to the question box</a>'
        f'<header id="masthead"><h1>{name}</h1>'
        "<p>Ask the collections in your own words. Answers quote the records and say where things are; "
        "please check them against the sources.</p></header>"
        "<noscript><style>gradio-app{display:none!important}</style>"
        "<p>This page needs JavaScript. Please ask the library staff, or turn it on.</p></noscript>"
    )


def _render_idle(service: ServiceInfo | None) -> str:
    """For page.js: minutes after which a session on a shared computer ends."""
    if service is None or not service.shared_terminal:
        return ""
    return f'<meta name="reading-room-idle" content="{service.idle_minutes:g}">'


def _render_foot(service: ServiceInfo | None) -> str:
    if service is None:
        return ""
    lines = [service.privacy_notice, service.ask_staff]
    if service.bundled_reader:
        lines.append(BUNDLED)
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    if service.comparing:
        paragraphs += f'<p><a href="./compare/">{COMPARE}</a></p>'
    return f'<footer id="foot">{paragraphs}</footer>'


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[int, bytes]:
    """Run an app for its whole reply, uncompressed."""
    status, body = 500, bytearray()

    async def keep(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    await app({**scope, "method": "GET", "headers": headers}, receive, keep)
    return status, bytes(body)
