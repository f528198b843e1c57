"""The answer of a pair, with the passages behind it: as it was given, or as a curator mended it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.index import Index
from retrieval.prompt import REFUSAL
from serve.curation.entries import Entry
from serve.curation.evidence import CITED, renumber, take_record, take_source
from serve.errors import BadRequest
from serve.plain import make_plain
from serve.schemas import Source
from serve.wire.inbox import Chosen
from train.pairs.pair import Evidence

_COUNTED = re.compile(r"\A[\d,.]+ described records? fits? \(.*?\); one record may stand for many items\.\s+")
"""What the service itself says before the model's words: see `serve.turn.describe_count`."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """An answer whose [1] is the first of `evidence`, and so on."""

    answer: str
    evidence: tuple[Evidence, ...]


def take_answer(entry: Entry, index: Index | None) -> Fixed:
    """The answer as it was given, with the sources it cites. Raises BadRequest where it cannot be an example.

    A "not found" that was right is a refusal, as the model would have to write it.
    """
    details = entry.details
    if details is None:
        raise BadRequest(
            "The service has no record of this answer, only what a client sent, so it cannot be called good. "
            "Fix it: write the answer and name the passages."
        )
    if entry.unanswered and details.status != "passages_only":
        return Fixed(REFUSAL, ())
    if details.status != "answered":
        raise BadRequest("No model wrote this answer, so it cannot be an example. Fix it: write one.")
    if details.unverified:
        raise BadRequest(
            f"The answer names what stands in no source ({', '.join(details.unverified)[:200]}). Fix it."
        )
    answer = make_plain(_COUNTED.sub("", entry.answer)).strip()
    cited = _list_cited(answer, [source.number for source in details.sources])
    return _join(answer, cited, {source.number: source for source in details.sources}, (), index)


def fix_answer(entry: Entry, index: Index | None, answer: str, chosen: Sequence[Chosen] | None) -> Fixed:
    """A curator's answer and the passages chosen for it, numbered anew in the order in which they are cited.

    Numbers are those of the sources shown; record ids have the numbers after the last of these, in their
    order. Raises BadRequest for an empty answer, a number or record that is not there, and a citation of a
    passage that was not chosen.
    """
    if not answer:
        raise BadRequest("answer: write the answer that should have been given.", param="answer")
    if answer == REFUSAL:
        return Fixed(REFUSAL, ())
    details = entry.details
    shown = (
        {source.number: source for source in [*details.sources, *details.also_searched]} if details else {}
    )
    last = max(shown, default=0)
    records = [make_plain(one) for one in chosen or () if isinstance(one, str)]
    added = {last + place: record for place, record in enumerate(dict.fromkeys(records), start=1)}
    wanted = [one for one in chosen or () if isinstance(one, int)] + list(added)
    if unknown := [number for number in wanted if number not in shown and number not in added]:
        raise BadRequest(
            f"evidence: the answer has no source [{unknown[0]}]. Its sources are {_list_numbers(shown)}; "
            "name others by their record ids.",
            param="evidence",
        )
    cited = _list_cited(answer, None)
    if chosen is None:
        wanted = cited
    if lost := [number for number in cited if number not in wanted or number not in {**shown, **added}]:
        raise BadRequest(
            f"The answer cites [{lost[0]}], which is none of the passages chosen ({_list_numbers(wanted)}). "
            "Choose it, or take the citation out.",
            param="answer",
        )
    order = [*cited, *(number for number in dict.fromkeys(wanted) if number not in cited)]
    return _join(answer, order, shown, tuple(added.items()), index)


def _join(
    answer: str,
    numbers: Sequence[int],
    shown: dict[int, Source],
    added: Sequence[tuple[int, str]],
    index: Index | None,
) -> Fixed:
    records = dict(added)
    evidence = tuple(
        take_record(index, records[number], answer)
        if number in records
        else take_source(index, shown[number])
        for number in numbers
    )
    return Fixed(renumber(answer, numbers), evidence)


def _list_cited(answer: str, among: Sequence[int] | None) -> list[int]:
    """Numbers that an answer cites, each once, in the order in which they come."""
    cited = dict.fromkeys(int(number) for number in CITED.findall(answer))
    return [number for number in cited if among is None or number in among]


def _list_numbers(numbers: Sequence[int] | dict[int, Source]) -> str:
    return ", ".join(f"[{number}]" for number in numbers) or "none"
