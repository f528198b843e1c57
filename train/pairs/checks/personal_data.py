"""Whether a pair holds personal data that is none of the collection's.

Names, addresses and numbers that stand in the catalogue or in the chosen passages are content: historical
letters are full of them. What a patron wrote of themselves is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.words import split_words
from train.pairs.checks.claim import hold_spaces
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Field, Finding, Severity, shorten
from train.pairs.checks.matched_text import Words, read_words
from train.pairs.checks.personal.contact import find_contact
from train.pairs.checks.personal.datum import Datum
from train.pairs.checks.personal.national_ids import find_national_ids
from train.pairs.checks.personal.payment import find_payment
from train.pairs.checks.personal.people import find_people
from train.pairs.checks.personal.presidio import find_hints
from train.pairs.pair import Evidence, Pair

_NUMBERS = frozenset({"payment card number", "bank account number", "national id"})
"""Kinds that nobody needs in a training pair, even if a passage has them."""


def check_personal_data(pair: Pair, context: Context) -> Iterator[Finding]:
    """Stop what is surely personal data of somebody outside the collection; ask about the rest."""
    passages = [read_words(_join(evidence)) for evidence in pair.evidence]
    yield from _check_text(pair.question, "question", "question", passages, context)
    yield from _check_text(pair.answer, "answer", "answer", passages, context)
    for place, turn in enumerate(pair.history):
        yield from _check_text(
            turn.content, "history", f"turn {place + 1} before the question", passages, context, place
        )
    for place, evidence in enumerate(pair.evidence):
        yield from _check_passage(evidence, place)


def find_personal_data(text: str, context: Context) -> list[Datum]:
    """Everything that our own rules take for personal data in a text, in order, each place once."""
    text = hold_spaces(text)
    found = [
        *find_payment(text),
        *find_national_ids(text),
        *find_contact(text),
        *find_people(text, context.today),
    ]
    kept: list[Datum] = []
    for datum in sorted(found, key=lambda one: (not one.sure, one.start, one.start - one.end)):
        if not any(datum.start < other.end and other.start < datum.end for other in kept):
            kept.append(datum)
    return sorted(kept, key=lambda one: one.start)


def _check_text(
    text: str, field: Field, where: str, passages: list[Words], context: Context, item: int = -1
) -> Iterator[Finding]:
    found = find_personal_data(text, context)
    for datum in found:
        if datum.kind == "name" and context.is_catalogue_name(datum.words):
            continue
        if datum.kind not in _NUMBERS and any(passage.holds(_fold(datum.words)) for passage in passages):
            continue
        yield _describe(datum, field, where, item)
    if context.use_presidio:
        yield from _hint(text, found, field, where, passages, context, item)


def _describe(datum: Datum, field: Field, where: str, item: int) -> Finding:
    kind = f"{datum.kind} ({datum.label})" if datum.label else datum.kind
    severity: Severity = "stop" if datum.sure and field != "answer" or datum.kind in _NUMBERS else "warn"
    if not datum.sure:
        severity = "warn"
    verb = "is" if datum.sure else "looks like"
    todo = (
        "Take it out, unless it is the library's own."
        if field == "answer" and datum.kind not in _NUMBERS
        else "Take it out, or put another word in its place."
    )
    return Finding(
        code="personal-data",
        severity=severity,
        sentence=f"“{shorten(datum.words)}” in the {where} {verb} {_article(kind)} {kind}. {todo}",
        field=field,
        words=datum.words,
        start=datum.start,
        end=datum.end,
        item=item,
    )


def _check_passage(evidence: Evidence, place: int) -> Iterator[Finding]:
    """Numbers with check digits in the material itself: an adapter must not learn them by heart."""
    text = evidence.text
    for datum in (*find_payment(text), *find_national_ids(text)):
        if datum.sure and datum.kind in _NUMBERS:
            kind = f"{datum.kind} ({datum.label})" if datum.label else datum.kind
            yield Finding(
                code="personal-data",
                severity="warn",
                sentence=f"“{shorten(datum.words)}” in passage [{place + 1}] is {_article(kind)} {kind}. "
                f"Choose "
                "another part of the record, and tell whoever looks after the record.",
                field="evidence",
                words=datum.words,
                item=place,
            )


def _hint(
    text: str,
    found: list[Datum],
    field: Field,
    where: str,
    passages: list[Words],
    context: Context,
    item: int,
) -> Iterator[Finding]:
    """What Presidio sees beside our own rules, but for what stands in the catalogue or the passages."""
    for hint in find_hints(text):
        if any(hint.start < datum.end and datum.start < hint.end for datum in found):
            continue
        if any(passage.holds(_fold(hint.words)) for passage in passages) or context.is_catalogue_name(
            hint.words
        ):
            continue
        yield Finding(
            code="personal-data",
            severity="hint",
            sentence=f"“{shorten(hint.words)}” in the {where} may be personal data ({hint.label}, says "
            f"Presidio). "
            "Take it out if it is a patron's.",
            field=field,
            words=hint.words,
            start=hint.start,
            end=hint.end,
            item=item,
        )


def _fold(words: str) -> str:
    return read_words(words).joined if split_words(words) else "\x00"


def _join(evidence: Evidence) -> str:
    return "\n".join((evidence.heading, *evidence.breadcrumb, evidence.text))


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeiouAEIOU" else "a"
