"""Which pairs may go into a version, and which are left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from train.datasets.candidate import Candidate, Member
from train.datasets.likeness import fold
from train.pairs.pair import Pair

SENTENCES = {
    "withdrawn": "Withdrawn: whoever gave it, or staff, took it back.",
    "reopened": "Approved once, and changed or sent back since.",
    "unapproved": "Nobody has approved it, and no reason is recorded why none had to.",
    "consent": "Nobody has agreed to its use.",
    "licence": "It names no licence.",
    "not public": "It rests on material that the public may not see.",
    "no evidence": "It answers without a passage that shows it.",
    "check": "A check found something that must be mended or waived first.",
    "duplicate": "It says the same as another pair, which is in.",
    "between": "It ties questions to train on to questions of the exam, and would give those away.",
}
"""Why a pair is left out, in the order in which it is looked for."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Pairs left out for one reason, a key of `SENTENCES`; `pairs` are ids, `notes` say more by id.

    No words of a pair and of nobody's reasons: a datasheet is for ever.
    """

    reason: str
    pairs: tuple[str, ...]
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def sentence(self) -> str:
        return SENTENCES[self.reason]


def select_pairs(
    candidates: Iterable[Candidate], earlier: frozenset[str]
) -> tuple[list[Member], list[tuple[str, str, str]]]:
    """Those that may go in, by id, and (id, reason, note) of those left out.

    Of pairs that say the same one stays: one of the version before (`earlier` are its ids), else the first
    by id.
    """
    usable: list[Member] = []
    left: list[tuple[str, str, str]] = []
    said: dict[tuple[str, ...], str] = {}
    ordered = sorted(candidates, key=lambda one: (one.pair.id not in earlier, one.pair.id))
    for candidate in ordered:
        pair = candidate.pair
        reason, note = find_reason(candidate)
        if reason in ("", "check") and _says(pair) in said:
            reason, note = "duplicate", f"the same as {said[_says(pair)]}"
        elif not reason:
            said[_says(pair)] = pair.id
        if reason:
            left.append((pair.id, reason, note))
        else:
            usable.append(Member(pair, candidate.revision))
    return sorted(usable, key=lambda one: one.pair.id), left


def find_reason(candidate: Candidate) -> tuple[str, str]:
    """Why a pair may not go in, as a key of `SENTENCES` and a note; two empty texts where it may."""
    pair = candidate.pair
    found = (
        ("withdrawn", candidate.withdrawn, ""),
        ("unapproved", not (pair.approver.strip() or pair.waiver.strip()), ""),
        ("consent", pair.consent == "none", ""),
        ("licence", not pair.licence.strip(), ""),
        ("not public", not all(item.public for item in pair.evidence) or candidate.closed, ""),
        ("no evidence", pair.kind == "answer" and not pair.evidence, ""),
        ("check", bool(candidate.stops), ", ".join(candidate.stops)),
    )
    return next(((reason, note) for reason, true, note in found if true), ("", ""))


def gather_exclusions(left: Sequence[tuple[str, str, str]]) -> tuple[Exclusion, ...]:
    """By reason, in the order of `SENTENCES`; ids in order."""
    return tuple(
        Exclusion(
            reason,
            tuple(sorted(one for one, why, _ in left if why == reason)),
            tuple(sorted((one, note) for one, why, note in left if why == reason and note)),
        )
        for reason in SENTENCES
        if any(why == reason for _, why, _ in left)
    )


def _says(pair: Pair) -> tuple[str, ...]:
    return (*(fold(turn.content) for turn in pair.history), fold(pair.question), fold(pair.answer))
