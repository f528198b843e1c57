"""Sources as cards: a native <details> each, with everything a reader needs to ask for the item."""

from __future__ import annotations

from collections.abc import Sequence

from serve.schemas import Source
from ui.plain import escape, escape_lines, isolate, local_address, outside_address

MOST_PASSAGE = 1_200
"""Characters of a passage shown in a card; the record page has all of it."""

_NEW_TAB = '<span class="unseen"> (opens in a new tab)</span>'


def source_id(turn: int, number: int) -> str:
    """The id of a source's card; [n] in the turn's answer points there."""
    return f"turn-{turn}-source-{number}"


def render_sources(
    heading: str, sources: Sequence[Source], turn: int, *, open_first: bool = False, folded: bool = False
) -> str:
    """A list of cards under a heading, "" for none; `folded` puts the whole list behind the heading."""
    if not sources:
        return ""
    cards = "".join(
        render_source(source, turn, opened=open_first and position == 0)
        for position, source in enumerate(sources)
    )
    count = f'<span class="count">{len(sources)}</span>'
    if folded:
        return (
            f'<details class="more"><summary>{escape(heading)} {count}</summary>'
            f'<div class="sources">{cards}</div></details>'
        )
    return f'<h3 class="list-heading">{escape(heading)} {count}</h3><div class="sources">{cards}</div>'


def render_source(source: Source, turn: int, *, opened: bool) -> str:
    """One card. Its summary line says what and where; the rest opens below it."""
    place = _container(source)
    where = " · ".join(part for part in (place, escape(source.collection)) if part)
    dates = f'<span class="dates">{escape(source.dates)}</span>' if _shows_dates(source) else ""
    return (
        f'<details class="source" id="{source_id(turn, source.number)}"{" open" if opened else ""}>'
        f'<summary><span class="number"><span class="unseen">Source </span>{source.number}</span>'
        f'<span class="head"><span class="title">{isolate(source.title) or "Untitled"}</span>{dates}'
        f'<span class="where">{where}</span></span></summary>'
        f'<div class="card">{_passage(source)}{_facts(source)}{_actions(source)}</div></details>'
    )


def _shows_dates(source: Source) -> bool:
    return bool(source.dates) and source.dates not in source.title


def _container(source: Source) -> str:
    if not source.container:
        return ""
    return escape(source.container) + (" (inferred)" if source.container_inferred else "")


def _passage(source: Source) -> str:
    text = source.passage.strip()
    if text in ("", source.title, f"{source.title}, {source.dates}"):
        return ""
    cut = text if len(text) <= MOST_PASSAGE else text[:MOST_PASSAGE].rsplit(" ", 1)[0] + " …"
    return f'<blockquote dir="auto">{escape_lines(cut)}</blockquote>'


def _facts(source: Source) -> str:
    access = isolate(source.access) if source.access else "Nothing is stated here. Please ask the staff."
    if source.closure:
        access = f"<strong>{escape(source.closure)}</strong> {access if source.access else ''}"
    if source.access and source.access_from:
        access += f' <span class="stated">Stated for: {isolate(source.access_from)}</span>'
    above = [] if source.breadcrumb == [source.collection] else source.breadcrumb
    crumbs = " <span>›</span> ".join(isolate(part) for part in above)
    rows = [
        ("Dates", escape(source.dates)),
        ("Container", _container(source)),
        ("Call number", escape(source.call_number)),
        ("Collection", isolate(source.collection) if source.collection else ""),
        ("Found under", crumbs),
        ("Repository", isolate(source.repository) if source.repository else ""),
        ("Access", access),
        ("Use", isolate(source.use) if source.use else ""),
    ]
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value) + "</dl>"


def _actions(source: Source) -> str:
    links = ""
    if address := local_address(source.record_url):
        links += f'<a href="{address}">Full record{_NEW_TAB}</a>'
    if address := outside_address(source.catalogue_url):
        links += f'<a href="{address}">In the catalogue{_NEW_TAB}</a>'
    citation = ""
    if source.citation:
        links += '<button type="button" class="copy">Copy citation</button>'
        citation = f'<p class="citation" dir="auto">{escape(source.citation)}</p>'
    return f'{citation}<div class="actions">{links}</div>'
