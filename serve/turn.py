"""One question and what the search found for it, while its answer is being written.

Knows no engine and no HTTP: it is handed the engine's events and gives back text that may be shown,
then the whole answer with its sources.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

import orjson

from retrieval.asked.chips import NAMING
from retrieval.index import Index, SearchResult
from retrieval.prompt import PROMPT_VERSION, REFUSAL, render_heading
from retrieval.records import Hit
from serve.aliases import Route
from serve.citation_stream import CitationStream
from serve.instructions.version import NO_INSTRUCTIONS, Standing
from serve.schemas import AnswerDetails, JsonObject, Source, Status
from serve.sources import describe_search, describe_source, gather_evidence

NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
MOST_POINTED_TO = 3
"""Records named where the passages hold no answer but fit what was asked."""


@dataclass(frozen=True, slots=True)
class Delta:
    """Text to show now."""

    answer_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer: all of its text, where each [n] stands in it, and what is behind it."""

    text: str
    details: AnswerDetails
    spans: Sequence[tuple[int, int, int]]
    reason: str
    usage: JsonObject
    dropped: int = 0
    """Citations of passages that were not given, left out of the text."""


Events = AsyncGenerator[Delta | Finished, None]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one answer is made of; `model` is the base, `route` says which version answers.

    `standing` are the library's own instructions for it.
    """

    question: str
    route: Route
    model: str
    index: Index
    result: SearchResult
    base_url: str
    ask_staff: str
    answer_id: str
    standing: Standing = NO_INSTRUCTIONS

    async def write(self, payloads: AsyncIterator[bytes], hits: Sequence[Hit]) -> Events:
        """The engine's stream with its citations checked; a refusal becomes our own "not found"."""
        checked = CitationStream(len(hits), [*gather_evidence(hits), self.question])
        lead = describe_count(self.result)
        held, reason = lead, "stop"
        usage: JsonObject = NO_TOKENS
        async for payload in payloads:
            chunk = orjson.loads(payload)
            usage = chunk.get("usage") or usage
            for choice in chunk.get("choices", ()):
                reason = choice.get("finish_reason") or reason
                held += checked.feed(choice.get("delta", {}).get("content") or "")
            if checked.text and held and not _may_refuse(checked.text):
                yield Delta(self.answer_id, held)
                held = ""
            if checked.repeats:
                break
        held += checked.finish()
        if checked.text.strip().startswith(REFUSAL):
            # What the query counted answers the question, whatever the model makes of it.
            counted = self.show_passages(lead.strip(), hits, usage, status="answered")
            events = counted if lead else self.not_found(hits, usage)
        elif not checked.text.strip():
            events = self.show_passages("The model gave no answer.", hits, usage)
        else:
            if held:
                yield Delta(self.answer_id, held)
            sources = self._describe_all(hits, checked.cited)
            yield self._finish(lead + checked.text, "answered", sources, checked, reason, usage, len(lead))
            return
        async for event in events:
            yield event

    async def not_found(self, hits: Sequence[Hit], usage: JsonObject = NO_TOKENS) -> Events:
        """An honest "not found": how far the search looked, what that does not mean, whom to ask.

        Where records fit all that was asked, they are named: a box to look in is more than no answer.
        """
        if fitting := find_fitting(self.result, hits):
            lines = [f'"{render_heading(hits[number - 1])}" [{number}]' for number in fitting]
            lead = f"The passages do not say that in words, but these fit ({_name_readings(self.result)}):"
            text = "\n".join([lead, *lines, self.ask_staff])
            yield Delta(self.answer_id, text)
            yield self._finish(text, "not_found", self._describe_all(hits, fitting), usage=usage)
            return
        names = self.result.collections_searched
        listed = "; ".join(names[:5]) + (f"; and {len(names) - 5} more" if len(names) > 5 else "")
        text = (
            f"I did not find that. I searched {self.result.passages_searched:,} passages in "
            f"{len(names)} {'collection' if len(names) == 1 else 'collections'} ({listed}). "
            f"That does not mean it is not here: much is described only in summary. {self.ask_staff}"
        )
        yield Delta(self.answer_id, text)
        yield self._finish(text, "not_found", self._describe_all(hits, ()), usage=usage)

    async def show_passages(
        self,
        lead: str,
        hits: Sequence[Hit],
        usage: JsonObject = NO_TOKENS,
        status: Status = "passages_only",
    ) -> Events:
        """The headings found, each with its number, where no model wrote."""
        lines = [f'"{render_heading(hit)}" [{number}]' for number, hit in enumerate(hits, start=1)]
        text = "\n".join([f"{lead} These records fit your question best:", *lines])
        yield Delta(self.answer_id, text)
        sources = self._describe_all(hits, range(1, len(hits) + 1))
        yield self._finish(text, status, sources, usage=usage)

    def _describe_all(self, hits: Sequence[Hit], cited: Sequence[int]) -> list[Source]:
        """Every hit as a source: the cited ones first, in the order of the answer, last what no model saw."""
        known = [*hits, *(hit for hit in self.result.hits if hit not in hits)]
        numbers = [*cited, *(number for number in range(1, len(known) + 1) if number not in cited)]
        return [
            describe_source(known[number - 1], number, cited=number in cited, base_url=self.base_url)
            for number in numbers
        ]

    def _finish(
        self,
        text: str,
        status: Status,
        sources: Sequence[Source],
        checked: CitationStream | None = None,
        reason: str = "stop",
        usage: JsonObject = NO_TOKENS,
        moved: int = 0,
    ) -> Finished:
        details = AnswerDetails(
            answer_id=self.answer_id,
            status=status,
            found=status != "not_found",
            adapter=self.route.version,
            alias=self.route.alias,
            model=self.model,
            index_version=self.index.version,
            prompt_version=PROMPT_VERSION,
            instructions=self.standing.version,
            searched=describe_search(self.result, self.index, self.base_url),
            sources=[source for source in sources if source.cited],
            also_searched=[source for source in sources if not source.cited],
            unverified=checked.unverified if checked else [],
            ask_staff=self.ask_staff,
        )
        if checked is None:
            return Finished(text, details, (), reason, usage)
        spans = [(number, start + moved, end + moved) for number, start, end in checked.spans]
        return Finished(text, details, spans, reason, usage, checked.dropped)


def describe_count(result: SearchResult) -> str:
    """How many records fit, said before the model's words where the question asks for it; else "".

    Counted by query: a model cannot count what it was not shown.
    """
    if not result.wants_count or not result.matches:
        return ""
    count = f"{result.matches:,} described {'record fits' if result.matches == 1 else 'records fit'}"
    return f"{count} ({_name_readings(result)}); one record may stand for many items.\n\n"


def find_fitting(result: SearchResult, hits: Sequence[Hit]) -> list[int]:
    """Numbers of the first hits that satisfy all that was read from a question that names something.

    None where the search found too little, or had to set a reading aside.
    """
    if not result.found or result.relaxed or not any(chip.kind in NAMING for chip in result.chips):
        return []
    return [number for number, hit in enumerate(hits, start=1) if hit.fits][:MOST_POINTED_TO]


def _name_readings(result: SearchResult) -> str:
    return "; ".join(chip.label for chip in result.chips if chip.id not in result.relaxed)


def _may_refuse(text: str) -> bool:
    """Whether what has been written could still become the refusal sentence."""
    return REFUSAL.startswith(text.strip()[: len(REFUSAL)])
