"""Slips of machine reading (OCR) in the text of a passage: what scanned letters and newspapers look like."""

from __future__ import annotations

from random import Random

_SLIPS = (
    ("rn", "m"),
    ("m", "rn"),
    ("h", "b"),
    ("e", "c"),
    ("l", "1"),
    ("I", "l"),
    ("o", "0"),
    ("S", "5"),
    ("cl", "d"),
    ("ii", "n"),
    ("u", "n"),
    ("n", "u"),
    ("f", "t"),
    ("s", "f"),
    (", ", " . "),
    (" ", ""),
    (". ", ".  "),
)


def add_slips(text: str, rng: Random, rate: float = 0.03) -> str:
    """`text` with about one slip in 1/`rate` characters; capitals at the start of names mostly stay."""
    for _ in range(max(1, int(len(text) * rate))):
        right, wrong = rng.choice(_SLIPS)
        at = text.find(right, rng.randrange(len(text)) if text else 0)
        if at >= 0:
            text = text[:at] + wrong + text[at + len(right) :]
    return text
