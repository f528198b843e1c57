"""Who wrote and who was written to, by the words around a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from retrieval.asked.tokens import Token
from retrieval.asked.words import TITLES

Role = Literal["any", "sender", "recipient"]

_LETTER_WORDS = frozenset(
    """
    letter letters correspondence telegram telegrams postcard postcards note notes mail cable cables email
    emails memo memos memorandum memoranda message messages wrote write writes written writing sent send
    received receive correspond corresponded hear heard
    lettre lettres brief briefe carta cartas correspondance correspondencia schrieb ecrit escribio escreveu
    """.split()
)
_FROM = frozenset("from de von desde".split())
_BY = frozenset("by par por".split())
_BY_WHAT: dict[str, Role] = {"received": "recipient", "exchanged": "any"}
_TO = frozenset("to an a para".split())
_NOT_TO = frozenset(
    """
    related relating relation relations pertaining according access connection connected connections married
    due belong belongs belonged belonging similar respect regard thanks attributed devoted dedicated prior
    going went go travel traveled travelled traveling trip visit move moved relevant reference references
    """.split()
)
_WRITES = frozenset(
    "wrote write writes sent send writing mailed cabled schrieb ecrit escribio escreveu".split()
)
_RECEIVES = frozenset("received receive receives got get".split())
_SMALL = frozenset("the his her their mr mrs miss of late old my".split())
KIN = frozenset(
    """
    daughter daughters son sons wife husband sister sisters brother brothers mother father parents aunt uncle
    cousin cousins niece nephew nephews friend friends fiance fiancee grandson granddaughter grandmother
    grandfather stepson stepdaughter widow colleague publisher editor agent secretary
    """.split()
)
"""What somebody is to the other: "to his daughter Eliza"."""
_DEEDS = frozenset("sent send wrote write writes sends mailed cabled".split())
_FOREIGN = frozenset(
    "lettre lettres brief briefe briefen carta cartas schrieb ecrit escribio escreveu korrespondenz".split()
)


def is_about_letters(tokens: Sequence[Token]) -> bool:
    """Whether a question speaks of letters, or of writing and sending them."""
    return any(token.word in _LETTER_WORDS for token in tokens)


def read_role(tokens: Sequence[Token], start: int, end: int, *, letters: bool) -> Role:
    """The part of the person named from `start` to `end`; "any" outside talk of letters."""
    if not letters:
        return "any"
    place = start - 1
    while place >= 0 and (tokens[place].word in _SMALL | KIN or tokens[place].word in TITLES):
        place -= 1
    apart = any(mark in tokens[place + 1].gap for mark in "?!;:") or tokens[place + 1].gap.startswith(". ")
    if apart:
        place = -1
    before = tokens[place].word if place >= 0 else ""
    further = tokens[place - 1].word if place > 0 else ""
    after = [token.word for token in tokens[end : end + 3]]
    if tokens[end - 1].possessive and KIN & set(after[:1]):
        return "any"  # "from Charles Marsh's wife"
    if place < 0 and not apart and after[:1] in (["to"], ["an"]):
        return "sender"  # "Ellen Marsh to Ruth Cole, 1905"
    if _writes(before, after, possessive=tokens[end - 1].possessive):
        return "sender"
    if after and (after[0] in _RECEIVES or after[:2] == ["was", "sent"]) and before != "did":
        return "recipient"
    if before == "did" and after and after[0] in _RECEIVES:
        return "recipient"
    if before in _DEEDS and _is_done_by_somebody(tokens, place):
        return "recipient"
    if before in _BY:
        return _BY_WHAT.get(further, "sender")
    if before in _FROM and not (before == "de" and further in ("carta", "nombre")):
        return "sender"
    if before in ("an", "a", "para") and not any(token.word in _FOREIGN for token in tokens):
        return "any"
    if before in _TO and further not in _NOT_TO:
        return "recipient"
    return "any"


def _is_done_by_somebody(tokens: Sequence[Token], deed: int) -> bool:
    """Whether the writer stands before the verb, so that who follows is written to: "Ann sent Ben"."""
    if not deed:
        return False
    asked = any(token.word == "did" for token in tokens[max(0, deed - 4) : deed - 1])
    return (tokens[deed - 1].capital and tokens[deed - 1].is_joined and deed > 1) or asked


def _writes(before: str, after: Sequence[str], *, possessive: bool) -> bool:
    """ "Ellen wrote", "did Ellen write", "Ellen's letters to"; not "wrote Ellen"."""
    if possessive:
        letter = [place for place, word in enumerate(after) if word in _LETTER_WORDS]
        return bool(letter) and after[letter[0] + 1 : letter[0] + 2] in (["to"], ["an"], ["a"])
    if after and after[0] in _WRITES:
        return True
    if (
        len(after) > 1
        and after[0] in ("had", "ever", "has", "may", "would", "actually", "also")
        and after[1] in _WRITES
    ):
        return True
    return (
        bool(after)
        and after[0] in ("letter", "letters")
        and after[1:2] == ["to"]
        and before not in ("from", "by")
    )
