"""Charts as inline SVG, drawn on the server. The same numbers stand in a table beside each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import isfinite

from markupsafe import Markup, escape

from ui.plain import clean

Bar = tuple[str, int, int]
"""A label, how many were found, how many not."""
Point = tuple[int, float]
"""A step of a run, and the loss there."""

WIDTH = 820
HEIGHT = 190
BOTTOM = 22
LEFT = 46
LABEL = 240
ROW = 26
LONGEST = 32
CURVE_HEIGHT = 260
MOST_POINTS = 300
"""Points of a curve; of more, each drawn one is the mean of those it stands for."""


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


def draw_curves(train: Sequence[Point], valid: Sequence[Point]) -> Markup:
    """Two loss curves over the steps: of the lessons as a line, of the part held back with a dot at each."""
    train = thin([point for point in train if isfinite(point[1])], MOST_POINTS)
    valid = [point for point in valid if isfinite(point[1])]
    points = [*train, *valid]
    if not points:
        return Markup("")
    last = max(max(step for step, _ in points), 1)
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    margin = (high - low) * 0.06 or max(abs(high) * 0.06, 0.01)
    low, high = max(0.0, low - margin), high + margin
    floor, top = CURVE_HEIGHT - BOTTOM, 12

    def place(point: Point) -> tuple[float, float]:
        step, loss = point
        x = LEFT + (WIDTH - LEFT - 8) * min(max(step / last, 0.0), 1.0)
        return x, floor - (floor - top) * (loss - low) / (high - low)

    parts = [_line(LEFT, top, WIDTH, "grid"), _line(LEFT, (top + floor) / 2, WIDTH, "grid")]
    parts.append(_line(LEFT, floor, WIDTH, "axis"))
    parts += [
        _text(LEFT - 6, y + 4, f"{loss:.3g}", "end")
        for y, loss in ((top, high), ((top + floor) / 2, (low + high) / 2), (floor, low))
    ]
    parts.append(_path([place(point) for point in train], "lessons"))
    held = [place(point) for point in valid]
    parts.append(_path(held, "held"))
    parts += [Markup('<circle class="held" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(x, y) for x, y in held]
    parts.append(_text(LEFT, CURVE_HEIGHT - 5, "step 0", "start"))
    parts.append(_text(WIDTH, CURVE_HEIGHT - 5, f"step {last:,}", "end"))
    return _draw("Loss by step, of the lessons and of the part held back", CURVE_HEIGHT, parts)


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most so many points, each the mean of as many neighbours; the last step stays the last."""
    size = -(-len(points) // most) if points else 1
    parts = [points[at : at + size] for at in range(0, len(points), size)]
    return [(part[-1][0], sum(loss for _, loss in part) / len(part)) for part in parts]


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


def _path(places: Sequence[tuple[float, float]], kind: str) -> Markup:
    if len(places) < 2:
        return Markup("")
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, points)


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
