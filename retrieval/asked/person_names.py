"""What makes a name of words: a person as read, and what the index knows of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.asked.roles import Role
from retrieval.asked.runs import Run
from retrieval.asked.tokens import Token
from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.words import CONNECTORS
from retrieval.implied.names import fold_name, is_body
from retrieval.words import split_words

ALSO_SURNAMES = frozenset(
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
OWN_NAME = re.compile(r"\b(?:my name is|my name's|i am|i'm|this is)$")


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


def introduces(tokens: Sequence[Token], start: int) -> bool:
    """Whether a patron gives their own name there: "my name is Sarah Johnson". It is not searched for."""
    if any(token.possessive for token in tokens[start : start + 3]):
        return False  # "I am Ellen Marsh's grandson"
    before = " ".join(token.text.lower().replace("’", "'") for token in tokens[max(0, start - 3) : start])
    return bool(OWN_NAME.search(before))


def owns_work(tokens: Sequence[Token], end: int) -> bool:
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


def is_known_name(words: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether a known name has these words in this order, and the same last one."""
    wanted = split_words(fold_name(" ".join(words)))
    for known in vocabulary.find_names(wanted):
        rest = iter(known.words)
        if known.words[-1] == wanted[-1] and all(word in rest for word in wanted):
            return True
    return False


def is_known_surname(word: str, vocabulary: Vocabulary) -> bool:
    """Whether some known person, and no body, is called by this word last, with a forename or a title."""
    return any(
        known.words[-1] == word and " " in known.label and not is_body(known.label)
        for known in vocabulary.find_names([word])
    )


def is_known_body(words: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether the words are known only as part of the names of bodies."""
    names = vocabulary.find_names(words)
    return bool(names) and all(is_body(known.label) for known in names)


def put_in_order(part: Sequence[Token]) -> Sequence[Token]:
    """ "Taft, William Howard" as William Howard Taft."""
    return [*part[1:], part[0]] if len(part) > 1 and part[1].gap.strip() == "," else part


def say_titled(tokens: Sequence[Token], run: Run, words: Sequence[str], chosen: Sequence[str]) -> str:
    """The name as written, with the title before it."""
    name = say_name(put_in_order(tokens[run.start : run.end]), words, chosen)
    if run.titled and run.start:
        title = tokens[run.start - 1]
        return f"{title.text}{tokens[run.start].gap.rstrip() if '.' in tokens[run.start].gap else ''} {name}"
    return name


def say_name(part: Sequence[Token], words: Sequence[str], chosen: Sequence[str]) -> str:
    """The words as written, initials with their points, corrected ones and small letters capitalised."""
    said = []
    for place, (token, asked, known) in enumerate(zip(part, words, chosen, strict=True)):
        text = token.text if asked == known and (token.capital or asked in CONNECTORS) else known.capitalize()
        dotted = place + 1 < len(part) and part[place + 1].gap.startswith(".")
        said.append(f"{text}." if dotted else text)
    return " ".join(said)
