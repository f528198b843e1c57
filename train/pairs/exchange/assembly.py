"""Values of a file, by field, made into a pair; what does not fit is said in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from retrieval.prompt import REFUSAL
from train.pairs.exchange.headers import Field
from train.pairs.exchange.prompt_form import read_passages
from train.pairs.exchange.reading import Misfit
from train.pairs.exchange.turns import read_turns
from train.pairs.pair import Consent, Earlier, Evidence, Kind, Origin, Pair

MOST_CHARACTERS: Mapping[str, int] = {
    "question": 8_000,
    "input": 8_000,
    "answer": 20_000,
    "passages": 400_000,
    "history": 400_000,
    "evidence": 20_000,
    "waiver": 2_000,
}
"""Longest values, in characters; `_MOST_OTHER` for the others."""
_MOST_OTHER = 300
MOST_EVIDENCE = 50
MOST_TURNS = 100

_TEXTS: tuple[Field, ...] = ("question", "answer", "id", "contributor", "approver", "waiver", "licence")
_CHOICES: Mapping[Field, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "origin": get_args(Origin),
    "consent": get_args(Consent),
}
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_LANGUAGES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es",
    "español": "es", "italian": "it", "italiano": "it", "dutch": "nl", "nederlands": "nl", "portuguese": "pt",
    "português": "pt", "polish": "pl", "polski": "pl", "swedish": "sv", "svenska": "sv", "danish": "da",
    "dansk": "da", "norwegian": "no", "norsk": "no", "russian": "ru", "chinese": "zh", "japanese": "ja",
    "arabic": "ar", "hebrew": "he", "latin": "la",
}  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_EVIDENCE_TEXTS = ("record_id", "collection_id", "heading", "text", "source")
_REFERENCE_KEYS = ("record_id", "id", "record", "call_number", "source")
_EMPTY = Pair(id="", question="", answer="")


def assemble(values: Mapping[Field, object], own: Pair | None = None) -> Pair:
    """The pair that `values` make. What they do not name stays as it is in `own`. Raises Misfit.

    Evidence of which only an id or a call number is given has that as its `record_id`, and nothing else.
    The id is "" where there is none.
    """
    base = own or _EMPTY
    given: dict[str, Any] = {name: read_text(name, values[name]) for name in _TEXTS if name in values}
    if extra := read_text("input", values.get("input", "")).strip("\r\n"):
        question = given.get("question", base.question)
        given["question"] = f"{question}\n\n{extra}" if question else extra
    for name, choices in _CHOICES.items():
        if name in values:
            given[name] = _choose(name, values[name], choices, getattr(_EMPTY, name))
    if "language" in values:
        given["language"] = _read_language(values["language"])
    if "history" in values:
        given["history"] = _read_history(values["history"])
    if "evidence" in values or "passages" in values:
        known = own.evidence if own else ()
        given["evidence"] = _read_evidence(values.get("evidence"), values.get("passages"), known)
    pair = replace(base, **given)
    for name in ("question", "answer"):
        if not getattr(pair, name).strip():
            raise Misfit(name, "is empty", f"Write the {name}")
    if pair.id and not _ID.fullmatch(pair.id):
        raise Misfit("id", "expected up to 80 letters, digits and . _ : -", "Correct it or leave it empty")
    if own is None and "kind" not in given and pair.answer.strip() == REFUSAL:
        return replace(pair, kind="refusal")
    return pair


def read_text(name: str, value: object) -> str:
    """A value as text. Raises Misfit for what is none, or too long, or cannot be stored."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Misfit(name, f"expected text, found {describe(value)}", "Write it as text in quotes")
    text = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    most = MOST_CHARACTERS.get(name, _MOST_OTHER)
    if len(text) > most:
        raise Misfit(name, f"has {len(text):,} characters, at most {most:,} are taken", "Shorten it")
    if "\x00" in text:
        raise Misfit(name, "holds a zero byte (NUL), which no text has", "Take it out")
    if _SURROGATE.search(text):
        raise Misfit(name, "holds half of a character (a lone surrogate)", "Export the file again as UTF-8")
    return text


def describe(value: object) -> str:
    """What kind of value something is, in a word or two."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes or no"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "something else")


def _choose(name: str, value: object, choices: Sequence[str], otherwise: str) -> str:
    text = read_text(name, value).strip().lower()
    if not text:
        return otherwise
    if text not in choices:
        raise Misfit(name, f"expected {' or '.join(choices)}, found “{text[:40]}”", "Correct it")
    return text


def _read_language(value: object) -> str:
    """A tag; "" stays "" only in what was written here."""
    text = read_text("language", value).strip()
    tag = _LANGUAGES.get(text.lower(), text) or "en"
    if not _TAG.fullmatch(tag):
        raise Misfit(
            "language", f"expected a language tag such as en or de, found “{text[:40]}”", "Correct it"
        )
    return tag


def _read_history(value: object) -> tuple[Earlier, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        turns = read_turns(read_text("history", value))
    elif isinstance(value, list):
        turns = [turn for item in value for turn in _read_turn(item)]
    else:
        raise Misfit("history", f"expected a list of turns, found {describe(value)}", "Write a list")
    if len(turns) > MOST_TURNS:
        raise Misfit("history", f"has {len(turns)} turns, at most {MOST_TURNS} are taken", "Shorten it")
    return tuple(turns)


def _read_turn(item: object) -> Sequence[Earlier]:
    """One turn by role and content, or a question with its answer as a list of two."""
    if isinstance(item, Earlier):
        return [item]
    if isinstance(item, dict) and item.get("role") in ("user", "assistant"):
        return [Earlier(role=item["role"], content=read_text("history", item.get("content")))]
    if isinstance(item, list) and len(item) == 2:
        asked, answered = (read_text("history", text) for text in item)
        return [Earlier(role="user", content=asked), Earlier(role="assistant", content=answered)]
    raise Misfit("history", "expected turns with a role (user or assistant) and content", "Correct it")


def _read_evidence(value: object, passages: object, known: Sequence[Evidence]) -> tuple[Evidence, ...]:
    items = _read_items(value, known)
    shown = _read_shown(passages)
    if items and shown and len(items) != len(shown):
        problem = f"names {len(items)} records, but there are {len(shown)} passages"
        raise Misfit("evidence", problem, "Give one passage for each record")
    if max(len(items), len(shown)) > MOST_EVIDENCE:
        raise Misfit(
            "evidence", f"names more than {MOST_EVIDENCE} records", "Keep those that the answer cites"
        )
    if not items:
        return tuple(shown)
    for number, passage in enumerate(shown):
        item = items[number]
        items[number] = replace(
            item,
            heading=passage.heading or item.heading,
            breadcrumb=passage.breadcrumb or item.breadcrumb,
            text=passage.text or item.text,
        )
    return tuple(items)


def _read_items(value: object, known: Sequence[Evidence]) -> list[Evidence]:
    if value is None:
        return []
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, str | int):
        value = [part for part in re.split(r"[\n;|]", read_text("evidence", value)) if part.strip()]
    if not isinstance(value, list):
        raise Misfit("evidence", f"expected a list of records, found {describe(value)}", "Write a list")
    by_id = {item.record_id: item for item in known}
    return [_read_item(item, by_id) for item in value]


def _read_item(item: object, known: Mapping[str, Evidence]) -> Evidence:
    if isinstance(item, Evidence):
        return item
    if isinstance(item, str | int):
        reference = read_text("evidence", item).strip()
        return known.get(reference) or Evidence(record_id=reference, collection_id="", heading="")
    if not isinstance(item, dict):
        raise Misfit("evidence", f"expected a record, found {describe(item)}", "Name its id or call number")
    texts = {name: _read_long("evidence", item.get(name)) for name in _EVIDENCE_TEXTS}
    if not texts["record_id"]:
        texts["record_id"] = next(
            (_read_long("evidence", item[key]) for key in _REFERENCE_KEYS if item.get(key)), ""
        )
    crumbs: Any = item.get("breadcrumb") or []
    public = item.get("public", True)
    if not isinstance(crumbs, list) or not isinstance(public, bool):
        raise Misfit("evidence", "expected breadcrumb as a list and public as true or false", "Correct it")
    crumbs = tuple(_read_long("evidence", crumb) for crumb in crumbs)
    return Evidence(**texts, breadcrumb=crumbs, public=public)


def _read_shown(value: object) -> list[Evidence]:
    """Passages as text: one numbered like the prompt's, or one that is all of it, or a list of them."""
    if value is None:
        return []
    if isinstance(value, list):
        return [item for part in value for item in read_passages(_read_long("passages", part))]
    return read_passages(_read_long("passages", value))


def _read_long(name: str, value: object) -> str:
    """As `read_text`, by the limit of a passage whatever the column."""
    try:
        return read_text("passages", value)
    except Misfit as misfit:
        raise Misfit(name, misfit.problem, misfit.remedy) from None
