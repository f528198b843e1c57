"""What may be shown of a model's writing, whatever the size of the pieces it comes in."""

from __future__ import annotations

import pytest

from serve.citation_stream import CitationStream

EVIDENCE = [
    "Ellen Marsh to Thomas Marsh, 1905 June 3",
    "Box 3, Folder 12",
    "MS 101",
    "https://library.example/101",
]


def show(text: str, size: int = 1, numbers: int = 3) -> CitationStream:
    stream = CitationStream(numbers, EVIDENCE)
    shown = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size)) + stream.finish()
    assert shown == stream.text
    return stream


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("written", "shown", "cited"),
    [
        ("Yes [1].", "Yes [1].", [1]),
        ("Yes [2, 1] and [[3]] and 【2】.", "Yes [2][1] and [3] and [2].", [2, 1, 3]),
        ("Yes [1-3].", "Yes [1][2][3].", [1, 2, 3]),
        ("Yes [passage 2].", "Yes [2].", [2]),
        ("Nothing [9] here [0].", "Nothing here.", []),
        ("Half [1, 9].", "Half [1].", [1]),
        ("See [Scarboro, Maine] there", "See [Scarboro, Maine] there", []),
        ('"Map [1905]" [2]', '"Map [1905]" [2]', [2]),
        ("Nothing [999] here.", "Nothing here.", []),
        ("Open [1", "Open [1", []),
        ("N[orcross] wrote", "N[orcross] wrote", []),
    ],
)
def test_markers(written: str, shown: str, cited: list[int], size: int) -> None:
    stream = show(written, size)
    assert stream.text == shown
    assert stream.cited == cited
    for number, start, end in stream.spans:
        assert stream.text[start:end] == f"[{number}]"


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("written", "shown", "unverified"),
    [
        ("It is in Box 3, Folder 12.", "It is in Box 3, Folder 12.", []),
        ("It is in box  3.", "It is in box  3.", []),
        ("It is in Box 30.", "It is in ⟨unverified: Box 30⟩.", ["Box 30"]),
        ("Folder 13, MS 101", "⟨unverified: Folder 13⟩, MS 101", ["Folder 13"]),
        ("Ask for MS 999 today", "Ask for ⟨unverified: MS 999⟩ today", ["MS 999"]),
        ("Written in 1905, not 1906", "Written in 1905, not ⟨unverified: 1906⟩", ["1906"]),
        ("At https://library.example/101 now", "At https://library.example/101 now", []),
        (
            "At https://evil.example/x now",
            "At ⟨unverified: https://evil.example/x⟩ now",
            ["https://evil.example/x"],
        ),
    ],
)
def test_identifiers_must_stand_in_a_source(
    written: str, shown: str, unverified: list[str], size: int
) -> None:
    stream = show(written, size)
    assert stream.text == shown
    assert stream.unverified == unverified


def test_control_characters_are_taken_out() -> None:
    assert show("a\x1b[31mb\u202ec\u200bd\ne").text == "a[31mbcd\ne"


def test_text_is_held_back_a_word_at_most() -> None:
    stream = CitationStream(1, EVIDENCE)
    assert stream.feed("The letter speaks of the mill") == "The letter speaks of the"
    assert stream.feed(" fire") == " mill"


def test_a_bracket_that_never_closes_does_not_hold_the_answer_back() -> None:
    stream = CitationStream(1, EVIDENCE)
    stream.feed("See [this")
    assert "See [this is a long aside about" in stream.text + stream.feed(
        " is a long aside about the mill and its owner"
    )


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_an_answer_that_goes_round_in_circles_ends_before_it_says_it_twice(size: int) -> None:
    quoted = '"Ellen Marsh to Thomas Marsh, 1905 June 3" [1]'
    other = '"Ellen Marsh to Ruth, 1905" [2]'
    assert not show(f"Yes: {quoted} and {other}.", size).repeats
    assert show(f"Yes: {quoted} and {other}.", size).text == f"Yes: {quoted} and {other}."
    if size == 1000:
        return  # a circle within one delta is shown: no engine writes a line at a time
    for again in (f" and {quoted} and {quoted}", f"; {quoted}; {quoted}", f' and {quoted[:-5]}"'):
        stream = show(f"Yes: {quoted}{again}", size)
        assert (stream.repeats, stream.text) == (True, f"Yes: {quoted}.")
    assert not show('She says "no, never" [1] and again "no, never" [2].', size).repeats
