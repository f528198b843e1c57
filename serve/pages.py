"""The plain pages of the service: a record, and a question tried without a model."""

from __future__ import annotations

from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from retrieval.prompt import UNSEEN


def render_page(
    template: str, *, status: int = 200, cache: str = "no-cache", **values: object
) -> HTMLResponse:
    """A page out of a template; whatever is put into it is plain text, and all of it can be seen.

    `cache` is the page's Cache-Control.
    """
    page = _PAGES.get_template(template).render(**values)
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": cache, "X-Robots-Tag": "noindex"})


def _show(value: object) -> object:
    """Text of a record without controls and changes of direction, which would show it as other than it is."""
    return UNSEEN.sub("", value) if isinstance(value, str) and not isinstance(value, Markup) else value


_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, finalize=_show
)
