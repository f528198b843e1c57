"""A study's outcome as a table, as a picture and for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from train.card.card import Table
from train.curve.learning import Curve
from train.curve.measured import TOKENS, WHOLE
from train.curve.picture import Mark, draw
from train.curve.study import Found
from train.curve.tuning import Tuned
from train.evaluation.comparing import Figure
from train.lora.files import write_json, write_whole

JSON, SVG = "outcome.json", "outcome.svg"
_HEADINGS = (
    "Run",
    "Pairs",
    "Rate",
    "Rank",
    "Epochs",
    "Steps",
    "CPU s",
    "Loss (nats a token)",
    "Tokens foretold",
    "Whole answers foretold",
)
_LABELLED = 6


def make_table(title: str, found: Sequence[Found]) -> Table:
    """A row for each point; figures with their bounds, each by itself at 95 %."""
    return Table(title, _HEADINGS, tuple(map(_make_row, found)))


def write_curve(folder: Path, curve: Curve) -> None:
    """Write outcome.json and outcome.svg."""
    rows = (curve.base, *curve.found)
    _write(folder, curve.sentence, rows, {"outlook": curve.outlook, "gain": _plain(curve.gain)})
    most = max(one.pairs for one in rows)
    marks = [_mark(one, one.pairs / most, f"{one.pairs} pairs" if one.pairs else "untrained") for one in rows]
    _draw(folder, "Learning curve", curve.sentence, marks, line=True)


def write_tuned(folder: Path, tuned: Tuned) -> None:
    """Write outcome.json and outcome.svg."""
    rows = (tuned.given, *tuned.found)
    more = {
        "best": tuned.best.point.name,
        "settings": dict(tuned.best.point.settings),
        "gain": _plain(tuned.gain),
        "failed": [{"name": name, "problem": problem} for name, problem in tuned.failed],
    }
    _write(folder, tuned.sentence, (tuned.base, *rows), more)
    few = len(rows) <= _LABELLED
    marks = [
        _mark(
            one,
            place / max(1, len(rows) - 1),
            "\n".join(one.point.name.split(", ")) if few else str(place),
        )
        for place, one in enumerate(rows)
    ]
    _draw(folder, "Settings tried, in the order of the table", tuned.sentence, marks, line=False)


def _make_row(found: Found) -> tuple[str, ...]:
    figures = found.measured.estimate()
    recipe, steps = found.result.get("recipe") or {}, found.result.get("steps") or {}
    seconds = (found.result.get("seconds") or {}).get("cpu")
    return (
        found.point.name,
        str(found.pairs),
        f"{recipe['rate']:g}" if "rate" in recipe else "",
        str(recipe.get("rank", "")),
        str(recipe.get("epochs", "")),
        str(steps.get("done", "")),
        f"{seconds:.0f}" if isinstance(seconds, int | float) else "",
        _show(figures["loss"], 1, 3),
        _show(figures[TOKENS], 100, 1),
        _show(figures[WHOLE], 100, 1),
    )


def _show(figure: Figure, times: float, digits: int) -> str:
    value, low, high = (f"{times * one:.{digits}f}" for one in (figure.value, figure.low, figure.high))
    sign = " %" if times == 100 else ""
    bounds = f"{low} to {high}" if math.isfinite(figure.low) else "bounds not known"
    return f"{value}{sign} ({bounds}; {figure.count})"


def _mark(found: Found, place: float, label: str) -> Mark:
    figure = found.measured.estimate()[TOKENS]
    return Mark(place, label, 100 * figure.value, 100 * figure.low, 100 * figure.high)


def _draw(folder: Path, title: str, said: str, marks: Sequence[Mark], *, line: bool) -> None:
    unit = "% of the tokens of held-out answers foretold; bars: bounds, each at 95 %"
    write_whole(folder / SVG, draw(title, said, unit, marks, line=line).encode())


def _write(folder: Path, sentence: str, rows: Sequence[Found], more: dict[str, Any]) -> None:
    told = [
        {
            "name": one.point.name,
            "pairs": one.pairs,
            "settings": dict(one.point.settings),
            "recipe": one.result.get("recipe") or {},
            "seconds": one.result.get("seconds") or {},
            "figures": {name: _plain(figure) for name, figure in one.measured.estimate().items()},
        }
        for one in rows
    ]
    write_json(folder / JSON, {"sentence": sentence, **more, "points": told})


def _plain(figure: Figure) -> dict[str, float | int | None]:
    """Numbers that are not known as null."""
    values = {"value": figure.value, "low": figure.low, "high": figure.high}
    known = {key: value if math.isfinite(value) else None for key, value in values.items()}
    return {**known, "count": figure.count, "clusters": figure.clusters}
