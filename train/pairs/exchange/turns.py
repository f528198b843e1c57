"""Earlier turns of a conversation as the text of one cell: "user: ..." and "assistant: ..." on lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from train.pairs.exchange.reading import Misfit
from train.pairs.pair import Earlier

_USER = ("user", "patron", "human", "question", "q", "frage", "nutzer")
_ASSISTANT = ("assistant", "answer", "reading room", "bot", "gpt", "a", "antwort")
_LABEL = re.compile(rf"^({'|'.join((*_USER, *_ASSISTANT))})\s*:[ \t]?", re.IGNORECASE | re.MULTILINE)


def write_turns(turns: Sequence[Earlier]) -> str:
    """As `read_turns` reads them, but for turns that have such lines in themselves."""
    return "\n".join(f"{turn.role}: {turn.content}" for turn in turns)


def read_turns(text: str) -> list[Earlier]:
    """The turns; none of an empty text. Raises Misfit for text without labels."""
    if not text.strip():
        return []
    labels = list(_LABEL.finditer(text))
    if not labels or text[: labels[0].start()].strip():
        raise Misfit("history", "expected lines that begin with user: or assistant:", "Label each turn so")
    ends = [*(label.start() for label in labels[1:]), len(text)]
    return [
        Earlier(role=_role(label[1]), content=text[label.end() : end].removesuffix("\n"))
        for label, end in zip(labels, ends, strict=True)
    ]


def _role(label: str) -> Literal["user", "assistant"]:
    return "user" if label.lower() in _USER else "assistant"
