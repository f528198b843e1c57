"""One turn of a conversation as HTML: the question, the answer's prose, what stands behind it.

Pure functions. Every word of a record, a model or a patron goes through `ui.plain` first, and each
function returns HTML on one line, as the Markdown component needs it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from serve.schemas import AnswerDetails, RecordSummary, Searched
from ui.conversation import Turn
from ui.plain import clean, escape, isolate, local_address
from ui.sources import render_sources, source_id

_CITATION = re.compile(r"\[(\d{1,3})\]")
_UNVERIFIED = re.compile(r"⟨unverified: (.+?)⟩")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^#{1,6}\s+")

MOST_COLLECTIONS_NAMED = 8


def render_turn(turn: Turn) -> str:
    """A whole turn, also while it is being written."""
    return (
        f'<article class="turn" id="turn-{turn.number}">'
        f'<h2 class="question"><span class="unseen">You asked: </span><bdi>{escape(turn.question)}</bdi></h2>'
        f'<div class="answer">{_render_answer(turn)}</div></article>'
    )


_NOTHING = (
    "I did not find that in what is described here.",
    "That does not mean the library does not have it: much is described only in summary, "
    "and some not yet at all.",
)
_FITTING = (
    "The passages do not say that in words.",
    "But the records below fit what you asked for; what they describe may hold the answer.",
)


def render_turns(turns: Sequence[Turn]) -> str:
    """Several turns, oldest first; "" for none."""
    if not turns:
        return ""
    gone = '<p class="aside">Earlier questions are no longer shown.</p>' if turns[0].number > 1 else ""
    return f'<div class="turns">{gone}' + "".join(render_turn(turn) for turn in turns) + "</div>"


def announce(turn: Turn) -> str:
    """What a screen reader is told when a turn has come to its end; "" while it is being written."""
    if turn.state == "failed":
        return f"No answer. {clean(turn.problem)}"
    if turn.state == "stopped":
        return "Stopped."
    if turn.details is None:
        return ""
    if turn.details.status == "not_found":
        if fitting := len(turn.details.sources):
            return (
                f"No answer in words. {fitting} record{'' if fitting == 1 else 's'} that may hold it: listed."
            )
        return "Nothing fitting was found. What was searched, and whom to ask, is listed."
    count = len(turn.details.sources)
    return "Answer ready" + (f", {count} source{'' if count == 1 else 's'}." if count else ".")


def _render_answer(turn: Turn) -> str:
    if turn.state == "failed":
        return render_prose(turn.text, turn.number) + render_problem(turn.problem)
    if turn.state == "stopped":
        return render_prose(turn.text, turn.number) + '<p class="aside">Stopped. You can ask again.</p>'
    if turn.details is None:
        return (
            render_prose(turn.text, turn.number) or '<p class="working">Looking through the collections</p>'
        )
    if turn.details.status == "not_found":
        return render_not_found(turn.details, turn.number)
    return render_found(turn.text, turn.details, turn.number)


def render_problem(sentence: str) -> str:
    """A failure in one plain sentence."""
    return f'<p class="problem"><strong>That did not work.</strong> {escape(sentence)}</p>'


def render_found(text: str, details: AnswerDetails, turn: int) -> str:
    """An answer with its two lists of sources."""
    numbers = {source.number for source in (*details.sources, *details.also_searched)}
    heading = "Cited" if details.status == "answered" else "These may help"
    return (
        _passages_only_note(details)
        + render_prose(text, turn, numbers)
        + _unverified_note(details)
        + render_sources(heading, details.sources, turn, open_first=True)
        + render_matches(details.searched)
        + render_sources("Also looked at", details.also_searched, turn, folded=True)
    )


def render_matches(searched: Searched | None) -> str:
    """How many records fit all that was read from the question, and the list where it was asked for."""
    if searched is None or searched.matches is None or not searched.listed:
        return ""
    count = f"{searched.matches:,} record{'' if searched.matches == 1 else 's'}"
    shown = "" if searched.matches <= len(searched.listed) else f", of which the first {len(searched.listed)}"
    rows = "".join(f"<li>{_render_record(record)}</li>" for record in searched.listed)
    return (
        f'<details class="more matches"><summary>All that fits: {count}{shown}</summary>'
        f"<ul>{rows}</ul></details>"
    )


def _render_record(record: RecordSummary) -> str:
    title = isolate(record.title) or "Untitled"
    dates = f", {escape(record.dates)}" if record.dates and record.dates not in record.title else ""
    place = f' <span class="where">{escape(record.container)}</span>' if record.container else ""
    address = local_address(record.url)
    return (f'<a href="{address}">{title}</a>' if address else title) + dates + place


def render_not_found(details: AnswerDetails, turn: int) -> str:
    """An honest "not found": how far the search looked, whom to ask, and what came closest."""
    rows = _describe_search(details.searched) if details.searched else ""
    if details.ask_staff:
        rows += f"<dt>Whom to ask</dt><dd>{escape(details.ask_staff)}</dd>"
    verdict, meaning = _FITTING if details.sources else _NOTHING
    return (
        f'<div class="not-found"><p class="verdict">{verdict}</p><p>{meaning}</p><dl>{rows}</dl></div>'
        + render_sources("These fit what you asked for", details.sources, turn, open_first=True)
        + render_sources("Closest, but may not answer", details.also_searched, turn, folded=True)
    )


def _describe_search(searched: Searched) -> str:
    named = [f"<bdi>{escape(name)}</bdi>" for name in searched.collections[:MOST_COLLECTIONS_NAMED]]
    more = len(searched.collections) - len(named)
    if more > 0:
        named.append(f"and {more} more")
    passages = f"{searched.passages:,} passage{'' if searched.passages == 1 else 's'}"
    count = len(searched.collections)
    rows = (
        f"<dt>Searched</dt><dd>{passages} in {count} collection{'' if count == 1 else 's'}</dd>"
        f"<dt>Collections</dt><dd>{'; '.join(named)}</dd>"
    )
    if read := [reading.label for reading in searched.readings if reading.used]:
        rows += f"<dt>Looked for</dt><dd>{'; '.join(isolate(label) for label in read)}</dd>"
    if aside := [reading.label for reading in searched.readings if not reading.used]:
        rows += f"<dt>Nothing fitted</dt><dd>{'; '.join(isolate(label) for label in aside)}</dd>"
    if searched.corrections:
        words = [f"{isolate(pair.searched)} for {isolate(pair.asked)}" for pair in searched.corrections]
        rows += f"<dt>Spelling</dt><dd>{'; '.join(words)}</dd>"
    return rows


def render_prose(text: str, turn: int, numbers: Collection[int] = ()) -> str:
    """The model's text as paragraphs and lists. [n] becomes a link where source n is known.

    Of Markdown only paragraphs, lists and bold are understood; links, images and HTML stay letters.
    """
    blocks = [
        _render_block(block, turn, numbers) for block in re.split(r"\n\s*\n", clean(text)) if block.strip()
    ]
    return "".join(blocks)


def _render_block(block: str, turn: int, numbers: Collection[int]) -> str:
    parts: list[str] = []
    lines: list[str] = []
    items: list[str] = []

    def close() -> None:
        if lines:
            parts.append(f'<p dir="auto">{"<br>".join(lines)}</p>')
            lines.clear()
        if items:
            parts.append("<ul>" + "".join(f'<li dir="auto">{item}</li>' for item in items) + "</ul>")
            items.clear()

    for line in block.strip().split("\n"):
        bullet = _BULLET.match(line)
        if bool(bullet) != bool(items):
            close()
        if bullet:
            items.append(_render_words(line[bullet.end() :], turn, numbers))
        elif heading := _HEADING.match(line):
            lines.append(f"<strong>{_render_words(line[heading.end() :], turn, numbers)}</strong>")
        else:
            lines.append(_render_words(line, turn, numbers))
    close()
    return "".join(parts)


def _render_words(line: str, turn: int, numbers: Collection[int]) -> str:
    """One line: escaped first, then our own marks put in."""

    def link(found: re.Match[str]) -> str:
        number = int(found[1])
        if number not in numbers:
            return f'<span class="mark">[{number}]</span>'
        target = source_id(turn, number)
        return f'<a class="cite" href="#{target}"><span class="unseen">source </span>[{number}]</a>'

    words = _BOLD.sub(r"<strong>\1</strong>", escape(line))
    words = _UNVERIFIED.sub(r'<mark class="unverified">\1<span> (not in the sources)</span></mark>', words)
    return _CITATION.sub(link, words)


def _passages_only_note(details: AnswerDetails) -> str:
    if details.status != "passages_only":
        return ""
    return (
        '<p class="aside">Answers cannot be written just now, so here are the records themselves. '
        "Please ask again in a few minutes for an answer in words.</p>"
    )


def _unverified_note(details: AnswerDetails) -> str:
    if not details.unverified:
        return ""
    return (
        '<p class="aside">What is marked “not in the sources” could not be checked against the records. '
        "Please do not rely on it, and ask the staff.</p>"
    )
