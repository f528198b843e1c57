"""Pairs drawn at random from the signs and words that forms take for their own, through every form and back."""

from __future__ import annotations

import random

import pytest

from train.pairs.exchange.forms import FORMS, detect, read_pairs
from train.pairs.pair import Earlier, Evidence, Pair

PIECES = (
    *"ab =+-@'\"\n\r\t;,|#*_[]<>&:?.\\/{}()01éß漢\u202e\u2028\u00a0\x01\x85\ufeff\U0001f5c3＝",
    "_x0041_", "_x000D_", "x005F_", "Q: ", "A: ", "[1] ", "\n\n[2] ", "Passages:\n\n", "\n\nQuestion: ",
    "<|end|>", "user: ", " > ", "'=", "''-", "\r\n", "#N/A", "sep=;\n", "```",
)  # fmt: skip


def draw_text(rng: random.Random, most: int = 12) -> str:
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(0, most)))


def draw_pair(rng: random.Random) -> Pair:
    evidence = tuple(
        Evidence(
            record_id=draw_text(rng),
            collection_id=draw_text(rng),
            heading=draw_text(rng),
            breadcrumb=tuple(draw_text(rng, 5) for _ in range(rng.randint(0, 3))),
            text=draw_text(rng, 30),
            source=draw_text(rng),
            public=rng.random() < 0.5,
        )
        for _ in range(rng.randint(0, 3))
    )
    history = tuple(
        Earlier(role=rng.choice(("user", "assistant")), content=draw_text(rng, 20))
        for _ in range(rng.randint(0, 3))
    )
    return Pair(
        id=draw_text(rng),
        question=draw_text(rng, 20) + "?",
        answer="." + draw_text(rng, 30),
        evidence=evidence,
        history=history,
        kind=rng.choice(("answer", "refusal")),
        origin=rng.choice(("feedback", "staff", "import", "draft")),
        contributor=draw_text(rng),
        approver=draw_text(rng),
        waiver=draw_text(rng),
        consent=rng.choice(("patron", "staff", "file", "none")),
        licence=draw_text(rng),
        language=rng.choice(("en", "", "de-AT")),
    )


@pytest.mark.parametrize("name", [name for name in FORMS if name != "faq"])
def test_whatever_a_pair_says_it_comes_back_so(name: str) -> None:
    rng = random.Random(name)
    for _ in range(25):
        pairs = [draw_pair(rng) for _ in range(rng.randint(1, 4))]
        written = FORMS[name].write(pairs).data
        assert list(read_pairs(written, form=name)[1].pairs) == pairs
        assert detect(written).name == name
