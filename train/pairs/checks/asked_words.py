"""What a question asks, as a bag of words: two with the same bag ask the same in other words.

Small words and courtesies go out, plural and singular are one, and what a word's neighbour does to it is
kept with it: "to Ellen" is not "from Ellen", "before 1910" is not "in 1910", Box 4 is not Folder 4.
"""

from __future__ import annotations

import re
from functools import lru_cache

from retrieval.asked.words import FOREIGN_SMALL, STOP_WORDS
from retrieval.words import split_words
from train.pairs.checks.containers import read_containers

_BOUND = {
    "to": "to", "an": "to", "para": "to", "before": "before", "vor": "before", "avant": "before",
    "antes": "before", "after": "after", "nach": "after", "apres": "after", "despues": "after",
    "depois": "after", "until": "until", "since": "since", "not": "not", "no": "not", "nicht": "not",
    "kein": "not", "keine": "not", "pas": "not", "without": "not", "ohne": "not", "sans": "not", "sin": "not",
    "sem": "not", "under": "under", "over": "over",
}  # fmt: skip
"""Words that say something of the next one, by what they say."""
_ASKING = frozenset(
    "who whom whose when where why how many wer wem wen wann wo warum wie qui quand ou pourquoi combien "
    "quien cuando donde cuantos cuantas quem quando onde quantos quantas".split()
)
"""Words that make the question: "who founded it" is not "when was it founded"."""
_COURTESY = frozenset(
    """
    please kindly hello hi dear thanks thank like wonder wondering see find show give tell interested locate
    available possible anything something information exist exists bitte zeigen suche suchen finden merci
    cherche trouver montrer bonjour busco buscar mostrar favor procuro procurar mostre gostaria avoir
    """.split()
)
GENERIC = frozenset(
    """
    archive collection document file holding item library manuscript material paper record series write
    writing written wrote sent send held kept date dated year special
    """.split()
)
"""Words that a question about the same thing may have more or less of, in the singular."""
_TO_IS_A = frozenset({"es", "it", "ca", "gl"})
"""Languages in which "a" is "to"; in others it is an article, or has an accent when it is."""
_ALONE = re.compile(r"\b(?:al?|alla|allo|agli)\b", re.IGNORECASE)
_ACCENTED = re.compile(r"\bà\b", re.IGNORECASE)
_DROPPED = (STOP_WORDS | FOREIGN_SMALL | _COURTESY) - _ASKING - frozenset(_BOUND)


@lru_cache(maxsize=65536)
def read_asked(question: str, language: str = "en") -> frozenset[str]:
    """The bag of a question; empty where it has nothing but small words."""
    bag: set[str] = set()
    rest = question
    for container in reversed(read_containers(question)):
        bag.update(container.keys)
        rest = f"{rest[: container.start]} {rest[container.end :]}"
    primary = language.partition("-")[0].lower()
    if primary in _TO_IS_A:
        rest = _ALONE.sub("para", rest)
    elif primary != "en":
        rest = _ACCENTED.sub("para", rest)
    bound = ""
    for word in split_words(rest):
        if word in _BOUND and not (word == "an" and primary != "de"):
            bound = _BOUND[word]
        elif word not in _DROPPED:
            stem = to_singular(word)
            bag.add(f"{bound}:{stem}" if bound and stem not in GENERIC else stem)
            bound = ""
    return frozenset(bag)


def to_singular(word: str) -> str:
    """A word without the -s or -es of its plural, roughly, and the same for both forms."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
