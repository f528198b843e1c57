"""A study as a picture: points with their bounds, as SVG that needs no program to be drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 360, 70, 20, 48, 64
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """One point: its place from left to right (0 to 1), a label below it, the value and its bounds."""

    place: float
    label: str
    value: float
    low: float
    high: float


def draw(title: str, said: str, unit: str, marks: Sequence[Mark], *, line: bool) -> str:
    """The picture; `said` describes it for who does not see it. Values that are not known are left out."""
    known = [mark for mark in marks if all(map(math.isfinite, (mark.value, mark.low, mark.high)))]
    low, high = _find_range([edge for mark in known for edge in (mark.low, mark.high)])
    return "\n".join(_draw(title, said, unit, known, low, high, line=line)) + "\n"


def _draw(
    title: str, said: str, unit: str, marks: Sequence[Mark], low: float, high: float, *, line: bool
) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12" fill="#222">'
    )
    yield f"<title>{escape(title)}</title><desc>{escape(said)}</desc>"
    yield f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    yield f'<text x="{_LEFT}" y="20" font-size="15">{escape(title)}</text>'
    yield f'<text x="{_LEFT}" y="38" fill="#555">{escape(unit)}</text>'

    def down(value: float) -> float:
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low), 1)

    for tick in range(_TICKS):
        value = low + (high - low) * tick / (_TICKS - 1)
        yield (
            f'<path d="M{_LEFT} {down(value)}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{down(value) + 4}" text-anchor="end">{value:.3g}</text>'
        )
    across = [round(_LEFT + 20 + (_WIDTH - _LEFT - _RIGHT - 40) * mark.place, 1) for mark in marks]
    if line and marks:
        path = " ".join(f"{x},{down(mark.value)}" for x, mark in zip(across, marks, strict=True))
        yield f'<polyline points="{path}" fill="none" stroke="#1f5f8b" stroke-width="2"/>'
    for x, mark in zip(across, marks, strict=True):
        yield (
            f'<path d="M{x} {down(mark.low)}V{down(mark.high)}" stroke="#1f5f8b"/>'
            f'<circle cx="{x}" cy="{down(mark.value)}" r="4" fill="#1f5f8b"/>'
        )
        yield from _write_label(x, mark.label)
    yield "</svg>"


def _write_label(x: float, label: str) -> Iterator[str]:
    for place, words in enumerate(label.split("\n")):
        y = _HEIGHT - _BOTTOM + 18 + 14 * place
        yield f'<text x="{x}" y="{y}" text-anchor="middle" font-size="11">{escape(words)}</text>'


def _find_range(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - room, high + room
