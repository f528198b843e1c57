"""Whether every statement cites a passage, and every passage cited is there and shows something of it."""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.words import split_words
from train.pairs.checks.answer_sentences import MARKER, Sentence, read_numbers, split_answer
from train.pairs.checks.asked_words import to_singular
from train.pairs.checks.claims import read_claims
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding, shorten
from train.pairs.checks.languages import detect_language, primary_tag
from train.pairs.checks.names_named import is_small
from train.pairs.checks.quoted import blank_quotations, read_quotations
from train.pairs.checks.shown import Shown, show
from train.pairs.pair import Pair


def check_citations(pair: Pair, context: Context) -> Iterator[Finding]:
    """Citations missing, of passages that are not there, or of passages that show nothing of it."""
    if pair.kind != "answer" or not pair.evidence:
        return
    yield from _check_numbers(pair)
    sentences = split_answer(pair.answer)
    if not any(sentence.cited for sentence in sentences):
        yield Finding(
            code="citation",
            severity="stop",
            sentence="The answer cites no passage. Put the number of the passage that shows it after each "
            "statement, like [1].",
            field="answer",
        )
        return
    passages = [show(evidence) for evidence in pair.evidence]
    language = detect_language(blank_quotations(pair.answer)) or primary_tag(pair.language)
    for sentence in sentences:
        if not sentence.cited:
            yield from _check_uncited(sentence, language)
        yield from _check_shown(sentence, passages, language)
    yield from _check_unused(sentences, len(passages))


def _check_numbers(pair: Pair) -> Iterator[Finding]:
    count = len(pair.evidence)
    for marker in MARKER.finditer(pair.answer):
        wrong = [number for number in read_numbers(marker[1]) if not 1 <= number <= count]
        if wrong:
            there = "there is only one passage" if count == 1 else f"there are only {count} passages"
            yield Finding(
                code="citation",
                severity="stop",
                sentence=f"The answer cites [{wrong[0]}], but {there}. Cite what is there, or choose the "
                "passage that is meant.",
                field="answer",
                words=marker[0],
                start=marker.start(),
                end=marker.end(),
            )


def _check_uncited(sentence: Sentence, language: str) -> Iterator[Finding]:
    claims = read_claims(blank_quotations(sentence.text), language)
    quoted = [quotation.words for quotation in read_quotations(sentence.text)]
    if not claims and not quoted:
        return
    fact = quoted[0] if quoted else claims[0].words
    yield _warn(
        f"The sentence “{shorten(sentence.text)}” states “{shorten(fact, 40)}” without citing a passage. "
        "Put its number after it, like [1].",
        sentence,
    )


def _check_shown(sentence: Sentence, passages: list[Shown], language: str) -> Iterator[Finding]:
    """Cited passages that have not one of the sentence's words, names or figures."""
    words = _tell_words(blank_quotations(sentence.prose))
    for number in sentence.cited:
        if not 1 <= number <= len(passages) or len(words) < 2:
            continue
        passage = passages[number - 1]
        same_language = passage.language in ("", language) or any(word.isdigit() for word in words)
        if same_language and not words & {to_singular(word)[:6] for word in passage.words}:
            yield _warn(
                f"Passage [{number}] has not one word of “{shorten(sentence.text)}”. "
                "Cite the passage that shows it, or take the number away.",
                sentence,
            )


def _check_unused(sentences: list[Sentence], count: int) -> Iterator[Finding]:
    cited = {number for sentence in sentences for number in sentence.cited}
    unused = [number for number in range(1, count + 1) if number not in cited]
    if unused and len(unused) < count:
        listed = ", ".join(f"[{number}]" for number in unused)
        named = f"Passage {listed} is" if len(unused) == 1 else f"Passages {listed} are"
        yield Finding(
            code="citation",
            severity="hint",
            sentence=f"{named} chosen, but not cited. Leave it so if the answer has to be found among "
            "others, else take it out.",
        )


def _tell_words(prose: str) -> set[str]:
    """The beginnings of the words of a sentence that tell something."""
    return {to_singular(word)[:6] for word in split_words(prose) if len(word) > 2 and not is_small(word)}


def _warn(text: str, sentence: Sentence) -> Finding:
    return Finding(
        code="citation",
        severity="warn",
        sentence=text,
        field="answer",
        words=sentence.text,
        start=sentence.start,
        end=sentence.start + len(sentence.text),
    )
