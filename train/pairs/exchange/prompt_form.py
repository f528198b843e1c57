"""The product's own prompt in files: a pair as the messages that a model is sent, and back.

The text is `retrieval.prompt`'s; here it is only recognised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.prompt import Message, build_messages
from retrieval.records import Hit, Passage, Record
from train.pairs.pair import Evidence, Pair

_HEAD = "Passages:\n\n"
_ASKED = "\n\nQuestion: "
_NUMBER = re.compile(r"(?:\A|(?<=\n\n))\[(\d{1,3})\] ")
_CRUMBS = " > "


def render_messages(pair: Pair) -> list[Message]:
    """The messages before the answer: with evidence the whole prompt, without it only what was said."""
    said: list[Message] = [{"role": turn.role, "content": turn.content} for turn in pair.history]
    if not pair.evidence:
        return [*said, {"role": "user", "content": pair.question}]
    hits = [_make_hit(item) for item in pair.evidence]
    messages, _ = build_messages(
        pair.question, hits, said, token_budget=1_000_000_000, count_tokens=lambda _: 0
    )
    return messages


def read_prompt(content: str) -> tuple[str, list[Evidence]]:
    """Question and passages of a user's message; of one that is not our prompt, all of it and none."""
    if not content.startswith(_HEAD) or _ASKED not in content:
        return content, []
    passages, _, question = content.removeprefix(_HEAD).rpartition(_ASKED)
    return question, read_passages(passages)


def write_passages(evidence: Sequence[Evidence]) -> str:
    """Passages as people read them: numbered, heading first."""
    return "\n\n".join(
        f"[{number}] "
        + "\n".join(part for part in (item.heading, _CRUMBS.join(item.breadcrumb), item.text) if part)
        for number, item in enumerate(evidence, start=1)
    )


def read_passages(text: str) -> list[Evidence]:
    """Numbered passages, [1] first and each number one more than the last; other text is one passage.

    A passage's first line is its heading, and a second one with " > " in it the place of its record.
    """
    if not text.strip():
        return []
    starts: list[re.Match[str]] = []
    for found in _NUMBER.finditer(text):
        if int(found[1]) == len(starts) + 1:
            starts.append(found)
    if not starts or starts[0].start() > 0:
        return [Evidence(record_id="", collection_id="", heading="", text=text)]
    ends = [*(found.start() for found in starts[1:]), len(text)]
    return [
        _read_passage(text[found.end() : end].rstrip("\n")) for found, end in zip(starts, ends, strict=True)
    ]


def _read_passage(text: str) -> Evidence:
    heading, _, rest = text.partition("\n")
    crumbs, _, below = rest.partition("\n")
    if _CRUMBS not in crumbs:
        crumbs, below = "", rest
    breadcrumb = tuple(crumbs.split(_CRUMBS)) if crumbs else ()
    return Evidence(record_id="", collection_id="", heading=heading, breadcrumb=breadcrumb, text=below)


def _make_hit(item: Evidence) -> Hit:
    record = Record(
        id=item.record_id,
        collection_id=item.collection_id,
        level="item",
        title=item.heading,
        collection="",
        breadcrumb=item.breadcrumb,
    )
    return Hit(record=record, passage=Passage(id="", record_id=item.record_id, text=item.text), score=1.0)
