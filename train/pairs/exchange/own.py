"""A pair whole, beside what a form of other makers has a place for, so that it comes back as it was.

Whoever changes the visible part of such a file changes the pair: a part that still looks as the pair would
be written is the pair's, any other is what the file says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from train.pairs.exchange.assembly import MOST_CHARACTERS, MOST_EVIDENCE, MOST_TURNS, assemble
from train.pairs.exchange.headers import Field
from train.pairs.pair import Earlier, Evidence, Pair

KEY = "reading_room_pair"
"""The key, or the beginning of the columns' names, that a pair stands under."""
_PAIR = frozenset(field.name for field in fields(Pair))
_CHOICES = {
    "kind": ("answer", "refusal"),
    "origin": ("feedback", "staff", "import", "draft"),
    "consent": ("patron", "staff", "file", "none"),
}
_DANGEROUS = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "=+-@;|\x7f"})


def dump_pair(pair: Pair) -> dict[str, Any]:
    """A pair as a JSON object."""
    return asdict(pair)


def load_pair(value: object) -> Pair | None:
    """The pair that `dump_pair` made the object of; None for anything else."""
    try:
        return _load(value)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def dump_cell(pair: Pair) -> str:
    """A pair as one line of ASCII without any sign that a spreadsheet program could take for more."""
    plain = json.dumps(dump_pair(pair), separators=(",", ":"))
    return plain.translate(_DANGEROUS).replace("_x", "\\u005fx")  # _x0041_ is an escape in XLSX


def load_cell(text: str) -> Pair | None:
    """The pair of a `dump_cell`; None for anything else."""
    try:
        return load_pair(json.loads(text))
    except (ValueError, RecursionError):
        return None


def change(own: Pair, found: Mapping[Field, Any], shown: Mapping[Field, Any]) -> Pair:
    """`own` with the parts changed in which the file differs from what was written of it. Raises Misfit.

    `found` are parts of a pair as the file has them, `shown` the same read from what `own` is written as.
    """
    changed = {name: value for name, value in found.items() if value != shown[name]}
    if "evidence" in changed:
        known = dict(zip(shown["evidence"], own.evidence, strict=False))
        changed["evidence"] = [known.get(item, item) for item in changed["evidence"]]
    return assemble(changed, own) if changed else own


def _load(value: object) -> Pair:
    """Raises TypeError, ValueError, KeyError and AttributeError for what is no pair."""
    if not isinstance(value, dict) or set(value) != _PAIR:
        raise ValueError
    parts: dict[str, Any] = dict(value)
    parts["evidence"] = tuple(
        Evidence(**{**item, "breadcrumb": tuple(item["breadcrumb"])}) for item in value["evidence"]
    )
    parts["history"] = tuple(Earlier(**item) for item in value["history"])
    pair = Pair(**parts)
    for name, choices in _CHOICES.items():
        if getattr(pair, name) not in choices:
            raise ValueError
    texts = [parts[name] for name in _PAIR - {"evidence", "history"}]
    for turn in pair.history:
        if turn.role not in ("user", "assistant"):
            raise ValueError
        texts.append(turn.content)
    for item in pair.evidence:
        texts += [item.record_id, item.collection_id, item.heading, item.text, item.source, *item.breadcrumb]
        if not isinstance(item.public, bool):
            raise ValueError
    for text in texts:
        text.encode()
        if "\x00" in text or len(text) > MOST_CHARACTERS["passages"]:
            raise ValueError
    for name in ("question", "answer"):
        if not parts[name].strip() or len(parts[name]) > MOST_CHARACTERS[name]:
            raise ValueError
    if len(pair.evidence) > MOST_EVIDENCE or len(pair.history) > MOST_TURNS:
        raise ValueError
    return pair
