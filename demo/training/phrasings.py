"""How patrons put it: questions drawn from the templates of phrasings.toml.

`phrase` draws one; one template in eight is kept for the exam.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from random import Random
from zlib import crc32

_WORDINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _spell_out(template: str) -> str:
    for name, words in _WORDINGS["words"].items():
        template = template.replace(f"<{name}>", words)
    return template


TEMPLATES: dict[str, tuple[str, ...]] = {
    kind: tuple(map(_spell_out, templates)) for kind, templates in _WORDINGS["kinds"].items()
}
"""Templates by kind of question, with alternatives in square brackets."""
TALK: tuple[tuple[tuple[str, ...], str], ...] = tuple(
    (tuple(talk["said"]), talk["reply"]) for talk in _WORDINGS["talk"]
)
"""What is said in passing, with the reply."""
OUTSIDE, PREAMBLES, TAILS = (tuple(_WORDINGS["around"][name]) for name in ("outside", "preambles", "tails"))

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_YES_NO = re.compile(
    r"^(?:in \d{4}, )?(?:do|does|did|is|are|was|were|have|has|any|can|could|may|would)\b", re.IGNORECASE
)
EXAM_SHARE = 8


def phrase(kind: str, rng: Random, *, exam: bool = False, **slots: object) -> str:
    """A question of this kind in some patron's words; with `exam`, by a template kept out of training."""
    core = expand(rng.choice(choose_templates(kind, exam=exam)), rng).format(**slots)
    core = " ".join(core.split()).replace("the the ", "the ").replace(" ?", "?").replace("the The ", "The ")
    style = rng.random()
    if style < 0.1:
        core = core.lower()
    elif style < 0.2:
        core = core.rstrip("?.")
    elif style < 0.3:
        core = rng.choice(PREAMBLES) + core
    elif style < 0.35:
        core = core + rng.choice(TAILS)
    elif style < 0.38:
        core = _mistype(core, rng)
    return core


def choose_templates(kind: str, *, exam: bool) -> list[str]:
    """The templates of a kind that training, or the exam, draws from; the same where a kind has too few."""
    kept = [text for text in TEMPLATES[kind] if (crc32(text.encode()) % EXAM_SHARE == 0) == exam]
    return kept or list(TEMPLATES[kind])


def expand(template: str, rng: Random) -> str:
    """Draw one of each bracketed choice, inner ones first."""
    while "[" in template:
        template = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template)
    return template


def wants_yes(question: str) -> bool:
    """Whether a question is put so that its answer begins with "Yes"."""
    for lead in PREAMBLES:
        question = question.removeprefix(lead)
    return bool(_YES_NO.match(question))


def _mistype(text: str, rng: Random) -> str:
    """One slip in a word of small letters, which no name or number is."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()]
    if not places:
        return text
    at = rng.choice(places)
    word, spot = words[at], rng.randrange(1, len(words[at]) - 1)
    slips = (word[:spot] + word[spot + 1 :], word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :])
    words[at] = rng.choice(slips)
    return " ".join(words)
