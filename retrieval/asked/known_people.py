"""People whom the index knows, found in a question however they are written, slips of the pen allowed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product

from retrieval.asked.correction import Corrector
from retrieval.asked.materials import is_material
from retrieval.asked.nicknames import list_called
from retrieval.asked.person_names import (
    ALSO_SURNAMES,
    FoundPerson,
    introduces,
    is_known_body,
    is_known_name,
    is_known_surname,
    owns_work,
    say_name,
)
from retrieval.asked.places import is_known_place
from retrieval.asked.roles import KIN, read_role
from retrieval.asked.runs import Run
from retrieval.asked.tokens import Token
from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.words import (
    BODIES,
    CHAT,
    CONNECTORS,
    FOREIGN_SMALL,
    GENERIC,
    MONTHS,
    SEASONS,
    STOP_WORDS,
    THINGS,
    TITLES,
)
from retrieval.implied.name_words import FIRST_NAMES

_LONGEST = 4
_MOST_TRIALS = 24
_NEVER = STOP_WORDS | GENERIC | CHAT | FOREIGN_SMALL | MONTHS | SEASONS


def find_known(
    tokens: Sequence[Token],
    taken: Collection[int],
    runs: Sequence[Run],
    vocabulary: Vocabulary,
    corrector: Corrector,
) -> list[FoundPerson]:
    """Names of two words or more that the index knows, however they are written, slips of the pen allowed."""
    found: list[FoundPerson] = []
    place = 0
    while place < len(tokens):
        match = None
        for length in range(min(_LONGEST, len(tokens) - place), 1, -1):
            match = _match_known(tokens, Run(place, place + length), taken, runs, vocabulary, corrector)
            if match:
                break
        if match:
            found.append(match)
        place = match.end if match else place + 1
    return found


def _match_known(
    tokens: Sequence[Token],
    run: Run,
    taken: Collection[int],
    runs: Sequence[Run],
    vocabulary: Vocabulary,
    corrector: Corrector,
) -> FoundPerson | None:
    part = _leave_out_von(tokens[run.start : run.end])
    words = [token.word for token in part]
    if any(place in taken for place in range(run.start, run.end)) or not _may_be_name(part):
        return None
    if introduces(tokens, run.start):
        return None
    if any(one.start <= run.start and run.end <= one.end and one.end - one.start > len(part) for one in runs):
        return None  # inside a longer capitalised run, which is another name
    if words[-1] in BODIES | THINGS and not (part[-1].capital and words[-1] in ALSO_SURNAMES):
        return None
    if words[0] in BODIES | THINGS | KIN and not (part[0].capital or list_called(words[0])):
        return None  # "the museum's secretary Ellen Marsh"
    trial = _correct_name(words, vocabulary, corrector)
    if trial is None or not any(corrector.look_up(word).is_proper for word in trial):
        return None
    if is_known_place(words, vocabulary) or owns_work(tokens, run.end) or is_known_body(words, vocabulary):
        return None
    for asked, known in zip(words, trial, strict=True):
        corrector.note(asked, known)
    return FoundPerson(tuple(trial), say_name(part, words, trial), run.start, run.end)


def find_surnames(
    tokens: Sequence[Token], occupied: Collection[int], vocabulary: Vocabulary, corrector: Corrector
) -> list[FoundPerson]:
    """Known surnames in small letters, only where a writer or a reader of letters stands: "from taft"."""
    found = []
    for place, token in enumerate(tokens):
        if (
            place in occupied
            or token.capital
            or len(token.word) < 4
            or token.word in _NEVER | BODIES | THINGS
        ):
            continue
        near = [word for word in corrector.find_names_near(token.word) if corrector.look_up(word).is_proper]
        surname = next((word for word in near if is_known_surname(word, vocabulary)), "")
        follows = {one.word for one in tokens[place + 1 : place + 2] if one.is_joined and not one.is_number}
        known = token.word in FIRST_NAMES and corrector.look_up(token.word).names
        if not surname and known and follows <= _NEVER:
            surname = token.word  # "to eliza"
        if not surname or is_material(token.word) or is_known_place([token.word], vocabulary):
            continue
        start = _go_back(tokens, place, occupied, corrector)
        if read_role(tokens, start, place + 1, letters=True) == "any":
            continue
        corrector.note(token.word, surname)
        part = tokens[start : place + 1]
        words = [one.word for one in part]
        chosen = [*words[:-1], surname]
        found.append(FoundPerson(tuple(chosen), say_name(part, words, chosen), start, place + 1))
    return found


def _go_back(tokens: Sequence[Token], place: int, occupied: Collection[int], corrector: Corrector) -> int:
    """Where the forenames before a surname in small letters begin: words that are known from names alone."""
    start = place
    while start and place - start < 2 and start - 1 not in occupied and tokens[start].is_joined:
        before = corrector.look_up(tokens[start - 1].word)
        if tokens[start - 1].word in _NEVER | TITLES or not (before.names and before.is_proper):
            break
        start -= 1
    return start


def _leave_out_von(part: Sequence[Token]) -> Sequence[Token]:
    """ "Hugo v. Holm" without the "v."; a lawsuit's has no names before it that the index knows."""
    inner = [
        token for token, after in zip(part[1:-1], part[2:], strict=True)
        if not (token.word == "v" and after.gap.startswith("."))
    ]  # fmt: skip
    return [part[0], *inner, part[-1]] if len(part) > 2 else part


def _may_be_name(part: Sequence[Token]) -> bool:
    """Whether the words can be one name: joined, none of them small, a date, a number or a material."""
    if any(not token.is_joined for token in part[1:]) or any(token.possessive for token in part[:-1]):
        return False
    ends = (part[0].word, part[-1].word)
    if any(word in _NEVER | TITLES or is_material(word) for word in ends) or any(
        word in CONNECTORS for word in ends
    ):
        return False
    inner = [token.word for token in part[1:-1]]
    return not any(token.is_number for token in part) and not any(
        (word in _NEVER and word not in CONNECTORS) or is_material(word) for word in inner
    )


def _correct_name(words: Sequence[str], vocabulary: Vocabulary, corrector: Corrector) -> list[str] | None:
    """The words as some known name has them, in its order: as they are, or with unknown ones corrected."""
    all_known = all(corrector.look_up(word).names for word in words)
    if all_known and is_known_name(words, vocabulary):
        return list(words)
    for other in list_called(words[0]):
        if corrector.look_up(other).names and is_known_name([other, *words[1:]], vocabulary):
            return [other, *words[1:]]
    if all_known:
        return None
    choices = [corrector.find_names_near(word) for word in words]
    if not all(choices) or not any(corrector.look_up(word).names for word in words):
        return None
    for trial in list(product(*choices))[:_MOST_TRIALS]:
        if is_known_name(trial, vocabulary):
            return list(trial)
    return None
