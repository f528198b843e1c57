"""Whether a text tries to command the model, or hides something that nobody sees."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from retrieval.prompt import UNSEEN, neutralise
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Field, Finding, Severity, shorten
from train.pairs.pair import Pair

_ZERO_WIDTH = re.compile("[\u200c\u200d\u2065\u00ad\u034f\u061c\u180e\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
"""Signs that a script may need one of, in a row: words can be written in them that nobody sees."""
_ENDS = re.compile("[\r\f\x0b]")
"""Ends of lines and pages, which are among the unseen and harmless."""
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|your|the)\b"
    r".{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|passages?|training|everything)\b"
    r"|\b(?:new|updated|hidden|secret|real)\s+(?:system\s+)?(?:instructions?|prompt)\s*[:：]"
    r"|\b(?:reveal|print|repeat|show|output)\b.{0,30}\b(?:system|hidden|initial)\s+(?:prompt|message|instructions?)"
    r"|\byou are (?:now|no longer)\b.{0,60}\b(?:assistant|model|ai|bot|dan|mode|bound|restricted)\b"
    r"|\b(?:act|behave|respond|pretend)\s+as\s+(?:if\s+you\s+(?:are|were)|an?\s+unrestricted|dan)\b"
    r"|\b(?:when|whenever|if)\b.{0,30}\b(?:you (?:see|read|are asked)|someone asks|the user (?:says|asks"
    r"|mentions))\b.{0,60}\b(?:always|must|answer|reply|respond|say|output)\b"
    r"|\b(?:ignoriere?|vergiss|missachte)\b.{0,40}\b(?:anweisung\w*|vorherige\w*|regeln)\b"
    r"|\b(?:ignore[zr]?|oublie[zr]?)\b.{0,40}\b(?:instructions|consignes|règles)\b"
    r"|\b(?:ignora|olvida|ignore|esqueça|dimentica)\b.{0,40}\b(?:instrucciones|instruções|istruzioni|reglas|regras)\b"
    r"|(?:игнорируй|забудь).{0,40}(?:инструкци|правил)"
    r"|(?:忽略|无视).{0,12}(?:指令|指示|提示)",
    re.IGNORECASE | re.DOTALL,
)
_ROLE = re.compile(
    r"^[ \t]*(?:#{2,}\s*)?(?:system|assistant|developer)\s*[:：]", re.IGNORECASE | re.MULTILINE
)
_LINK = re.compile(
    r"!\[[^\]]*\]\(|<\s*(?:script|iframe|img|object|embed|svg|style|link|form)\b|\bjavascript\s*:|\bdata:text/",
    re.IGNORECASE,
)


def check_instructions(pair: Pair, context: Context) -> Iterator[Finding]:
    """Hidden signs, forged control tokens, orders to the model and active content, in any of the texts."""
    yield from _check_text(pair.question, "question", "the question")
    yield from _check_text(pair.answer, "answer", "the answer")
    for place, turn in enumerate(pair.history):
        yield from _check_text(turn.content, "history", f"turn {place + 1} before the question", place)
    for place, evidence in enumerate(pair.evidence):
        whole = "\n".join((evidence.heading, *evidence.breadcrumb, evidence.text))
        yield from _check_text(whole, "evidence", f"passage [{place + 1}]", place)


def _check_text(text: str, field: Field, where: str, item: int = -1) -> Iterator[Finding]:
    own = field in ("question", "answer")
    text = _ENDS.sub(" ", text)
    if hidden := UNSEEN.search(text) or _ZERO_WIDTH.search(text):
        yield _make(
            "stop" if own else "warn",
            f"There are signs in {where} that nobody can see ({_name(hidden[0])}"
            f"{_say_where(text, hidden.start())}). Delete them, or type the words anew: they may hide more.",
            field, hidden, item,
        )  # fmt: skip
    plain = UNSEEN.sub("", text)
    if neutralise(plain) != plain:
        changed = zip(plain, neutralise(plain), strict=False)
        at = next(place for place, (a, b) in enumerate(changed) if a != b)
        yield _make(
            "stop" if field == "answer" else "warn",
            f"“{shorten(plain[max(0, at - 1) : at + 20], 24)}” in {where} looks like a sign that steers the "
            "model. Take it out unless the collection really has it.",
            field, None, item,
        )  # fmt: skip
    for pattern, what in (
        (_ORDERS, "reads like an order to the model"),
        (_ROLE, "speaks in the model's place"),
    ):
        if found := pattern.search(text):
            yield _make(
                "stop" if field == "answer" else "warn",
                f"“{shorten(found[0])}” in {where} {what}. Take it out unless the collection says so.",
                field, found, item,
            )  # fmt: skip
            break
    if own and (active := _LINK.search(text)):
        yield _make(
            "warn",
            f"“{shorten(active[0])}” in {where} is markup that would load or run something. Take it out.",
            field, active, item,
        )  # fmt: skip


def _make(severity: Severity, sentence: str, field: Field, found: re.Match[str] | None, item: int) -> Finding:
    marked = found is not None and field != "evidence"
    return Finding(
        code="instructions",
        severity=severity,
        sentence=sentence,
        field=field,
        words=found[0] if found and marked else "",
        start=found.start() if found and marked else -1,
        end=found.end() if found and marked else -1,
        item=item,
    )


def _name(signs: str) -> str:
    return unicodedata.name(signs[0], f"U+{ord(signs[0]):04X}").lower()


def _say_where(text: str, at: int) -> str:
    before = text[:at].split()[-1:]
    return f", behind “{shorten(before[0], 24)}”" if before else ", at the beginning"
