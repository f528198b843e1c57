"""People a question names, as it writes them or as the index knows them, and who wrote to whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import product

from retrieval.asked.correction import Corrector
from retrieval.asked.materials import is_material
from retrieval.asked.places import is_known_place
from retrieval.asked.roles import Role, is_about_letters, read_role
from retrieval.asked.runs import Run, find_runs
from retrieval.asked.tokens import Token, starts_sentence
from retrieval.asked.words import (
    BODIES,
    CHAT,
    CONNECTORS,
    FOREIGN_SMALL,
    GENERIC,
    MONTHS,
    PEOPLES,
    SEASONS,
    STOP_WORDS,
    THINGS,
)
from retrieval.names import fold_name
from retrieval.vocabulary import Vocabulary
from retrieval.words import TITLES, split_words

_LONGEST = 4
_MOST_TRIALS = 24
_ALSO_SURNAMES = frozenset(
    "hill day rush woods mills beach rivers lane park camp lake case forest street bridge fort hall house"
    " church college school banks bush brook brooks field fields march battle strike prize".split()
)
"""Words for things and bodies that many people are called by."""
_WORKS = frozenset(
    """
    novel novels book books play plays opera operas musical film films movie movies poem poems painting
    paintings symphony symphonies song songs album autobiography memoir essay essays story stories theory
    syndrome disease law
    """.split()
)
_WHERE = frozenset("at in near around inside outside under".split())
_HOUSES = frozenset("library archive archives museum".split())
_WRITTEN = frozenset(
    "letter letters diary diaries journal journals papers correspondence writings brief briefe".split()
)
_GENERALS = frozenset("assembly court council dynamics electric foods hospital mills motors store".split())
OWN_NAME = re.compile(r"\b(?:my name is|my name's|i am|i'm|this is)$")
_NEVER = STOP_WORDS | GENERIC | CHAT | FOREIGN_SMALL | MONTHS | SEASONS


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody asked for: `words` folded, in direct order, initials kept; `label` as a patron reads it."""

    words: tuple[str, ...]
    role: Role
    label: str


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person and the words of the question that name them, `end` not included."""

    words: tuple[str, ...]
    name: str
    start: int
    end: int
    role: Role = "any"

    @property
    def person(self) -> Person:
        """As the rest of the search sees them."""
        lead = {"sender": "from ", "recipient": "to ", "any": ""}[self.role]
        return Person(self.words, self.role, lead + self.name)


def read_people(
    tokens: Sequence[Token],
    taken: Collection[int],
    vocabulary: Vocabulary | None,
    corrector: Corrector | None,
) -> list[FoundPerson]:
    """The people named, in the order of the question; words at `taken` places name nobody."""
    runs = _join_inverted(tokens, find_runs(tokens, taken), vocabulary)
    runs = [run for run in runs if not introduces(tokens, run.start)]
    found: list[FoundPerson] = []
    if corrector and vocabulary:
        found = _find_known(tokens, taken, runs, vocabulary, corrector)
    occupied = {place for one in found for place in range(one.start, one.end)}
    letters = is_about_letters(tokens)
    for run in runs:
        if occupied.isdisjoint(range(run.start, run.end)):
            judged = _judge(tokens, run, vocabulary, corrector, letters=letters)
            if judged:
                found.append(judged)
    if corrector and vocabulary and letters:
        occupied = {place for one in found for place in range(one.start, one.end)} | set(taken)
        found += _find_surnames(tokens, occupied, vocabulary, corrector)
    found.sort(key=lambda one: one.start)
    return _give_roles(tokens, _share_surname(tokens, found, runs, letters=letters), letters=letters)


def introduces(tokens: Sequence[Token], start: int) -> bool:
    """Whether a patron gives their own name there: "my name is Sarah Johnson". It is not searched for."""
    if any(token.possessive for token in tokens[start : start + 3]):
        return False  # "I am Ellen Marsh's grandson"
    before = " ".join(token.text.lower().replace("’", "'") for token in tokens[max(0, start - 3) : start])
    return bool(OWN_NAME.search(before))


def _find_known(
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
    part = tokens[run.start : run.end]
    words = [token.word for token in part]
    if any(place in taken for place in range(run.start, run.end)) or not _may_be_name(part):
        return None
    if introduces(tokens, run.start):
        return None
    if any(one.start <= run.start and run.end <= one.end and one.end - one.start > len(part) for one in runs):
        return None  # inside a longer capitalised run, which is another name
    if words[-1] in BODIES | THINGS and not part[-1].capital:
        return None
    trial = _correct_name(words, vocabulary, corrector)
    if trial is None or not any(corrector.look_up(word).is_proper for word in trial):
        return None
    if is_known_place(words, vocabulary) or _owns_work(tokens, run.end) or _is_body(words, vocabulary):
        return None
    for asked, known in zip(words, trial, strict=True):
        corrector.note(asked, known)
    return FoundPerson(tuple(trial), _say(part, words, trial), run.start, run.end)


def _find_surnames(
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
        surname = next((word for word in near if _is_surname(word, vocabulary)), "")
        if not surname or is_material(token.word) or is_known_place([token.word], vocabulary):
            continue
        start = _go_back(tokens, place, occupied, corrector)
        if read_role(tokens, start, place + 1, letters=True) == "any":
            continue
        corrector.note(token.word, surname)
        part = tokens[start : place + 1]
        words = [one.word for one in part]
        chosen = [*words[:-1], surname]
        found.append(FoundPerson(tuple(chosen), _say(part, words, chosen), start, place + 1))
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
    if all(corrector.look_up(word).names for word in words):
        return list(words) if _is_name(words, vocabulary) else None
    choices = [corrector.find_names_near(word) for word in words]
    if not all(choices) or not any(corrector.look_up(word).names for word in words):
        return None
    for trial in list(product(*choices))[:_MOST_TRIALS]:
        if _is_name(trial, vocabulary):
            return list(trial)
    return None


def _is_name(words: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether a known name has these words in this order, and the same last one."""
    wanted = split_words(fold_name(" ".join(words)))
    for known in vocabulary.find_names(wanted):
        rest = iter(known.words)
        if known.words[-1] == wanted[-1] and all(word in rest for word in wanted):
            return True
    return False


def _judge(
    tokens: Sequence[Token],
    run: Run,
    vocabulary: Vocabulary | None,
    corrector: Corrector | None,
    *,
    letters: bool,
) -> FoundPerson | None:
    """A capitalised run as a person; None where it is a place, a thing, or nobody in particular."""
    part = _put_in_order(tokens[run.start : run.end])
    words = [token.word for token in part]
    role = read_role(tokens, run.start, run.end, letters=letters)
    if _owns_work(tokens, run.end) or (is_known_place(words, vocabulary) and not run.titled):
        return None
    if not run.titled and _describes(tokens, run):
        return None
    known = vocabulary is not None and _is_name(words, vocabulary)
    cued = run.titled or role != "any"
    if words[-1] in THINGS and not known and not (cued and words[-1] in _ALSO_SURNAMES and len(words) > 1):
        return None
    if (
        words[-1] in BODIES
        and (role == "any" or len(words) == 1)
        and not (known and words[-1] in _ALSO_SURNAMES and len(words) < 4)
    ):
        return None
    if run.titled and tokens[run.start - 1].word == "general" and words[0] in _GENERALS:
        return None
    if words[0] in PEOPLES and not (known or run.titled):
        return None
    if len(words) == 1:
        chosen = _judge_single(tokens, run, vocabulary, corrector, cued=cued)
    else:
        chosen = _judge_several(words, corrector, cued=cued or known)
    if chosen is None:
        return None
    return FoundPerson(tuple(chosen), _say_titled(tokens, run, words, chosen), run.start, run.end)


def _describes(tokens: Sequence[Token], run: Run) -> bool:
    """Whether a run only says of what, or where, something is: "Stanford band", "at Interlochen"."""
    after = tokens[run.end : run.end + 3]
    if tokens[run.end - 1].possessive:
        return bool(after) and after[0].capital and any(one.capital and one.word in BODIES for one in after)
    if after and after[0].is_joined:
        if after[0].word in _HOUSES or (not after[0].capital and after[0].word in BODIES | THINGS):
            return True
    before = [token.word for token in tokens[max(0, run.start - 2) : run.start]]
    if before[-1:] == ["of"] and before[:1] in (["map"], ["maps"], ["views"], ["view"]):
        return True
    if run.end - run.start > 1 or not before:
        return False
    return before[-1] in _WHERE or (before[-1] == "of" and before[0] not in _WRITTEN)


def _put_in_order(part: Sequence[Token]) -> Sequence[Token]:
    """ "Taft, William Howard" as William Howard Taft."""
    return [*part[1:], part[0]] if len(part) > 1 and part[1].gap.strip() == "," else part


def _judge_several(words: list[str], corrector: Corrector | None, *, cued: bool) -> list[str] | None:
    """Two words or more are a person, unless the index has them all and none of them in a name."""
    if corrector and not cued:
        known = [corrector.look_up(word) for word in words if len(word) > 1]
        if all(one.records for one in known) and not any(one.names for one in known):
            return None
        if all(one.records and not one.is_proper for one in known):
            return None
    return words


def _judge_single(
    tokens: Sequence[Token],
    run: Run,
    vocabulary: Vocabulary | None,
    corrector: Corrector | None,
    *,
    cued: bool,
) -> list[str] | None:
    """One word is a person with a title, a part in a letter, or letters of their own; or a known surname."""
    token = tokens[run.start]
    owns = token.possessive and any(
        is_material(after.word) or after.word in ("papers", "correspondence", "writings")
        for after in tokens[run.end : run.end + 3]
    )
    if len(token.word) < 3:
        return None
    if vocabulary is None or corrector is None:
        return [token.word] if cued or owns else None
    if corrector.look_up(token.word).records:
        surname = _is_surname(token.word, vocabulary) and corrector.look_up(token.word).is_proper
        alone = starts_sentence(tokens, run.start) and not token.possessive
        return [token.word] if cued or owns or (surname and not alone) else None
    if not (cued or owns):
        return None
    near = [word for word in corrector.find_names_near(token.word) if _is_surname(word, vocabulary)]
    chosen = near[0] if near else token.word
    corrector.note(token.word, chosen)
    return [chosen]


def _is_surname(word: str, vocabulary: Vocabulary) -> bool:
    return any(
        known.words[-1] == word and " " in known.label and not set(known.words) & (BODIES - _ALSO_SURNAMES)
        for known in vocabulary.find_names([word])
    )


def _is_body(words: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether the words are known only as part of the names of bodies."""
    names = vocabulary.find_names(words)
    return bool(names) and all(set(known.words) & (BODIES - _ALSO_SURNAMES) for known in names)


def _owns_work(tokens: Sequence[Token], end: int) -> bool:
    """Whether a work follows that everybody can buy: "Mark Twain's 1876 novel"; not its manuscript."""
    if not tokens[end - 1].possessive:
        return False
    after = [token.word for token in tokens[end : end + 4]]
    works = [place for place, word in enumerate(after) if word in _WORKS]
    if not works or works[0] > 2:
        return False
    rest = after[works[0] + 1 : works[0] + 2]
    return rest not in (
        ["manuscript"],
        ["manuscripts"],
        ["draft"],
        ["drafts"],
        ["typescript"],
        ["collection"],
    )


def _join_inverted(tokens: Sequence[Token], runs: Sequence[Run], vocabulary: Vocabulary | None) -> list[Run]:
    """ "Taft, William Howard" as one run, where the index knows William Howard Taft."""
    joined: list[Run] = []
    for run in runs:
        before = joined[-1] if joined else None
        if (
            before
            and vocabulary
            and before.end == run.start
            and before.end - before.start == 1
            and tokens[run.start].gap.strip() == ","
            and _is_name(
                [token.word for token in (*tokens[run.start : run.end], tokens[before.start])], vocabulary
            )
        ):
            joined[-1] = Run(before.start, run.end, run.titled)
        else:
            joined.append(run)
    return joined


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


def _give_roles(tokens: Sequence[Token], found: list[FoundPerson], *, letters: bool) -> list[FoundPerson]:
    """Each with a role; one only joined on ("from Ellen or Clara Marsh") has that of the one before."""
    given: list[FoundPerson] = []
    for one in found:
        role = read_role(tokens, one.start, one.end, letters=letters)
        before = given[-1] if given else None
        if role == "any" and before and before.role != "any" and not tokens[before.end - 1].possessive:
            between = [token.word for token in tokens[before.end : one.start]]
            if all(word in ("and", "or", "nor", "et", "und", "y", "e") for word in between):
                role = before.role
        same = next((past for past in given if past.words == one.words), None)
        if same is None:
            given.append(replace(one, role=role))
    return given


def _say_titled(tokens: Sequence[Token], run: Run, words: Sequence[str], chosen: Sequence[str]) -> str:
    """The name as written, with the title before it."""
    name = _say(_put_in_order(tokens[run.start : run.end]), words, chosen)
    if run.titled and run.start:
        title = tokens[run.start - 1]
        return f"{title.text}{tokens[run.start].gap.rstrip() if '.' in tokens[run.start].gap else ''} {name}"
    return name


def _say(part: Sequence[Token], words: Sequence[str], chosen: Sequence[str]) -> str:
    """The words as written, initials with their points, corrected ones and small letters capitalised."""
    said = []
    for place, (token, asked, known) in enumerate(zip(part, words, chosen, strict=True)):
        text = token.text if asked == known and (token.capital or asked in CONNECTORS) else known.capitalize()
        dotted = place + 1 < len(part) and part[place + 1].gap.startswith(".")
        said.append(f"{text}." if dotted else text)
    return " ".join(said)
