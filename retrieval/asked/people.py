"""People a question names, as it writes them or as the index knows them, and who wrote to whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from retrieval.asked.correction import Corrector
from retrieval.asked.known_people import find_known, find_surnames
from retrieval.asked.materials import is_material
from retrieval.asked.person_names import FoundPerson, introduces, is_known_name
from retrieval.asked.places import is_known_place
from retrieval.asked.roles import is_about_letters, read_role
from retrieval.asked.runs import Run, find_runs
from retrieval.asked.tokens import Token
from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.words import CHAT, CONNECTORS, GENERIC, STOP_WORDS
from retrieval.asked.written_people import judge_run
from retrieval.implied.name_words import FIRST_NAMES

_MAIDEN = frozenset("nee ne geb geborene".split())


def read_people(
    tokens: Sequence[Token],
    taken: Collection[int],
    vocabulary: Vocabulary | None,
    corrector: Corrector | None,
) -> list[FoundPerson]:
    """The people named, in the order of the question; words at `taken` places name nobody."""
    runs = _leave_out_maiden(tokens, _join_inverted(tokens, find_runs(tokens, taken), vocabulary))
    runs = [run for run in runs if not introduces(tokens, run.start)]
    found: list[FoundPerson] = []
    if corrector and vocabulary:
        found = find_known(tokens, taken, runs, vocabulary, corrector)
    occupied = {place for one in found for place in range(one.start, one.end)}
    letters = is_about_letters(tokens) or _is_heading(tokens, runs, found)
    for run in runs:
        if occupied.isdisjoint(range(run.start, run.end)):
            judged = judge_run(tokens, run, vocabulary, corrector, letters=letters)
            if judged:
                found.append(judged)
    if corrector and vocabulary and letters:
        occupied = {place for one in found for place in range(one.start, one.end)} | set(taken)
        found += find_surnames(tokens, occupied, vocabulary, corrector)
    found.sort(key=lambda one: one.start)
    return _give_roles(tokens, _share_surname(tokens, found, runs, letters=letters), letters=letters)


def _is_heading(tokens: Sequence[Token], runs: Sequence[Run], found: Sequence[FoundPerson]) -> bool:
    """ "Steve Nelson to Ann Ross, 1975": asked for as letters are headed."""
    starts = {run.start for run in runs} | {one.start for one in found}
    to = next((place for place, token in enumerate(tokens[:5]) if token.word in ("to", "an")), 0)
    if not to or to + 1 not in starts | {start - 1 for start in starts}:
        return False
    first = tokens[:to]
    if any(token.word in STOP_WORDS | CHAT | GENERIC or is_material(token.word) for token in first):
        return False
    return len(first) == 1 or all(
        token.capital or token.word in CONNECTORS or token.word == "v" for token in first
    )


def _join_inverted(tokens: Sequence[Token], runs: Sequence[Run], vocabulary: Vocabulary | None) -> list[Run]:
    """ "Taft, William Howard" as one run: by what the index knows, or by the form alone ("Taft, W. H.")."""
    joined: list[Run] = []
    for run in runs:
        before = joined[-1] if joined else None
        if (
            before
            and before.end == run.start
            and before.end - before.start == 1
            and tokens[run.start].gap.strip() == ","
            and not (before.start and tokens[before.start - 1].word == "the")
            and _is_inverted(tokens, before, run, vocabulary)
        ):
            joined[-1] = Run(before.start, run.end, run.titled)
        else:
            joined.append(run)
    return joined


def _is_inverted(tokens: Sequence[Token], surname: Run, given: Run, vocabulary: Vocabulary | None) -> bool:
    last, first = tokens[surname.start].word, [token.word for token in tokens[given.start : given.end]]
    if vocabulary and is_known_name([*first, last], vocabulary):
        return True
    if last in FIRST_NAMES or is_known_place([last], vocabulary) or is_known_place(first, vocabulary):
        return False  # "Richmond, Virginia"
    return all(len(word) == 1 for word in first) or (len(first) < 3 and set(first) <= FIRST_NAMES)


def _leave_out_maiden(tokens: Sequence[Token], runs: list[Run]) -> list[Run]:
    """Runs without names before marriage ("Ellen Marsh née Cole"): these name nobody else."""
    ends = {run.end for run in runs}
    return [
        run for run in runs
        if not (run.start > 1 and tokens[run.start - 1].word in _MAIDEN and run.start - 1 in ends)
    ]  # fmt: skip


def _share_surname(
    tokens: Sequence[Token], found: list[FoundPerson], runs: Sequence[Run], *, letters: bool
) -> list[FoundPerson]:
    """ "John and Abigail Adams" are two people of one surname."""
    shared: list[FoundPerson] = []
    for one in found:
        forename = next((run for run in runs if run.end == one.start - 1 and run.end - run.start == 1), None)
        linked = one.start > 0 and tokens[one.start - 1].word in ("and", "or", "und", "et", "y")
        if forename and linked and len(one.words) > 1 and not tokens[forename.start].possessive:
            first = tokens[forename.start]
            shared = [past for past in shared if past.start != forename.start]
            surname = one.name.split()[-1]
            shared.append(
                FoundPerson(
                    (first.word, one.words[-1]), f"{first.text} {surname}", forename.start, forename.end
                )
            )
        shared.append(one)
    return shared


def _skip_maiden(tokens: Sequence[Token], end: int) -> int:
    """Where a name ends, "née Cole" included."""
    return end + 2 if end + 1 < len(tokens) and tokens[end].word in _MAIDEN else end


def _give_roles(tokens: Sequence[Token], found: list[FoundPerson], *, letters: bool) -> list[FoundPerson]:
    """Each with a role; one only joined on ("from Ellen or Clara Marsh") has that of the one before."""
    given: list[FoundPerson] = []
    for one in found:
        role = read_role(tokens, one.start, _skip_maiden(tokens, one.end), letters=letters)
        before = given[-1] if given else None
        if role == "any" and before and before.role != "any" and not tokens[before.end - 1].possessive:
            between = [token.word for token in tokens[before.end : one.start]]
            if all(word in ("and", "or", "nor", "et", "und", "y", "e") for word in between):
                role = before.role
        same = next((past for past in given if past.words == one.words), None)
        if same is None:
            given.append(replace(one, role=role))
    return given
