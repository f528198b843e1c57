"""Whether what an answer quotes stands in its passages word for word."""

from __future__ import annotations

from collections.abc import Iterator

from train.pairs.checks.answer_sentences import MARKER, Sentence, read_numbers, split_answer
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding, shorten
from train.pairs.checks.matched_text import Words, find_nearest, part_omissions, read_words
from train.pairs.checks.quoted import Quotation, read_quotations
from train.pairs.checks.shown import show
from train.pairs.pair import Pair


def check_quotations(pair: Pair, context: Context) -> Iterator[Finding]:
    """Quotations that no passage has, with the words that it has instead, or that another passage has."""
    if pair.kind != "answer" or not pair.evidence:
        return
    passages = [show(evidence).exact for evidence in pair.evidence]
    asked = read_words(pair.question)
    for sentence in split_answer(pair.answer):
        for quotation in read_quotations(sentence.text):
            cited = [number for number in _find_cited(sentence, quotation) if number <= len(passages)]
            for piece in part_omissions(quotation.words):
                words = read_words(piece).joined
                if not asked.holds(words):
                    yield from _check_piece(piece, words, sentence, quotation, cited, passages)


def _check_piece(
    piece: str, words: str, sentence: Sentence, quotation: Quotation, cited: list[int], passages: list[Words]
) -> Iterator[Finding]:
    holding = [number for number, passage in enumerate(passages, start=1) if passage.holds(words)]
    if holding and (not cited or any(number in cited for number in holding)):
        return
    quoted = f"The quotation “{shorten(piece)}”"
    if holding:
        right = holding[0]
        text = f"{quoted} stands in [{right}], but the answer cites [{cited[0]}] for it. Cite [{right}]."
        yield _warn("citation", text, sentence, quotation)
        return
    looked = cited or range(1, len(passages) + 1)
    nearest = next(((n, near) for n in looked if (near := find_nearest(piece, passages[n - 1]))), None)
    where = f"passage [{cited[0]}]" if cited else "any of the chosen passages"
    if nearest:
        text = (
            f"{quoted} is not word for word in {where}. Passage [{nearest[0]}] reads "
            f"“{shorten(nearest[1])}”: quote that, or take the quotation marks away."
        )
    else:
        text = f"{quoted} is not in {where}. Quote the passage's own words, or take the quotation marks away."
    yield _warn("quotation", text, sentence, quotation)


def _find_cited(sentence: Sentence, quotation: Quotation) -> list[int]:
    """The passages cited next behind a quotation, else all that its sentence cites."""
    behind = MARKER.search(sentence.text, quotation.end)
    return read_numbers(behind[1]) if behind else list(sentence.cited)


def _warn(code: str, text: str, sentence: Sentence, quotation: Quotation) -> Finding:
    return Finding(
        code="citation" if code == "citation" else "quotation",
        severity="warn",
        sentence=text,
        field="answer",
        words=quotation.words,
        start=sentence.start + quotation.start,
        end=sentence.start + quotation.end,
    )
