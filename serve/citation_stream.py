"""What the model writes, made safe to show while it is still being written.

The model writes prose and [n]. Passing through here, a citation of a passage that was not given is
dropped, odd spellings ([1, 2], [[1]], 【1】) become [1][2], and an identifier in the prose (a box,
a folder, a call number, a year, an address) that stands in no source is marked as unverified. Text
is held back only as long as it could still turn into one of these: a word or two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from retrieval.prompt import UNSEEN

_MARKER = re.compile(
    r"\s?(?:\[\[?|【)\s*(?:passages?\s*|sources?\s*)?(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*(?:\]\]?|】)",
    re.IGNORECASE,
)
_CONTAINER_WORDS = (
    r"box(?:es)?|folders?|reels?|volumes?|vol\.|cartons?|drawers?|albums?|items?|series|shelf|negatives?|"
    r"cassettes?|tapes?|maps?"
)
_IDENTIFIER = re.compile(
    rf"\b(?:{_CONTAINER_WORDS})\s+(?:no\.\s*)?(?:[A-Z]{{1,3}}-?)?\d[\w./-]*\b"
    r"|\bhttps?://[^\s\"<>)\]]+"
    r"|\b(?:MSS?|MC|RG|PH|AC|UA|HM|Ms\.?|Acc\.?)[ .-]{0,2}\d[\w.-]*\b"
    r"|\b[A-Z]{1,6}[.-]\d+(?:[./-]\w+)*\b"
    r"|\b1[5-9]\d\d\b|\b20[0-2]\d\b",
    re.IGNORECASE,
)
_KEYWORD_AT_END = re.compile(
    rf"\b(?:{_CONTAINER_WORDS}|MSS?|MC|RG|PH|AC|UA|HM|Acc)\b[ .-]{{0,2}}(?:no\.\s*)?\Z", re.IGNORECASE
)
_OPEN_BRACKET = re.compile(r"\s?(?:\[|【)[^\]】]{0,30}\Z")
_LAST_WORD = re.compile(r"\s*\S*\Z")
_LONGEST_HOLD = 80
_CONNECTIVE_AT_END = re.compile(r"(?:\s*[;,]|\s+and)\s*\Z")
_OPENING = re.compile(r"(?:\s*[;,]|\s+and)?\s*[\"“](?=[^\s\"”])")
_QUOTATION = re.compile(r"[\"“]([^\"“”]{16,})[\"”]")


@dataclass(slots=True)
class CitationStream:
    """Feed deltas in, take showable text out; afterwards ask what was cited and what was doubtful.

    `numbers` is how many passages the model was given; `evidence` is all text an identifier may
    come from (the sources' fields and passages, and the patron's own question). `dropped` counts the
    citations of passages that were not given. `repeats` turns true
    when a passage has been quoted twice in the same words: a small model goes round in circles then.
    """

    numbers: int
    evidence: Sequence[str]
    text: str = ""
    cited: list[int] = field(default_factory=list)
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    dropped: int = 0
    repeats: bool = False
    _quoted: set[str] = field(default_factory=set)
    _ends: list[int] = field(default_factory=list)
    _held: str = ""
    _known: str = ""

    def __post_init__(self) -> None:
        self._known = fold(" \n ".join(self.evidence))

    def feed(self, delta: str) -> str:
        """Take the model's next piece; return what may be shown now."""
        if self.repeats:
            return ""
        self._held += UNSEEN.sub("", delta)
        cut = min(_find_cut(self._held), self._find_repetition())
        ready, self._held = self._held[:cut], self._held[cut:]
        if self.repeats:
            ready, self._held = f"{ready}.", ""
        return self._show(ready)

    def finish(self) -> str:
        """The rest, when the model has stopped."""
        ready, self._held = self._held, ""
        return self._show(ready)

    def _show(self, ready: str) -> str:
        if not ready:
            return ""
        out: list[str] = []
        done = 0
        for marker in _MARKER.finditer(ready):
            out.append(self._mark_identifiers(ready[done : marker.start()]))
            out.append(self._resolve(marker, len(self.text) + sum(map(len, out))))
            done = marker.end()
        out.append(self._mark_identifiers(ready[done:]))
        shown = "".join(out)
        self.text += shown
        self._note_quotations()
        return shown

    def _find_repetition(self) -> int:
        """Where a quotation begins that may be, or is, one made before; the end of the text if none does."""
        opening = _OPENING.search(self._held)
        if opening is None:
            return len(self._held)
        written = self._held[opening.end() :]
        self.repeats = any(written.startswith((f'{quoted}"', f"{quoted}”")) for quoted in self._quoted)
        open_ = any(quoted.startswith(written.rstrip('"”')) for quoted in self._quoted)
        return opening.start() if self.repeats or open_ else len(self._held)

    def _note_quotations(self) -> None:
        """Remember what was quoted before each citation."""
        while len(self.spans) > len(self._ends):
            start = self._ends[-1] if self._ends else 0
            end = self.spans[len(self._ends)][2]
            self._ends.append(end)
            self._quoted.update(_QUOTATION.findall(self.text[start:end]))

    def _resolve(self, marker: re.Match[str], start: int) -> str:
        numbers = list(_numbers(marker[1]))
        known = [n for n in numbers if 1 <= n <= self.numbers]
        self.dropped += len(numbers) - len(known)
        if not known:
            return ""
        lead = " " if marker[0][0].isspace() else ""
        for place, number in enumerate(known):
            offset = start + len(lead) + sum(len(f"[{n}]") for n in known[:place])
            self.spans.append((number, offset, offset + len(f"[{number}]")))
            if number not in self.cited:
                self.cited.append(number)
        return lead + "".join(f"[{number}]" for number in known)

    def _mark_identifiers(self, prose: str) -> str:
        return _IDENTIFIER.sub(self._check, prose)

    def _check(self, found: re.Match[str]) -> str:
        identifier = found[0].rstrip(".,;:")
        rest = found[0][len(identifier) :]
        if re.search(rf"(?<!\w){re.escape(fold(identifier))}(?!\w)", self._known):
            return found[0]
        if identifier not in self.unverified:
            self.unverified.append(identifier)
        return f"⟨unverified: {identifier}⟩{rest}"


def _find_cut(held: str) -> int:
    """Where the text begins that could still become a marker or an identifier: the last word, led by
    a word such as "Box" or by a bracket that is open there."""
    cut = len(held)
    for pattern in (_LAST_WORD, _CONNECTIVE_AT_END, _KEYWORD_AT_END, _OPEN_BRACKET):
        if found := pattern.search(held, max(0, cut - _LONGEST_HOLD), cut):
            cut = found.start()
    return cut if len(held) - cut <= _LONGEST_HOLD else len(held)


def fold(text: str) -> str:
    """Case, white space and plural container words folded, so that "box  3" equals "Box 3"."""
    folded = re.sub(r"\s+", " ", text.casefold())
    return re.sub(r"\b(box|folder|reel|volume|carton|drawer|album|item|negative)e?s (?=\d)", r"\1 ", folded)


def _numbers(text: str) -> list[int]:
    """The passage numbers of one marker; a range is opened up, but never beyond 20 numbers."""
    numbers: list[int] = []
    for part in re.split(r"\s*[,;]\s*", text):
        ends = [int(end) for end in re.split(r"\s*[–-]\s*", part)]
        numbers.extend(range(ends[0], min(ends[-1], ends[0] + 20) + 1))
    return list(dict.fromkeys(numbers))
