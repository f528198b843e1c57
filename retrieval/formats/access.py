"""Conditions governing access, as they come down through a description.

The note nearest to an item wins only where it says more; a closure above it is never dropped. The
wording is kept as written, and where several notes hold, each says where it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(
    r"\b(?:no|without(?: any)?|not?)\s+(?:access\s+)?restrict\w*|\bunrestricted\b|\bun-restricted\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\bclosed?\b|\brestrict|\bsealed\b|\bembargo|\bconfidential|\buntil\b|\bunprocessed\b|\bunavailable\b"
    r"|\bno access\b|\bnot (?:\w+ )?(?:open|available|accessible)\b|\bmay not be\b|\bmay only\b|\bonly\b"
    r"|\bpermission|\bappointment|\blifetime\b|\bin advance\b|\bprior (?:notice|notification|arrangement)"
    r"|\boff-?site\b|\bmust\b|\bfragile\b|\bused? cop(?:y|ies)\b",
    re.IGNORECASE,
)

_IN_PASSING = re.compile(
    r"[\[(][^\])]{0,80}\b(?:restricted|closed)\b[^\])]{0,80}[\])]"
    r"|\b(?:not (?:\w+ )?open (?:for|to) \w+|restricted until [\w, ]+)",
    re.IGNORECASE,
)
_CLOSED_AT_ONCE = re.compile(
    r"^\W*(?:restricted|closed|sealed|not (?:\w+ )?(?:open|available))\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class AccessNote:
    """One note on access, with the title of the component that it was written on."""

    title: str
    text: str

    @property
    def closes(self) -> bool:
        """Whether it limits access in any way; "open with no restrictions" does not."""
        return bool(_CLOSING.search(_OPENING.sub("", self.text)))


def add_note(above: tuple[AccessNote, ...], note: AccessNote) -> tuple[AccessNote, ...]:
    """Notes that hold for a component: its own first, then those above that close anything."""
    kept = tuple(other for other in above if other.closes and other.text != note.text)
    return (note, *kept)


def render(notes: tuple[AccessNote, ...], own_level: str = "") -> tuple[str, str]:
    """Text of the notes that hold, and the title of the component that the nearest was written on.

    `own_level` is the level of the component when the first note is its own, else "".
    """
    if not notes:
        return "", ""
    if len(notes) == 1:
        return notes[0].text, notes[0].title
    parts = [note.title if note.text in note.title else f"{note.title}: {note.text}" for note in notes]
    if own_level:
        parts[0] = f"This {own_level}: {notes[0].text}"
    return " ".join(part if part.endswith((".", "!", "?")) else part + "." for part in parts), notes[0].title


def closure_in_passing(title: str, container: str, remarks: list[str]) -> str:
    """A closure that stands elsewhere than in an access note: "27 [closed]", "NOT OPEN FOR RESEARCH"."""
    for text in (title, container):
        match = _IN_PASSING.search(text)
        if match:
            return match[0] if text is title else text
    return next((remark for remark in remarks if _CLOSED_AT_ONCE.match(remark)), "")
