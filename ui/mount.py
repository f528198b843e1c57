"""The pages on the gateway's app: the staff desk, and the patron page at "/".

The patron page is Gradio with every door shut that the page does not need.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount

from ui.client import GatewayClient
from ui.comparing import build_comparing
from ui.desk.app import build_desk
from ui.desk.client import DeskClient
from ui.guard import PageGuard
from ui.patron import build_patron
from ui.shell import Shell

FONT = (
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Helvetica",
    "Arial",
    "sans-serif",
)
FONT_MONO = ("ui-monospace", "Consolas", "monospace")


def mount_desk(app: FastAPI, base_url: str) -> None:
    """Put the staff desk at "/desk" of `app`, before the patron page; it speaks to `base_url` over HTTP."""
    client = DeskClient(base_url)
    app.add_route("/desk", _open_desk, include_in_schema=False)
    app.mount("/desk", build_desk(client))
    _close_at_end(app, client.close)


def mount_patron(app: FastAPI, base_url: str, key: str = "") -> None:
    """Put the patron page at "/" of `app`, after all other routes; it speaks to `base_url` over HTTP.

    Everything under "/" that no other route answers then comes to the page's guard.
    """
    mount_comparing(app, base_url, key)
    client = GatewayClient(base_url, key)
    _forbid_foreign_origins(app)
    gr.mount_gradio_app(
        app,
        build_patron(client),
        path="/",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=["/"],
        show_error=False,
        max_file_size="1kb",
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=gr.themes.Base(font=list(FONT), font_mono=list(FONT_MONO)),
        app_kwargs={"openapi_url": None},
    )
    mount = app.router.routes[-1]
    assert isinstance(mount, Mount), "gradio mounts the page as the last route"
    mount.app = PageGuard(mount.app, Shell(client))
    _close_at_end(app, client.close)


def mount_comparing(app: FastAPI, base_url: str, key: str) -> None:
    """Put the patrons' page for comparing answers at "/compare"."""
    client = DeskClient(base_url)
    app.mount("/compare", build_comparing(client, key))
    _close_at_end(app, client.close)


async def _open_desk(request: Request) -> Response:
    return RedirectResponse(request.scope.get("root_path", "") + "/desk/", status_code=303)


def _forbid_foreign_origins(app: FastAPI) -> None:
    """Without CORS rules on the parent, Gradio answers any Origin with its own permission."""
    kinds: list[object] = [middleware.cls for middleware in app.user_middleware]
    if CORSMiddleware not in kinds:
        app.add_middleware(CORSMiddleware, allow_origins=[], allow_methods=[], allow_headers=[])


def _close_at_end(app: FastAPI, close: Callable[[], Awaitable[None]]) -> None:
    opened = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with opened(app) as state:
            try:
                yield state
            finally:
                await close()

    app.router.lifespan_context = lifespan
