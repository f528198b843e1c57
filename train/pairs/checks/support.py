"""Whether the passages that an answer cites show what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.words import split_words
from train.pairs.checks.answer_sentences import Sentence, split_answer
from train.pairs.checks.asked_words import to_singular
from train.pairs.checks.claim import Claim, ClaimKind
from train.pairs.checks.claims import find_unshown, is_shown, read_claims
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding, join_words, shorten
from train.pairs.checks.languages import detect_language, primary_tag
from train.pairs.checks.names_named import is_small
from train.pairs.checks.quoted import blank_quotations
from train.pairs.checks.shown import Shown, show
from train.pairs.pair import Pair

_NEGATION = re.compile(
    r"\b(?:no|not|none|nothing|nobody|never|without|nor|kein\w*|nicht|nichts|pas|aucune?|rien|sin|ninguna?|"
    r"nada|sem|nenhuma?|não|nessuna?|niente|geen|niet)\b",
    re.IGNORECASE,
)
_NOUNS: dict[ClaimKind, tuple[str, str]] = {
    "container": ("container", "containers"),
    "date": ("date", "dates"),
    "number": ("number", "numbers"),
    "shelf mark": ("shelf mark", "shelf marks"),
    "name": ("name", "names"),
}
_LEAST_WORDS = 5
_LEAST_SHARE = 0.2
"""Of the words of a sentence, those that its passages have to have, in the same language."""


def check_support(pair: Pair, context: Context) -> Iterator[Finding]:
    """Names, dates, numbers, shelf marks and containers of an answer that no cited passage shows."""
    if pair.kind != "answer":
        return
    if not pair.evidence:
        yield Finding(
            code="unsupported",
            severity="stop",
            sentence="No passage is chosen that shows the answer. Click the passages that it rests on, or "
            "choose “not in our collections”.",
        )
        return
    passages = [show(evidence) for evidence in pair.evidence]
    language = detect_language(blank_quotations(pair.answer)) or primary_tag(pair.language)
    for sentence in split_answer(pair.answer):
        cited = [passages[number - 1] for number in sentence.cited if number <= len(passages)] or passages
        yield from _check_sentence(pair, sentence, cited, passages, language)


def _check_sentence(
    pair: Pair, sentence: Sentence, cited: list[Shown], passages: list[Shown], language: str
) -> Iterator[Finding]:
    prose = blank_quotations(sentence.prose)
    claims = read_claims(prose, language)
    unshown = list(find_unshown(claims, cited, language))
    if _NEGATION.search(prose):
        asked = pair.question.casefold()  # "nothing by Helen Marsh": what was asked for and is not there
        unshown = [claim for claim in unshown if claim.words.casefold() not in asked]
    for kind in dict.fromkeys(claim.kind for claim in unshown):
        yield _describe(sentence, [claim for claim in unshown if claim.kind == kind], passages, language)
    if not claims and not _shares_words(prose, cited, language):
        yield Finding(
            code="unsupported",
            severity="warn",
            sentence=f"Hardly a word of the sentence “{shorten(sentence.text)}” stands in the passages. "
            "Check that they say it, or choose the passage that does.",
            field="answer",
            words=sentence.text,
            start=sentence.start,
            end=sentence.start + len(sentence.text),
        )


def _describe(sentence: Sentence, claims: list[Claim], passages: list[Shown], language: str) -> Finding:
    one, many = _NOUNS[claims[0].kind]
    said = join_words(list(dict.fromkeys(claim.words for claim in claims)))
    single = len(claims) == 1
    where = _name_cited(sentence)
    elsewhere = [
        number
        for number, passage in enumerate(passages, start=1)
        if number not in sentence.cited and all(is_shown(claim, passage, language) for claim in claims)
    ]
    todo = (
        f"{'It stands' if single else 'They stand'} in [{elsewhere[0]}]: cite that."
        if elsewhere
        else "Correct the answer, or choose the passage that shows it."
    )
    return Finding(
        code="unsupported",
        severity="warn",
        sentence=f"The {one if single else many} {said} {'is' if single else 'are'} not in {where}. {todo}",
        field="answer",
        words=claims[0].words,
        start=sentence.start + claims[0].start,
        end=sentence.start + claims[0].end,
    )


def _name_cited(sentence: Sentence) -> str:
    if not sentence.cited:
        return "any of the chosen passages"
    if len(sentence.cited) > 3:
        return f"any of the {len(sentence.cited)} passages cited"
    return "passage " + " or ".join(f"[{number}]" for number in sentence.cited)


def _shares_words(prose: str, passages: list[Shown], language: str) -> bool:
    """Whether enough of a sentence's words stand in its passages, where both are in one language."""
    words = {to_singular(word) for word in split_words(prose) if len(word) > 2 and not is_small(word)}
    if len(words) < _LEAST_WORDS or any(passage.language not in ("", language) for passage in passages):
        return True
    stems = {to_singular(word)[:5] for passage in passages for word in passage.words}
    return sum(word[:5] in stems for word in words) >= _LEAST_SHARE * len(words)
