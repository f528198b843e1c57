"""Files of every form with bytes changed, lost and put in: pairs, or one sentence, and nothing else."""

from __future__ import annotations

import random

import pytest

from tests.train.exchange.samples import FULL, ODD
from train.pairs.exchange.forms import FORMS, read_pairs
from train.pairs.exchange.reading import Unreadable

PAGE = b"""<!doctype html><html><body><h2>Can I <b>copy</b>?</h2><p>Yes, <a href="https://x.org">so</a>.</p>
<dl><dt>When</dt><dd>Now</dd></dl><details><summary>How</summary>Like this</details>
<script type="application/ld+json">{"mainEntity": [{"name": "Q?", "acceptedAnswer": {"text": "<p>a</p>"}}]}</script>
</body></html>"""
PUT_IN = (
    b'"', b"\n", b"\r", b",", b";", b"{", b"]", b"\\", b"\x00", b"\xff", b"=", b"NaN", b"\\ud800", b"<", b"Q: ",
    b"\xef\xbb\xbf", b'"reading_room_pair"', b"[2] ", b"Passages:\n\n", b"9" * 5000, b"[" * 3000,
)  # fmt: skip


def spoil(whole: bytes, rng: random.Random) -> bytes:
    """The file with one to five faults."""
    spoilt = bytearray(whole)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(spoilt) + 1)
        match rng.randrange(4):
            case 0:
                spoilt[at:at] = rng.choice(PUT_IN)
            case 1:
                del spoilt[at : at + rng.choice((1, 2, 50, 500))]
            case 2:
                spoilt[at : at + 1] = bytes([rng.randrange(256)])
            case _:
                spoilt = spoilt[: max(at, len(spoilt) // 2)]
    return bytes(spoilt)


@pytest.mark.parametrize("name", [*FORMS, "page"])
def test_a_spoilt_file_is_read_or_refused_in_a_sentence(name: str) -> None:
    whole = PAGE if name == "page" else FORMS[name].write([FULL, ODD]).data
    rng = random.Random(name)
    read = 0
    for _ in range(60):
        try:
            _, reading = read_pairs(
                spoil(whole, rng), form=rng.choice(("", name if name in FORMS else "faq"))
            )
        except Unreadable as error:
            assert str(error).endswith(".")
        else:
            read += 1
            assert all(pair.question.strip() and pair.answer.strip() for pair in reading.pairs)
            assert all(str(problem).endswith(".") for problem in reading.problems)
    assert read > 0 or name == "xlsx"


@pytest.mark.parametrize(
    "line", ["#" * 100_000 + "x", "# " + "# " * 50_000 + "x", "> " * 50_000, "*_" * 50_000 + "?", "a" * 500 + "? " * 50_000]
)  # fmt: skip
def test_lines_made_to_hold_up_a_pattern_do_not(line: str) -> None:
    _, reading = read_pairs(f"{line}\n\nQ: Why?\nA: So.\n".encode(), form="faq")
    assert reading.pairs[0].question == "Why?"
