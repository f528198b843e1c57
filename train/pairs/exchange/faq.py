"""FAQ pages: plain text or Markdown ("Q: ... A: ...", headings that are questions), and the HTML of such.

Read: labels in several languages; headings, definition lists, accordions and schema.org's FAQPage. Scripts
and menus are left out, and a link's address goes behind its words. Written: plain text with Q: and A:.

Carries question and answer, without white space at their ends, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from train.pairs.exchange.assembly import assemble
from train.pairs.exchange.delimited import unify_lines
from train.pairs.exchange.encoding import decode
from train.pairs.exchange.export import Export
from train.pairs.exchange.faq_html import flatten_html, looks_like_html
from train.pairs.exchange.reading import Misfit, Place, Reading, Unreadable
from train.pairs.pair import Pair

LEAVES_OUT = (
    "everything but question and answer: evidence, earlier turns, kind, licence, consent, language, "
    "who wrote and who approved"
)
_ASKED = r"questions?|frage|pregunta|domanda|vraag|pergunta|fråga|spørgsmål|spørsmål|pytanie|вопрос|问|問"
_ANSWERED = r"answers?|antwort|réponse|reponse|respuesta|risposta|antwoord|resposta|svar|odpowiedź|ответ|答"
_MARKS = r" {0,2}(?:[>*_#] ?){0,12}"
_LABEL = re.compile(
    rf"^{_MARKS}(?:(?P<q>q|{_ASKED})|(?P<a>a|{_ANSWERED}))\s?\d{{0,4}}\s?"
    r"(?:[:.)](?:\*\*|__)?(?=\s|$)|：)[ \t]?",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)[\s#]*$|^ {0,3}\*\*(.+)\*\*$|^ {0,3}__(.+)__$")
_NUMBERED = re.compile(r"^\(?\d{1,3}[.)]\s+")
_QUESTION_END = re.compile(r"[?？؟\u037e]\W{0,3}$")
_INDENT = "   "
_LONGEST_HEADING = 600

Line = tuple[int, str]
"""A line and its number in the file."""


@dataclass(slots=True)
class _Block:
    """A question and the lines of its answer, while they are read."""

    line: int
    question: list[str]
    answer: list[str] = field(default_factory=list)
    answering: bool = False


def read_faq(raw: bytes) -> Reading:
    """The pairs of a page. Raises Unreadable where no question is found on it."""
    reading = Reading()
    decoded = decode(raw)
    if decoded.remark:
        reading.remark(decoded.remark, "Save the file as UTF-8 if accents look wrong")
    text = unify_lines(decoded.text)
    lines = flatten_html(text) if looks_like_html(text) else list(enumerate(text.split("\n"), start=1))
    labelled = any((found := _LABEL.match(line)) and found["q"] for _, line in lines)
    blocks = list(_read_labelled(lines) if labelled else _read_headed(lines))
    if not blocks:
        raise Unreadable(
            "no questions were found: expected lines that begin with Q: and A:, or headings that end with a "
            "question mark",
            "Mark the questions so",
        )
    for block in blocks:
        place = Place("Line", block.line)
        try:
            question, answer = _join(block.question), _join(block.answer)
            reading.keep(assemble({"question": question, "answer": answer}), place)
        except Misfit as misfit:
            told = replace(misfit.at(place), column=misfit.column)
            reading.refuse(told)
    return reading


def write_faq(pairs: Sequence[Pair]) -> Export:
    """Plain text in UTF-8."""
    blocks = [f"Q: {_indent(pair.question)}\nA: {_indent(pair.answer)}\n" for pair in pairs]
    return Export("\n".join(blocks).encode(), tuple(_describe_loss(pairs)))


def _indent(text: str) -> str:
    """Lines after the first stand in, so that none of them is taken for a label or a heading."""
    lines = unify_lines(text).strip().split("\n")
    return "\n".join([lines[0], *(f"{_INDENT}{line}" if line else "" for line in lines[1:])])


def _describe_loss(pairs: Sequence[Pair]) -> Iterator[str]:
    plain = Pair(id="", question="", answer="")
    lost = {
        "evidence": sum(bool(pair.evidence) for pair in pairs),
        "earlier turns": sum(bool(pair.history) for pair in pairs),
        "a licence": sum(bool(pair.licence) for pair in pairs),
        "consent": sum(pair.consent != "none" for pair in pairs),
        "a language other than en": sum(pair.language != plain.language for pair in pairs),
        "the mark of a refusal": sum(pair.kind == "refusal" for pair in pairs),
        "the mark of a draft by the model": sum(pair.is_synthetic for pair in pairs),
    }
    for what, count in lost.items():
        if count:
            yield f"FAQ text cannot carry {what}: left out of {count:,} {'pair' if count == 1 else 'pairs'}."
    if pairs:
        yield "FAQ text carries question and answer only; use JSON, CSV or XLSX to keep the rest."


def _read_labelled(lines: Sequence[Line]) -> Iterator[_Block]:
    """Blocks by their labels. Without A: the question is what stands before the first empty line."""
    block: _Block | None = None
    for number, line in lines:
        found = _LABEL.match(line)
        if found and found["q"]:
            if block:
                yield block
            block = _Block(number, [_unmark(line[found.end() :], found[0])])
        elif block is None:
            continue
        elif found and not block.answering:
            block.answering = True
            block.answer = [line[found.end() :]]
        elif _find_heading(line) and not line.startswith(_INDENT):
            yield block
            block = None
        elif block.answering or (not line.strip() and any(block.question)):
            block.answering = block.answering or not line.strip()
            block.answer.append(line)
        else:
            block.question.append(line)
    if block:
        yield block


def _read_headed(lines: Sequence[Line]) -> Iterator[_Block]:
    """Blocks by headings that are questions; a heading that is none ends the answer before it."""
    block: _Block | None = None
    before = ""
    for at, (number, line) in enumerate(lines):
        heading = _find_heading(line)
        after = lines[at + 1][1] if at + 1 < len(lines) else ""
        words = next((part for part in heading.groups() if part), "") if heading else line.strip()
        alone = (
            not before.strip() and not line.startswith(_INDENT) and not (heading or after.startswith(_INDENT))
        )
        asks = bool(_QUESTION_END.search(words)) and len(words) < 400
        if asks and (heading or alone):
            if block:
                yield block
            block = _Block(number, [_NUMBERED.sub("", _unmark(words))], answering=True)
        elif heading and block:
            yield block
            block = None
        elif block:
            block.answer.append(line)
        before = line
    if block:
        yield block


def _find_heading(line: str) -> re.Match[str] | None:
    """A heading of Markdown; none is longer than a question can be."""
    return _HEADING.match(line) if len(line) <= _LONGEST_HEADING else None


def _unmark(text: str, label: str = "") -> str:
    """A question without Markdown's signs for bold around it, or those that were opened before its label."""
    for mark in ("**", "__"):
        if label.lstrip().startswith(mark) and label.count(mark) == 1:
            return text.rstrip().removesuffix(mark)
    return re.sub(r"^(\*\*|__)(.*)\1$", r"\2", text.strip()) if text.strip()[:1] in ("*", "_") else text


def _join(lines: Sequence[str]) -> str:
    """Lines as one text; where all below the first stand in, as we write them, that is taken off."""
    first, *rest = lines or [""]
    if rest and all(not line.strip() or line.startswith(_INDENT) for line in rest):
        rest = [line.removeprefix(_INDENT) for line in rest]
    return "\n".join([first, *(line.rstrip() if not line.strip() else line for line in rest)]).strip()
