"""Pages out of templates: whatever is put into them is plain text, and all of it can be seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from ui.desk import recipes, words
from ui.desk.measures import say_bytes, say_energy, say_points, say_share, say_span
from ui.plain import clean, local_address

HERE = Path(__file__).parent
FILES = {
    "desk.css": ((HERE / "static" / "desk.css").read_bytes(), "text/css"),
    "desk.js": ((HERE / "static" / "desk.js").read_bytes(), "text/javascript"),
    "desk.svg": ((HERE / "static" / "desk.svg").read_bytes(), "image/svg+xml"),
}
STAMP = hashlib.sha256(b"".join(body for body, _ in FILES.values())).hexdigest()[:12]


def render(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page; a value that a template names and nobody gave is an error, never an empty place."""
    return HTMLResponse(_PAGES.get_template(template).render(stamp=STAMP, **values), status_code=status)


def send_file(name: str) -> Response | None:
    """The style sheet, the script or the icon, None for any other name."""
    if name not in FILES:
        return None
    body, kind = FILES[name]
    return Response(body, media_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"})


def show_moment(value: str | datetime | None) -> str:
    """A moment as people write it, in UTC: "21 November 2026, 10:04"; what is no moment as it stands."""
    if not value:
        return ""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        return str(value)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def show_day(value: str | datetime | None) -> str:
    """The day of a moment: "21 November 2026"."""
    return show_moment(value).split(",")[0]


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 pair", "2 pairs"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def show_list(parts: Sequence[object]) -> str:
    """Several things in one line."""
    return ", ".join(str(part) for part in parts)


def show_json(value: object) -> str:
    """Details of any form, as plain text."""
    return json.dumps(value, ensure_ascii=False)


def _show(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _make_environment() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    pages.filters |= {"moment": show_moment, "day": show_day, "listed": show_list}
    pages.filters |= {"twice": lambda value: (value, value), "json": show_json}
    pages.filters |= {"span": say_span, "size": say_bytes, "energy": say_energy, "share": say_share}
    pages.filters |= {"points": say_points, "setting": recipes.show_value}
    pages.globals |= {"count": count, "words": words, "recipes": recipes}
    # HTML that is safe in an attribute, "" for what is no address of a record.
    pages.filters["record_page"] = lambda url: Markup(local_address(url))
    return pages


_PAGES = _make_environment()
