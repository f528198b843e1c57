"""Charts as inline SVG, drawn on the server. The same numbers stand in a table beside each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup, escape

from ui.plain import clean

Bar = tuple[str, int, int]
"""A label, how many were found, how many not."""

WIDTH = 820
HEIGHT = 190
BOTTOM = 22
LEFT = 46
LABEL = 240
ROW = 26
LONGEST = 32


def draw_days(days: Sequence[Bar]) -> Markup:
    """Days from left to right, found below and not found on top; labels are dates in ISO 8601."""
    most = max((found + absent for _, found, absent in days), default=0)
    if not most:
        return Markup("")
    top = round_up(most)
    step = (WIDTH - LEFT) / len(days)
    scale = (HEIGHT - BOTTOM - 12) / top
    floor = HEIGHT - BOTTOM
    parts = [_line(LEFT, floor - top * scale, WIDTH, "grid"), _line(LEFT, floor, WIDTH, "axis")]
    parts += [_text(LEFT - 6, floor - top * scale + 4, f"{top:,}", "end"), _text(LEFT - 6, floor, "0", "end")]
    width = max(step * 0.75, 1)
    for place, (_, found, absent) in enumerate(days):
        x = LEFT + place * step + (step - width) / 2
        parts.append(_box(x, floor - found * scale, width, found * scale, "found"))
        parts.append(_box(x, floor - (found + absent) * scale, width, absent * scale, "absent"))
    for place, anchor in ((0, "start"), (len(days) - 1, "end")):
        x = LEFT if place == 0 else WIDTH
        parts.append(_text(x, HEIGHT - 5, _name_day(days[place][0]), anchor))
    return _draw("Answers by day, found and not found", HEIGHT, parts)


def draw_bars(bars: Sequence[Bar]) -> Markup:
    """One bar for each label from left to right, found first."""
    most = max((found + absent for _, found, absent in bars), default=0)
    if not most:
        return Markup("")
    scale = (WIDTH - LABEL - 60) / most
    parts: list[Markup] = []
    for place, (label, found, absent) in enumerate(bars):
        y = place * ROW
        short = label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
        parts.append(_text(LABEL - 8, y + 17, short, "end"))
        parts.append(_box(LABEL, y + 4, found * scale, 18, "found"))
        parts.append(_box(LABEL + found * scale, y + 4, absent * scale, 18, "absent"))
        parts.append(_text(LABEL + (found + absent) * scale + 6, y + 17, f"{found + absent:,}", "start"))
    return _draw("Answers by collection, found and not found", len(bars) * ROW + 4, parts)


def round_up(number: int) -> int:
    """The next 1, 2 or 5 with zeros behind it, for the top of an axis."""
    unit = 1
    while True:
        for step in (1, 2, 5):
            if step * unit >= number:
                return step * unit
        unit *= 10


def _draw(title: str, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, title, Markup("").join(parts)
    )


def _box(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    if height <= 0 or width <= 0:
        return Markup("")
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        kind, x, y, width, height
    )


def _line(x: float, y: float, to: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        kind, x, y, to, y
    )


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, escape(clean(words))
    )


def _name_day(day: str) -> str:
    try:
        moment = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{moment.day} {moment:%b %Y}"
