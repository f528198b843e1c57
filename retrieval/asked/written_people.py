"""Capitalised runs of a question judged: persons, or places, things, and nobody in particular."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.asked.correction import Corrector
from retrieval.asked.materials import is_material
from retrieval.asked.person_names import (
    ALSO_SURNAMES,
    FoundPerson,
    is_known_name,
    is_known_surname,
    owns_work,
    put_in_order,
    say_titled,
)
from retrieval.asked.places import is_known_place, lies_in_place
from retrieval.asked.roles import is_about_letters, read_role
from retrieval.asked.runs import Run
from retrieval.asked.spelling import is_english
from retrieval.asked.tokens import Token, starts_sentence
from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.words import BODIES, PEOPLES, STOP_WORDS, THINGS
from retrieval.implied.name_words import FIRST_NAMES

_WHERE = frozenset("at in near around inside outside under".split())
_HOUSES = frozenset("library archive archives museum".split())
_WRITTEN = frozenset(
    "letter letters diary diaries journal journals papers correspondence writings brief briefe".split()
)
_LEADS = frozenset(
    """
    camp fort lake mount mt port cape point hotel cafe radio villa chateau castle project operation station
    rancho ranch district ward county
    """.split()
)
"""First words of the names of places and undertakings, where the index knows no such person."""
_SIBLINGS = frozenset("brothers sisters siblings twins children cousins".split())
_GENERALS = frozenset("assembly court council dynamics electric foods hospital mills motors store".split())


def judge_run(
    tokens: Sequence[Token],
    run: Run,
    vocabulary: Vocabulary | None,
    corrector: Corrector | None,
    *,
    letters: bool,
) -> FoundPerson | None:
    """A capitalised run as a person; None where it is a place, a thing, or nobody in particular."""
    part = put_in_order(tokens[run.start : run.end])
    words = [token.word for token in part]
    role = read_role(tokens, run.start, run.end, letters=letters)
    if owns_work(tokens, run.end) or (is_known_place(words, vocabulary) and not run.titled):
        return None
    if not run.titled and _describes(tokens, run):
        return None
    known = vocabulary is not None and is_known_name(words, vocabulary)
    cued = run.titled or role != "any" or (run.start > 0 and tokens[run.start - 1].word == "by")
    cued = cued or any(one.word in _SIBLINGS and not one.capital for one in tokens[run.end : run.end + 1])
    if words[-1] in THINGS and not known and not (cued and words[-1] in ALSO_SURNAMES and len(words) > 1):
        return None
    if (
        words[-1] in BODIES
        and (role == "any" or len(words) == 1)
        and not (known and words[-1] in ALSO_SURNAMES and len(words) < 4)
    ):
        return None
    if run.titled and tokens[run.start - 1].word == "general" and words[0] in _GENERALS:
        return None
    if (words[0] in PEOPLES or (words[0] in _LEADS and len(words) > 1)) and not (known or run.titled):
        return None
    if not run.titled and _is_end_of_place(tokens, run, vocabulary):
        return None
    if not (run.titled or known) and _is_of_place(words, vocabulary):
        return None
    if len(words) == 1 and not run.titled and _is_thing(tokens, run, told=role != "any"):
        return None
    plain = words[0] not in FIRST_NAMES and all(len(word) > 1 for word in words)
    if plain and not (cued or known) and lies_in_place(tokens, run.end, vocabulary):
        return None
    if len(words) == 1:
        chosen = _judge_single(tokens, run, vocabulary, corrector, cued=cued)
    else:
        chosen = _judge_several(words, corrector, cued=cued or known)
    if chosen is None:
        return None
    return FoundPerson(tuple(chosen), say_titled(tokens, run, words, chosen), run.start, run.end)


def _is_end_of_place(tokens: Sequence[Token], run: Run, vocabulary: Vocabulary | None) -> bool:
    """Whether the word before makes a place of it: "New York", "North Dakota"."""
    if not run.start or not tokens[run.start - 1].capital or not tokens[run.start].is_joined:
        return False
    return is_known_place([token.word for token in tokens[run.start - 1 : run.end]], vocabulary)


def _is_of_place(words: Sequence[str], vocabulary: Vocabulary | None) -> bool:
    """ "Brooklyn Dodgers": what begins with a place is seldom a person, unless the index has one."""
    return len(words) > 1 and words[0] not in FIRST_NAMES and is_known_place(words[:1], vocabulary)


def _heads_letter(tokens: Sequence[Token], run: Run) -> bool:
    """ "Schoenberg, letter of 1950": what is no English word, at the beginning, and then letters."""
    after = tokens[run.end : run.end + 1]
    if run.start or not after or not is_about_letters(after):
        return False
    return not is_english(tokens[run.start].word)


def _is_thing(tokens: Sequence[Token], run: Run, *, told: bool) -> bool:
    """ "The Hudson", "to the Nashville maestro": a name behind "the" is nobody's, but of letters and kin."""
    if not run.start or tokens[run.start - 1].word != "the" or tokens[run.end - 1].possessive:
        return False
    after = next((one for one in tokens[run.end : run.end + 1] if one.is_joined), None)
    if after is None or after.word in STOP_WORDS:
        return not told  # "to the Clarks in 1905"
    return not (
        is_material(after.word)
        or after.word in _WRITTEN | _SIBLINGS
        or after.word in ("family", "collection")
    )


def _describes(tokens: Sequence[Token], run: Run) -> bool:
    """Whether a run only says of what, or where, something is: "Stanford band", "at Interlochen"."""
    after = tokens[run.end : run.end + 3]
    if tokens[run.end - 1].possessive:
        return bool(after) and after[0].capital and any(one.capital and one.word in BODIES for one in after)
    if after and after[0].word in ("v", "vs"):
        return True  # a lawsuit
    if after and after[0].is_joined:
        things = (BODIES | THINGS) - _SIBLINGS
        if after[0].word in _HOUSES or (not after[0].capital and after[0].word in things):
            return True
    before = [token.word for token in tokens[max(0, run.start - 2) : run.start]]
    if before[-1:] == ["of"] and before[:1] in (["map"], ["maps"], ["views"], ["view"]):
        return True
    if run.end - run.start > 1 or not before:
        return False
    return before[-1] in _WHERE or (before[-1] == "of" and before[0] not in _WRITTEN)


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
    cued = cued or _heads_letter(tokens, run)
    if vocabulary is None or corrector is None:
        return [token.word] if cued or owns else None
    if corrector.look_up(token.word).records:
        surname = is_known_surname(token.word, vocabulary) and corrector.look_up(token.word).is_proper
        alone = starts_sentence(tokens, run.start) and not token.possessive
        return [token.word] if cued or owns or (surname and not alone) else None
    if not (cued or owns):
        return None
    near = [word for word in corrector.find_names_near(token.word) if is_known_surname(word, vocabulary)]
    chosen = near[0] if near else token.word
    corrector.note(token.word, chosen)
    return [chosen]
